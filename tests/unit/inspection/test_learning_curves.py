from __future__ import annotations

from transformer_cli.inspection.learning_curves import learning_curves

RECORDS = [
    {"kind": "train", "step": 10, "loss": 5.0, "learning_rate": 0.1},
    {"kind": "valid", "step": 10, "loss": 4.0, "bleu": 1.0, "chrf": 2.0},
    {"kind": "train", "step": 20, "loss": 3.0, "learning_rate": 0.2},
    {"kind": "test", "version": "0001", "bleu": 9.0},
    {"kind": "train", "step": 5, "loss": 2.0, "learning_rate": 0.1},
    {"kind": "test", "version": "0002", "bleu": 9.0},
]


def test_each_value_stands_at_its_step_counted_on_from_training_to_training():
    charts = {chart.title: chart for chart in learning_curves(RECORDS)}

    loss = charts["Loss"]
    assert [(series.name, series.points) for series in loss.series] == [
        ("training", ((10, 5.0), (20, 3.0), (25, 2.0))),
        ("validation", ((10, 4.0),)),
    ]
    assert loss.marks == ((20, "version 0001"), (25, "version 0002"))
    assert charts["BLEU and chrF on the validation set"].series[1].points == ((10, 2.0),)


def test_what_was_never_measured_has_no_chart():
    assert {chart.title for chart in learning_curves(RECORDS)} == {
        "Loss", "BLEU and chrF on the validation set", "Learning rate"
    }  # fmt: skip
    assert learning_curves([]) == []


def test_records_of_other_kinds_and_without_a_step_are_passed_over():
    assert learning_curves([{"kind": "train"}, {"kind": "note", "step": 1}, {}]) == []
