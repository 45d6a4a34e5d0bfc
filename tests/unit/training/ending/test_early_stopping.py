from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from transformer_cli.training.ending.early_stopping import ProgressTracker

VALUES = st.lists(st.sampled_from([-2.0, -1.5, 0.0, 0.25, 3.0]), min_size=1, max_size=8)


def after_all(values: list[float]) -> ProgressTracker:
    """Validate at step 10, 20, 30 ..."""
    tracker = ProgressTracker()
    for number, value in enumerate(values, start=1):
        tracker = tracker.after(10 * number, value)
    return tracker


@settings(deadline=None)  # the machine may be busy
@given(VALUES)
def test_the_best_is_the_first_of_the_lowest_values(values: list[float]):
    tracker = after_all(values)

    best = values.index(min(values))
    assert tracker == ProgressTracker(10 * (best + 1), min(values), len(values) - 1 - best)


@pytest.mark.parametrize(
    ("values", "patience", "expected"),
    [
        pytest.param([], 1, False, id="before the first validation"),
        pytest.param([2.0], 1, False, id="the first is the best"),
        pytest.param([2.0, 3.0], 1, True, id="one that is worse"),
        pytest.param([2.0, 2.0], 1, True, id="equal is no better"),
        pytest.param([2.0, 3.0], 2, False, id="one worse of two allowed"),
        pytest.param([2.0, 3.0, 1.0, 4.0], 2, False, id="a better one begins the count anew"),
        pytest.param([2.0, 3.0, 4.0], 2, True, id="two that are worse"),
        pytest.param([2.0, *[3.0] * 100], None, False, id="no limit"),
    ],
)
def test_patience_runs_out_after_so_many_validations_without_improvement(
    values: list[float], patience: int | None, expected: bool
):
    assert after_all(values).is_out_of_patience(patience) is expected


@settings(deadline=None)
@given(VALUES)
def test_a_tracker_comes_back_from_json(values: list[float]):
    tracker = after_all(values)

    assert ProgressTracker(**json.loads(json.dumps(tracker.to_json()))) == tracker
