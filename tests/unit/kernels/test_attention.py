from __future__ import annotations

import pytest
import torch
from torch import Tensor

from transformer_cli.kernels.attention import LONGEST, attention, short_attention
from transformer_cli.kernels.dropout import draw_mask
from transformer_cli.model.attention import scaled_dot_product_attention

B, H, T, S, K = 3, 2, 5, 7, 4


def random_inputs(dtype: torch.dtype = torch.float64) -> tuple[Tensor, Tensor, Tensor]:
    generator = torch.Generator().manual_seed(0)

    def heads(length: int) -> Tensor:
        # As a projection leaves it: heads lie side by side in memory.
        x = torch.randn(B, length, H, K, generator=generator, dtype=torch.float64)
        return x.to(dtype).transpose(1, 2).requires_grad_()

    return heads(T), heads(S), heads(S)


def padding_mask() -> Tensor:
    return (torch.arange(S) < torch.tensor([7, 3, 1])[:, None])[:, None, None]  # (B, 1, 1, S)


MASKS = {"none": None, "padding": padding_mask(), "causal": torch.ones(T, S, dtype=torch.bool).tril()}


@pytest.mark.parametrize("mask", MASKS.values(), ids=MASKS)
def test_context_and_gradients_are_those_of_the_formula(mask: Tensor | None):
    inputs, plain_inputs = random_inputs(), random_inputs()

    context = short_attention(*inputs, mask, None)
    expected = scaled_dot_product_attention(*plain_inputs, mask)[0]

    torch.testing.assert_close(context, expected)
    upstream = torch.randn(B, H, T, K, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    found = torch.autograd.grad(context, inputs, upstream)
    wanted = torch.autograd.grad(expected, plain_inputs, upstream)
    torch.testing.assert_close(found, wanted)


def test_dropped_weights_count_neither_forward_nor_backward():
    inputs, plain_inputs = random_inputs(), random_inputs()
    torch.manual_seed(0)
    dropped, scale = draw_mask(torch.Size((B, H, T, S)), 0.5)

    context = short_attention(*inputs, MASKS["padding"], (dropped, scale))
    weights = scaled_dot_product_attention(*plain_inputs, MASKS["padding"])[1]
    expected = (weights * dropped * scale) @ plain_inputs[2]

    torch.testing.assert_close(context, expected)
    found = torch.autograd.grad(context.square().sum(), inputs)
    wanted = torch.autograd.grad(expected.square().sum(), plain_inputs)
    torch.testing.assert_close(found, wanted)


def test_in_bfloat16_it_is_the_formula_within_the_rounding_of_its_products():
    half = random_inputs(torch.bfloat16)
    wide = [tensor.detach().double().requires_grad_() for tensor in half]

    context = short_attention(*half, MASKS["padding"], None)
    expected = scaled_dot_product_attention(wide[0], wide[1], wide[2], MASKS["padding"])[0]

    assert context.dtype == torch.bfloat16
    torch.testing.assert_close(context.double(), expected, rtol=0.02, atol=0.02)
    found = torch.autograd.grad(context.float().square().sum(), half)
    wanted = torch.autograd.grad(expected.square().sum(), wide)
    for gradient, exact in zip(found, wanted, strict=True):
        torch.testing.assert_close(gradient.double(), exact, rtol=0.05, atol=0.1)


def test_scores_too_large_for_an_exponential_are_no_trouble():
    query, key, value = random_inputs(torch.float32)

    context = short_attention(query * 1000, key * 1000, value, None, None)

    torch.testing.assert_close(context, scaled_dot_product_attention(query * 1000, key * 1000, value)[0])


@pytest.mark.parametrize("learns", [True, False])
@pytest.mark.parametrize("keys", [1, LONGEST, LONGEST + 1])
@pytest.mark.parametrize("mask", ["none", "padding"])
def test_whichever_way_is_chosen_it_is_the_formula(learns: bool, keys: int, mask: str):
    generator = torch.Generator().manual_seed(0)
    query = torch.randn(B, H, T, K, generator=generator, dtype=torch.float64).requires_grad_(learns)
    key, value = torch.randn(2, B, H, keys, K, generator=generator, dtype=torch.float64)
    allowed = (
        None if mask == "none" else (torch.arange(keys) < torch.tensor([keys, keys // 2 + 1, 1])[:, None, None, None])
    )

    context = attention(query, key, value, allowed)

    torch.testing.assert_close(context, scaled_dot_product_attention(query, key, value, allowed)[0])


@pytest.mark.parametrize("learns", [True, False])
@pytest.mark.parametrize("keys", [LONGEST, LONGEST + 1])
def test_whichever_way_is_chosen_it_drops_weights_and_keeps_their_mean(learns: bool, keys: int):
    torch.manual_seed(0)
    query = torch.zeros(8, 8, 64, K, dtype=torch.float64).requires_grad_(learns)
    key, value = torch.zeros(8, 8, keys, K, dtype=torch.float64), torch.ones(8, 8, keys, K, dtype=torch.float64)

    context = attention(query, key, value, None, dropout=0.5)

    # A context is the number of weights that are kept, times 2 / keys: of a binomial distribution around 1.
    assert context.mean().item() == pytest.approx(1.0, abs=5 / (keys * context[..., 0].numel()) ** 0.5)
    assert context[..., 0].std().item() == pytest.approx(keys**-0.5, rel=0.1)
