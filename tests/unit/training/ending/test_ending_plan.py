"""The end of a training of so many minutes, whose updates and validations take time by a clock of the tests."""

from __future__ import annotations

import pytest

from tests.support.tiny_training import tiny_trainer
from transformer_cli.config import TrainingConfig
from transformer_cli.training.ending.ending_plan import EndingPlan
from transformer_cli.training.ending.time_budget import TimeBudget
from transformer_cli.training.processes.ranks import Ranks

WARMUP = 10


class Course:
    """A training without its products: the clock, the number of updates, and the plan.

    Args:
        minutes: ``max_minutes``.
        update: Seconds of an update.
        validation: Seconds of a validation, every 500 updates.
    """

    def __init__(self, minutes: float, update: float, validation: float) -> None:
        self.now = 0.0
        self._update, self._validation = update, validation
        self.trainer = tiny_trainer()
        self._config = TrainingConfig(decay="linear", max_minutes=minutes, max_steps=100_000)
        self.plan = self.plan_of_sitting()

    def plan_of_sitting(self) -> EndingPlan:
        self.budget = TimeBudget(
            60 * (self._config.max_minutes or 0), started=self.now, translations_at_end=1.0, clock=lambda: self.now
        )
        self.trainer.ending = None
        return EndingPlan(self.trainer, self._config, WARMUP, self.budget, Ranks())

    def restart(self) -> None:
        """Kill the training after it has saved, and resume it."""
        ending, times = self.plan.to_json(), self.budget.to_json()
        self.plan = self.plan_of_sitting()
        self.budget.restore(times)
        self.plan.restore(ending)
        self.plan.look_ahead()

    def run(self, *, until: int = 10**9) -> None:
        while self.trainer.step < until and self.budget.remaining() > 0 and not self.has_ended:
            self.now += self._update
            self.trainer.step += 1
            self.budget.take_update()
            self.plan.look_ahead()
            if self.trainer.step % self._config.validate_every == 0:
                self.now += self._validation
                self.budget.validation_seconds = self._validation
                self.budget.pause()

    @property
    def has_ended(self) -> bool:
        return self.trainer.ending is not None and self.trainer.step >= self.trainer.ending.last_step


@pytest.mark.parametrize(
    ("minutes", "update", "validation"),
    [(10, 0.5, 20.0), (60, 2.0, 120.0), (60, 0.1, 30.0), (60, 0.5, 1.0), (5, 0.05, 40.0), (60, 6.0, 120.0)],
)
def test_the_rate_has_fallen_when_the_time_is_over(minutes, update, validation):
    course = Course(minutes, update, validation)

    course.run()

    assert course.has_ended
    assert course.now <= 60 * minutes
    assert course.trainer.ending is not None
    assert course.trainer.ending.first_step >= WARMUP


def test_an_end_that_was_a_guess_is_fixed_again_after_the_first_validation_and_keeps_its_beginning():
    course = Course(60, 2.0, 120.0)
    course.run(until=500)
    guess = course.trainer.ending
    assert guess is not None

    course.run(until=501)
    fixed = course.trainer.ending
    assert fixed is not None
    assert (fixed.first_step, fixed.last_step < guess.last_step) == (guess.first_step, True)
    course.run(until=1001)
    assert course.trainer.ending == fixed


@pytest.mark.parametrize("at", [400, 500, 501, 800])
def test_a_resumed_training_has_the_end_of_one_that_went_on(at):
    alone, resumed = Course(60, 2.0, 120.0), Course(60, 2.0, 120.0)

    alone.run(until=900)
    resumed.run(until=at)
    resumed.restart()
    resumed.run(until=900)

    assert resumed.trainer.ending == alone.trainer.ending


@pytest.mark.parametrize(("max_steps", "is_said"), [(WARMUP, True), (WARMUP + 1, False)])
def test_a_training_that_ends_within_its_warm_up_is_said_to_have_no_fall(max_steps, is_said, caplog):
    config = TrainingConfig(decay="linear", max_steps=max_steps)
    budget = TimeBudget(None, started=0.0, translations_at_end=1.0, clock=lambda: 0.0)

    EndingPlan(tiny_trainer(), config, WARMUP, budget, Ranks())

    said = "the learning rate rises to the end: the warm-up has 10 updates, and the training 10"
    assert caplog.messages == [said] * is_said
