from __future__ import annotations

import math

from transformer_cli.artifacts.metrics_log import MetricsLine, TestLine, TrainingLine, ValidationLine
from transformer_cli.inspection.learning_curves import learning_curves


def trained(step: int, loss: float, rate: float, norm: float | None = 1.0) -> TrainingLine:
    return TrainingLine(
        step=step,
        loss=loss,
        target_tokens_per_second=1000.0,
        learning_rate=rate,
        gradient_norm=norm,
        padding_share=0.1,
        epoch=0,
        elapsed_seconds=1.0,
    )


def scored(version: str) -> TestLine:
    return TestLine(
        version=version, set="test", bleu=9.0, chrf=9.0, signature="", chrf_signature="", elapsed_seconds=1.0
    )


LINES: list[MetricsLine] = [
    trained(10, 5.0, 0.1),
    ValidationLine(step=10, loss=4.0, bleu=1.0, chrf=2.0, elapsed_seconds=1.0),
    trained(20, 3.0, 0.2),
    scored("0001"),
    trained(5, 2.0, 0.1),
    scored("0002"),
]


def test_each_value_stands_at_its_step_counted_on_from_training_to_training():
    charts = {chart.title: chart for chart in learning_curves(LINES)}

    loss = charts["Loss"]
    assert [(series.name, series.points) for series in loss.series] == [
        ("training", ((10, 5.0), (20, 3.0), (25, 2.0))),
        ("validation", ((10, 4.0),)),
    ]
    assert loss.marks == ((20, "version 0001"), (25, "version 0002"))
    assert charts["BLEU and chrF on the validation set"].series[1].points == ((10, 2.0),)


def test_a_norm_that_float16_could_not_hold_is_left_out():
    norms = [1.0, None, math.inf, 2.0]

    charts = learning_curves([trained(step, 1.0, 0.1, norm) for step, norm in enumerate(norms, start=1)])

    (chart,) = (chart for chart in charts if chart.title == "Gradient norm")
    assert chart.series[0].points == ((1, 1.0), (4, 2.0))


def test_what_was_never_measured_has_no_chart():
    assert {chart.title for chart in learning_curves(LINES[:1])} == {
        "Loss", "Learning rate", "Target tokens a second", "Gradient norm"
    }  # fmt: skip
    assert learning_curves([]) == []
