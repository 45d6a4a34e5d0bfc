from __future__ import annotations

from dataclasses import replace

from transformer_cli.training.ending.eta import StopLimit, StopLimits
from transformer_cli.training.events import IntervalReport, SessionOpened, ValidationReport, ValidationScores

# Resumed at step 100 after 50 seconds, two validations after the best one.
OPENED = SessionOpened(
    parameters=1,
    updates_per_epoch=1,
    device="cpu",
    threads=1,
    precision="float32",
    step=100,
    max_steps=1000,
    max_seconds=600.0,
    patience=5,
    validate_every=40,
    best_step=20,
    since_best=2,
    elapsed_seconds=50.0,
)


def interval(step: int, seconds: float) -> IntervalReport:
    return IntervalReport(step, 1.0, 1.0, 1.0, 1.0, 0.0, 0, seconds)


def validation(step: int, *, is_best: bool) -> ValidationReport:
    return ValidationReport(step, 1.5, ValidationScores(20.0, 40.0, ("", "", "")), is_best)


def test_time_left_counts_with_the_pace_of_this_sitting():
    limits = StopLimits(OPENED).at(interval(200, 100.0))  # half a second a step

    assert limits == [
        StopLimit("steps", 0.2, "200 of 1,000", 400.0),
        StopLimit("minutes", (100 / 60) / 10, "1.7 of 10", 500.0),
        # Three more without improvement: at steps 240, 280 and 320.
        StopLimit("patience", 0.4, "2 of 5 validations", 60.0),
    ]


def test_a_better_validation_starts_patience_again_and_a_worse_one_uses_it_up():
    limits = StopLimits(OPENED)

    shares = []
    for step, is_best in ((120, False), (160, True), (200, False)):
        limits.take_validation(validation(step, is_best=is_best))
        shares.append(limits.at(interval(step, 100.0))[-1].share)

    assert shares == [0.6, 0.0, 0.2]


def test_the_best_validation_is_told_with_its_step():
    limits = StopLimits(OPENED)
    assert limits.best == "at step 20"

    limits.take_validation(validation(160, is_best=True))
    limits.take_validation(validation(200, is_best=False))

    assert limits.best == "loss 1.500, BLEU 20.00 at step 160"


def test_limits_that_a_training_does_not_have_are_not_told():
    unlimited = replace(OPENED, max_seconds=None, patience=None, best_step=None)

    assert [limit.name for limit in StopLimits(unlimited).at(interval(200, 100.0))] == ["steps"]
    assert StopLimits(unlimited).best == ""


def test_at_the_first_step_after_a_start_nothing_divides_by_zero():
    assert StopLimits(OPENED).at(interval(100, 50.0))[0].seconds_left == 0.0
