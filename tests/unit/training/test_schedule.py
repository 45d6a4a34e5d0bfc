from __future__ import annotations

from itertools import pairwise

import pytest

from transformer_cli.training.schedule import learning_rate

PEAK, WARMUP = 0.003, 400


@pytest.mark.parametrize(
    ("step", "expected"),
    [
        pytest.param(1, PEAK / WARMUP, id="the first update"),
        pytest.param(WARMUP // 2, PEAK / 2, id="half of the warm-up"),
        pytest.param(WARMUP, PEAK, id="the end of the warm-up"),
        pytest.param(4 * WARMUP, PEAK / 2, id="four times the warm-up"),
        pytest.param(100 * WARMUP, PEAK / 10, id="a hundred times the warm-up"),
    ],
)
def test_the_rate_rises_in_a_line_and_falls_with_the_root(step: int, expected: float):
    assert learning_rate(step, peak=PEAK, warmup_steps=WARMUP) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("d_model", [512, 1024])
@pytest.mark.parametrize("step", [1, 100, 3999, 4000, 4001, 100_000])
def test_at_the_paper_s_own_peak_it_is_the_paper_s_equation_three(d_model: int, step: int):
    expected = d_model**-0.5 * min(step**-0.5, step * 4000**-1.5)

    rate = learning_rate(step, peak=(d_model * 4000) ** -0.5, warmup_steps=4000)

    assert rate == pytest.approx(expected, rel=1e-12)


def test_the_rate_is_highest_at_the_end_of_the_warm_up_and_has_no_jump_there():
    rates = [learning_rate(step, peak=PEAK, warmup_steps=WARMUP) for step in range(1, 3 * WARMUP)]

    assert max(rates) == rates[WARMUP - 1] == PEAK
    assert all(abs(after - before) <= PEAK / WARMUP * 1.001 for before, after in pairwise(rates))


def test_a_warm_up_of_one_update_begins_at_the_peak():
    assert learning_rate(1, peak=PEAK, warmup_steps=1) == PEAK
