"""The time of a training, measured by a clock that the tests turn."""

from __future__ import annotations

import math

import pytest

from transformer_cli.training.ending.time_budget import TimeBudget


class Clock:
    """Shows the time it was turned to."""

    def __init__(self) -> None:
        self.time = 500.0

    def __call__(self) -> float:
        return self.time


@pytest.fixture
def clock():
    return Clock()


def budget_of(clock: Clock, seconds: float | None, *, translations_at_end: float = 1.0) -> TimeBudget:
    return TimeBudget(seconds, started=500.0, translations_at_end=translations_at_end, clock=clock)


def do_updates(budget: TimeBudget, clock: Clock, number: int, *, seconds: float) -> None:
    for _ in range(number):
        clock.time += seconds
        budget.take_update()


def left(budget: TimeBudget, *, max_steps: int = 10**6) -> int | None:
    return budget.updates_left(max_steps=max_steps, validate_every=100, save_every=50)


def test_without_a_limit_all_updates_fit(clock):
    budget = budget_of(clock, None)

    assert left(budget, max_steps=7) == 7
    assert budget.remaining() == math.inf


def test_the_updates_share_the_time_with_validations_checkpoints_and_the_release(clock):
    budget = budget_of(clock, 4000.0)
    budget.elapsed_before = 100.0
    do_updates(budget, clock, 201, seconds=1.0)
    budget.pause()
    clock.time += 20.0
    budget.validation_seconds, budget.saving_seconds = 20.0, 5.0
    do_updates(budget, clock, 1, seconds=30.0)  # the first update after a pause counts for nothing

    # 100 + 201 + 20 + 30 seconds are over; the release takes 1.25 * (3 + 1) validations and 10 seconds.
    remaining = 4000 - 351 - (5 * 20 + 10)
    assert budget.remaining() == pytest.approx(remaining)
    assert left(budget) == math.floor(0.97 * remaining / (1.0 + 20 / 100 + 5 / 50))


def test_the_speed_counts_as_measured_after_the_first_updates_and_the_first_validation(clock):
    budget = budget_of(clock, 100_000.0)
    budget.validation_seconds = 20.0
    do_updates(budget, clock, 200, seconds=1.0)
    before = left(budget)  # the first update has no beginning that is known
    do_updates(budget, clock, 1, seconds=1.0)

    assert before is None
    assert left(budget) is not None


def test_without_a_validation_the_speed_counts_as_measured_when_a_fifth_of_the_time_is_over(clock):
    budget = budget_of(clock, 1000.0)
    do_updates(budget, clock, 3, seconds=66.0)
    before = left(budget)
    do_updates(budget, clock, 1, seconds=66.0)

    assert before is None
    assert left(budget) == math.floor(0.97 * (1000 - 4 * 66 - 150) / 66)


def test_of_few_updates_a_fifth_is_enough_to_measure_the_speed(clock):
    budget = budget_of(clock, 1e6)
    do_updates(budget, clock, 10, seconds=1.0)
    before = left(budget, max_steps=50)
    do_updates(budget, clock, 1, seconds=1.0)

    assert before is None
    assert left(budget, max_steps=50) == 50


def test_before_the_first_update_nothing_is_measured(clock):
    budget = budget_of(clock, 100.0)
    clock.time += 90.0

    assert left(budget) is None


def test_when_the_time_is_used_no_update_fits(clock):
    budget = budget_of(clock, 100.0)
    do_updates(budget, clock, 2, seconds=60.0)

    assert budget.remaining() < 0
    assert left(budget) == 0


def test_the_release_takes_at_most_half_of_the_time(clock):
    budget = budget_of(clock, 100.0, translations_at_end=50.0)
    budget.validation_seconds = 1000.0

    assert budget.remaining() == pytest.approx(50.0)


def test_a_later_sitting_goes_on_from_what_an_earlier_one_has_measured(clock):
    budget = budget_of(clock, 1000.0)
    do_updates(budget, clock, 11, seconds=20.0)
    budget.validation_seconds, budget.saving_seconds = 8.0, 5.0
    state = budget.to_json()

    later = TimeBudget(1000.0, started=720.0, translations_at_end=1.0, clock=clock)
    later.restore(state)

    assert later.elapsed() == 220.0
    assert left(later) == left(budget) == math.floor(0.97 * (1000 - 220 - 50) / (20.0 + 8 / 100 + 5 / 50))
