from __future__ import annotations

from itertools import pairwise

import pytest

from transformer_cli.config import Decay
from transformer_cli.training.schedule import Ending, learning_rate

PEAK, WARMUP = 0.003, 400
ENDING = Ending(400, 1399)


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


@pytest.mark.parametrize(
    ("decay", "step", "expected"),
    [
        pytest.param("linear", 650, 0.75 * PEAK, id="linear, a fourth"),
        pytest.param("linear", 900, 0.5 * PEAK, id="linear, half"),
        pytest.param("cosine", 650, 0.8535533905932737 * PEAK, id="cosine, a fourth"),  # (1 + cos 45 degrees) / 2
        pytest.param("cosine", 900, 0.5 * PEAK, id="cosine, half"),
        pytest.param("one_minus_sqrt", 1100, PEAK, id="one minus root, before it falls"),
        pytest.param("one_minus_sqrt", 1175, 0.5 * PEAK, id="one minus root, a fourth of the fall"),
    ],
)
def test_a_rate_that_ends_falls_along_its_shape(decay: Decay, step: int, expected: float):
    rate = learning_rate(step, peak=PEAK, warmup_steps=WARMUP, decay=decay, ending=ENDING)

    assert rate == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("decay", ["linear", "cosine", "one_minus_sqrt"])
def test_a_rate_that_ends_rises_stays_falls_and_is_zero_one_update_after_the_last(decay: Decay):
    rates = [
        learning_rate(step, peak=PEAK, warmup_steps=WARMUP, decay=decay, ending=Ending(600, 1399))
        for step in range(1, 1401)
    ]

    assert rates[: WARMUP - 1] == pytest.approx([PEAK * step / WARMUP for step in range(1, WARMUP)], rel=1e-12)
    assert set(rates[WARMUP - 1 : 600]) == {PEAK}
    assert all(after <= before for before, after in pairwise(rates[WARMUP:]))
    assert 0 < rates[1398] < 0.003 * PEAK
    assert rates[1399] == pytest.approx(0, abs=1e-12)


def test_a_rate_whose_end_is_not_known_stays_at_its_highest():
    assert learning_rate(10**6, peak=PEAK, warmup_steps=WARMUP, decay="linear") == PEAK


def test_a_training_with_trained_weights_stays_at_the_rate_that_their_updates_came_to_until_it_ends():
    rates = [
        learning_rate(
            step,
            peak=PEAK,
            warmup_steps=WARMUP,
            earlier_steps=4 * WARMUP,
            rewarmup_steps=100,
            decay="linear",
            ending=Ending(100, 199),
        )
        for step in (50, 100, 150)
    ]

    assert rates == pytest.approx([PEAK / 4, PEAK / 2, PEAK / 4], rel=1e-12)
