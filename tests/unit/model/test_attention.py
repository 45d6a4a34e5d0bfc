from __future__ import annotations

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from tests.support.tensors import assert_equal_but_rounding
from tests.support.tiny_models import fill_with_noise
from tests.support.torch_reference import packed_projections
from transformer_cli.model.attention import MultiHeadAttention, scaled_dot_product_attention

BATCH, HEADS, TARGET, SOURCE, D_MODEL = 2, 3, 4, 5, 6

in_both_modes = pytest.mark.parametrize("learns", [True, False], ids=["training", "evaluation"])
"""Other kernels compute where no gradients are wanted."""


def noise(*shape: int, seed: int) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64).requires_grad_()


def output_of(layer: MultiHeadAttention, x: Tensor, memory: Tensor, mask: Tensor | None, *, learns: bool) -> Tensor:
    with torch.set_grad_enabled(learns):
        output: Tensor = layer.train(learns)(x, memory, mask)
    assert output.requires_grad == learns
    return output


def random_mask(*shape: int, seed: int) -> Tensor:
    """Allow about half of all pairs, and in each row at least one."""
    mask = torch.rand(shape, generator=torch.Generator().manual_seed(seed)) < 0.5
    mask[..., 0] |= ~mask.any(dim=-1)
    return mask


def attention_layer(*, dropout: float = 0.0) -> MultiHeadAttention:
    layer = MultiHeadAttention(D_MODEL, HEADS, dropout).double()
    fill_with_noise(layer)
    return layer


def reference_attention(
    layer: MultiHeadAttention, x: Tensor, memory: Tensor, mask: Tensor | None
) -> tuple[Tensor, Tensor]:
    """Return PyTorch's output (B, T, D) and weights (B, H, T, S)."""
    weight, bias = packed_projections(layer)
    forbidden = None
    if mask is not None:
        forbidden = ~mask.expand(BATCH, HEADS, x.size(1), memory.size(1)).flatten(0, 1)  # (B * H, T, S)
    output, weights = F.multi_head_attention_forward(
        x.transpose(0, 1),
        memory.transpose(0, 1),
        memory.transpose(0, 1),
        embed_dim_to_check=D_MODEL,
        num_heads=HEADS,
        in_proj_weight=weight,
        in_proj_bias=bias,
        bias_k=None,
        bias_v=None,
        add_zero_attn=False,
        dropout_p=0.0,
        out_proj_weight=layer.output.weight,
        out_proj_bias=layer.output.bias,
        attn_mask=forbidden,
        need_weights=True,
        average_attn_weights=False,
    )
    assert weights is not None
    return output.transpose(0, 1), weights


MASKS = [
    pytest.param(None, id="no mask"),
    pytest.param(random_mask(BATCH, HEADS, TARGET, SOURCE, seed=3), id="a mask for each pair"),
    pytest.param(random_mask(BATCH, 1, 1, SOURCE, seed=4), id="a padding mask"),
    pytest.param(torch.ones(TARGET, SOURCE, dtype=torch.bool).tril(), id="a causal mask"),
]


@pytest.mark.parametrize("mask", MASKS)
def test_attention_equals_pytorch_s(mask: Tensor | None):
    query, key, value = noise(2, 3, 4, 2, seed=0), noise(2, 3, 5, 2, seed=1), noise(2, 3, 5, 7, seed=2)

    context, _ = scaled_dot_product_attention(query, key, value, mask)

    assert_equal_but_rounding(context, F.scaled_dot_product_attention(query, key, value, mask))


def test_attention_of_a_hand_made_example():
    query = torch.tensor([[2.0, 0.0, 0.0, 0.0]], dtype=torch.float64)
    key = torch.tensor([[3.0, 5.0, 0.0, 0.0], [1.0, 0.0, 7.0, 0.0]], dtype=torch.float64)
    value = torch.tensor([[10.0], [20.0]], dtype=torch.float64)

    context, weights = scaled_dot_product_attention(query, key, value)

    # Scores 6 and 2, divided by sqrt(4): the first weighs e^2 times the second.
    share = torch.tensor(1.0, dtype=torch.float64) / (1 + torch.tensor(-2.0, dtype=torch.float64).exp())
    assert_equal_but_rounding(weights, torch.stack([share, 1 - share])[None])
    assert_equal_but_rounding(context, (10 * share + 20 * (1 - share)).reshape(1, 1))


@pytest.mark.parametrize("mask", MASKS)
def test_each_row_of_weights_sums_to_one(mask: Tensor | None):
    query, key, value = noise(2, 3, 4, 2, seed=0), noise(2, 3, 5, 2, seed=1), noise(2, 3, 5, 2, seed=2)

    _, weights = scaled_dot_product_attention(query, key, value, mask)

    assert_equal_but_rounding(weights.sum(dim=-1), torch.ones(2, 3, 4, dtype=torch.float64))
    assert (weights >= 0).all()


def test_a_masked_pair_weighs_exactly_nothing_and_an_allowed_one_something():
    mask = random_mask(2, 3, 4, 5, seed=5)

    _, weights = scaled_dot_product_attention(
        noise(2, 3, 4, 2, seed=0), noise(2, 3, 5, 2, seed=1), noise(2, 3, 5, 2, seed=2), mask
    )

    assert torch.equal(weights > 0, mask)
    assert torch.equal(weights[~mask], torch.zeros_like(weights[~mask]))


@in_both_modes
@pytest.mark.parametrize("mask", MASKS)
def test_multi_head_attention_to_a_memory_equals_pytorch_s(mask: Tensor | None, learns: bool):
    layer, x, memory = attention_layer(), noise(BATCH, TARGET, D_MODEL, seed=0), noise(BATCH, SOURCE, D_MODEL, seed=1)

    output, weights = reference_attention(layer, x, memory, mask)

    assert_equal_but_rounding(output_of(layer, x, memory, mask, learns=learns), output)
    assert_equal_but_rounding(layer.weights(x, memory, mask), weights)


@in_both_modes
@pytest.mark.parametrize("causal", [False, True])
def test_self_attention_equals_pytorch_s(causal: bool, learns: bool):
    layer, x = attention_layer(), noise(BATCH, TARGET, D_MODEL, seed=0)
    mask = torch.ones(TARGET, TARGET, dtype=torch.bool).tril() if causal else None

    output, weights = reference_attention(layer, x, x, mask)

    assert_equal_but_rounding(output_of(layer, x, x, mask, learns=learns), output)
    assert_equal_but_rounding(layer.weights(x, x, mask), weights)


@pytest.mark.parametrize("mask", MASKS)
def test_the_fast_path_equals_the_plain_function_and_so_do_its_gradients(mask: Tensor | None):
    layer, x, memory = attention_layer(), noise(BATCH, TARGET, D_MODEL, seed=0), noise(BATCH, SOURCE, D_MODEL, seed=1)
    inputs = [x, memory, *layer.parameters()]
    weighting = noise(BATCH, TARGET, D_MODEL, seed=9).detach()

    fast = layer(x, memory, mask)
    query = layer.query(x).view(BATCH, TARGET, HEADS, -1).transpose(1, 2)
    context, _ = scaled_dot_product_attention(query, *layer.keys_and_values(memory), mask)
    plain = layer.output(context.transpose(1, 2).reshape(BATCH, TARGET, D_MODEL))

    assert_equal_but_rounding(fast, plain)
    for fast_gradient, plain_gradient in zip(
        torch.autograd.grad((fast * weighting).sum(), inputs),
        torch.autograd.grad((plain * weighting).sum(), inputs),
        strict=True,
    ):
        assert_equal_but_rounding(fast_gradient, plain_gradient)


def test_attention_weights_are_dropped_in_training_and_only_there():
    layer, x = attention_layer(dropout=0.5), noise(BATCH, TARGET, D_MODEL, seed=0)
    without_dropout = attention_layer().eval()(x, x)

    torch.manual_seed(0)
    in_training = layer.train()(x, x)
    in_evaluation = layer.eval()(x, x)

    assert not torch.allclose(in_training, without_dropout)
    assert torch.equal(in_evaluation, without_dropout)
