"""The course of a run's trainings, from the lines of its ``metrics.jsonl``."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from transformer_cli.inspection.charts import Chart, Series

Record = Mapping[str, Any]

# (title, what is drawn: (name, kind of record, key))
_CHARTS = (
    ("Loss", (("training", "train", "loss"), ("validation", "valid", "loss"))),
    ("BLEU and chrF on the validation set", (("BLEU", "valid", "bleu"), ("chrF", "valid", "chrf"))),
    ("Learning rate", (("learning rate", "train", "learning_rate"),)),
    ("Target tokens a second", (("tokens/s", "train", "target_tokens_per_second"),)),
    ("Gradient norm", (("before clipping", "train", "gradient_norm"),)),
)


def learning_curves(records: Iterable[Record]) -> list[Chart]:
    """Draw every training of a run, one after the other, with a mark where a version was made.

    Args:
        records: The lines of ``metrics.jsonl``, oldest first. Steps are counted on from training to training.

    Returns:
        The charts that have anything in them.
    """
    points: dict[tuple[str, str], list[tuple[float, float]]] = {}
    marks: list[tuple[float, str]] = []
    before, latest = 0, 0  # updates of earlier trainings; the latest step of this one
    for record in records:
        kind = str(record.get("kind"))
        if kind == "test":
            mark = (before + latest, f"version {record.get('version')}")
            marks += [] if mark in marks else [mark]
            continue
        step = record.get("step")
        if not isinstance(step, int):
            continue
        if step < latest and kind == "train":
            before += latest
            latest = 0
        latest = max(latest, step)
        for key, value in record.items():
            if isinstance(value, int | float):
                points.setdefault((kind, key), []).append((before + step, float(value)))
    charts = []
    for title, drawn in _CHARTS:
        series = tuple(Series(name, tuple(points.get((kind, key), ()))) for name, kind, key in drawn)
        if any(each.points for each in series):
            charts.append(Chart(title, "updates", series, tuple(marks)))
    return charts
