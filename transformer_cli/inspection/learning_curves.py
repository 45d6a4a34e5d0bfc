"""Draws the learning curves of a run from the lines of its ``metrics.jsonl``."""

from __future__ import annotations

import math
from collections.abc import Iterable

from transformer_cli.artifacts.metrics_log import MetricsLine, TestLine
from transformer_cli.inspection.charts import Chart, Series

# (title, series: (name, kind of record, key))
_CHARTS = (
    ("Loss", (("training", "train", "loss"), ("validation", "valid", "loss"))),
    ("BLEU and chrF on the validation set", (("BLEU", "valid", "bleu"), ("chrF", "valid", "chrf"))),
    ("Learning rate", (("learning rate", "train", "learning_rate"),)),
    ("Target tokens a second", (("tokens/s", "train", "target_tokens_per_second"),)),
    ("Gradient norm", (("before clipping", "train", "gradient_norm"),)),
)


def learning_curves(lines: Iterable[MetricsLine]) -> list[Chart]:
    """Draw all trainings of a run one after the other, with a mark at each new version.

    Args:
        lines: The lines of ``metrics.jsonl``, oldest first. The count of steps continues from training to training.

    Returns:
        The charts that are not empty.
    """
    points: dict[tuple[str, str], list[tuple[float, float]]] = {}
    marks: list[tuple[float, str]] = []
    before, latest = 0, 0  # updates of earlier trainings; latest step of this training
    for line in lines:
        if isinstance(line, TestLine):
            mark = (before + latest, f"version {line.version}")
            marks += [] if mark in marks else [mark]
            continue
        if line.step < latest and line.kind == "train":
            before += latest
            latest = 0
        latest = max(latest, line.step)
        for key, value in line.model_dump(exclude={"kind", "tokenizer", "language"}).items():
            if value is not None and math.isfinite(value):  # logs of earlier releases hold infinite norms
                points.setdefault((line.kind, key), []).append((before + line.step, float(value)))
    charts = []
    for title, drawn in _CHARTS:
        series = tuple(Series(name, tuple(points.get((kind, key), ()))) for name, kind, key in drawn)
        if any(each.points for each in series):
            charts.append(Chart(title, "updates", series, tuple(marks)))
    return charts
