from __future__ import annotations

import math

import pytest
import torch

from transformer_cli.kernels.dropout import Dropout, draw_mask


@pytest.mark.parametrize("probability", [0.1, 0.3, 0.5, 0.999])
def test_an_entry_is_dropped_with_the_probability_given_rounded_to_256ths(probability: float):
    torch.manual_seed(0)
    size = 1_000_001

    mask, scale = draw_mask(torch.Size((size,)), probability)

    rounded = min(255, round(256 * probability)) / 256
    assert abs(rounded - probability) <= 1 / 256
    assert set(mask.unique().tolist()) == {0, 1}
    five_sigma = 5 * math.sqrt(rounded * (1 - rounded) / size)
    assert 1 - mask.float().mean().item() == pytest.approx(rounded, abs=five_sigma)
    assert scale == pytest.approx(1 / (1 - rounded))


def test_each_of_the_eight_entries_of_a_random_number_is_dropped_as_often_and_by_itself():
    torch.manual_seed(0)
    rows = 200_000

    mask, _ = draw_mask(torch.Size((rows, 8)), 0.3)

    correlations = torch.corrcoef(mask.T.float()) - torch.eye(8)
    assert correlations.abs().max().item() < 5 / math.sqrt(rows)
    assert (mask.float().mean(0) - (1 - 77 / 256)).abs().max().item() < 5 * math.sqrt(0.21 / rows)


def test_what_is_kept_is_scaled_and_so_is_its_gradient():
    torch.manual_seed(0)
    x = torch.randn(37, 11, requires_grad=True)

    y = Dropout(0.25)(x)
    y.sum().backward()

    kept = y != 0
    assert 0 < kept.sum() < kept.numel()
    assert torch.equal(y, torch.where(kept, x * (4 / 3), 0.0))
    assert x.grad is not None
    torch.testing.assert_close(x.grad, kept * (4 / 3))


@pytest.mark.parametrize("dropout", [Dropout(0.5).eval(), Dropout(0.0)])
def test_without_training_or_probability_nothing_is_dropped_and_no_number_drawn(dropout: Dropout):
    x, state = torch.randn(5, 3), torch.get_rng_state()

    y = dropout(x)

    assert torch.equal(y, x)
    assert torch.equal(torch.get_rng_state(), state)


def test_the_same_state_of_the_generator_gives_the_same_mask_and_the_next_one_differs():
    dropout, x = Dropout(0.5), torch.ones(100)
    torch.manual_seed(3)
    first, second = dropout(x), dropout(x)
    torch.manual_seed(3)

    assert torch.equal(dropout(x), first)
    assert not torch.equal(second, first)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float32, torch.float64])
def test_the_type_stays(dtype: torch.dtype):
    assert Dropout(0.5)(torch.ones(4, dtype=dtype)).dtype == dtype
