from __future__ import annotations

from typing import Literal

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.testing import assert_close

from tests.support.tensors import assert_equal_but_rounding
from tests.support.tiny_models import fill_with_noise, tiny_config
from tests.support.torch_reference import layer_weights
from transformer_cli.model.layers import AddAndNorm, DecoderLayer, EncoderLayer, FeedForward

BATCH, TARGET, SOURCE, D_MODEL, D_FF = 2, 4, 5, 8, 12

Norm = Literal["post", "pre"]
norms = pytest.mark.parametrize("norm", ["post", "pre"])


def noise(*shape: int, seed: int) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def source_mask() -> Tensor:
    return torch.tensor([[True] * 5, [True, True, True, False, False]])[:, None, None, :]


def causal_mask(length: int) -> Tensor:
    return torch.ones(length, length, dtype=torch.bool).tril()


def normalised(x: Tensor, norm: nn.Module) -> Tensor:
    """Write layer norm out: each vector to mean 0 and variance 1, then gain and bias."""
    assert isinstance(norm, nn.LayerNorm)
    centred = x - x.mean(dim=-1, keepdim=True)
    return centred / (centred.square().mean(dim=-1, keepdim=True) + 1e-5).sqrt() * norm.weight + norm.bias


def test_feed_forward_is_equation_two():
    layer = FeedForward(D_MODEL, D_FF).double()
    fill_with_noise(layer)
    x = noise(BATCH, TARGET, D_MODEL, seed=1)
    w1, b1, w2, b2 = (parameter.detach().numpy() for parameter in layer.parameters())

    expected = np.maximum(0, x.numpy() @ w1.T + b1) @ w2.T + b2

    assert_equal_but_rounding(layer(x), torch.from_numpy(expected))


def test_feed_forward_drops_only_its_inner_activations():
    layer = FeedForward(2, 1001, dropout=0.5).double()
    nn.init.ones_(layer.inner.bias)
    nn.init.zeros_(layer.inner.weight)
    nn.init.ones_(layer.outer.weight)
    nn.init.zeros_(layer.outer.bias)

    torch.manual_seed(0)
    (in_training,) = layer(torch.zeros(1, 2, dtype=torch.float64)).tolist()

    # Both outputs sum the same inner activations: each is 0 or 2, their mean 1.
    assert in_training[0] == in_training[1]
    assert in_training[0] % 2 == 0
    assert in_training[0] == pytest.approx(1001, rel=0.2)
    assert layer.eval()(torch.zeros(1, 2, dtype=torch.float64)).tolist() == [[1001, 1001]]


@norms
def test_add_and_norm_is_what_its_docstring_says(norm: Norm):
    block = AddAndNorm(tiny_config(norm=norm)).double()
    fill_with_noise(block)
    x = noise(BATCH, TARGET, D_MODEL, seed=1)

    def sublayer(x: Tensor) -> Tensor:
        return x.square() + 1

    expected = x + sublayer(normalised(x, block.norm)) if norm == "pre" else normalised(x + sublayer(x), block.norm)

    assert_equal_but_rounding(block(x, sublayer), expected)


def test_dropout_falls_on_what_the_sublayer_adds_and_not_on_the_residual():
    block = AddAndNorm(tiny_config(norm="pre", dropout=0.5)).double()
    x = noise(50, D_MODEL, seed=1)

    torch.manual_seed(0)
    added = block(x, torch.ones_like) - x

    assert set(added.round(decimals=9).unique().tolist()) == {0.0, 2.0}
    assert_equal_but_rounding(block.eval()(x, torch.ones_like), x + 1)


@norms
def test_an_encoder_layer_equals_pytorch_s(norm: Norm):
    layer = EncoderLayer(tiny_config(norm=norm)).double()
    fill_with_noise(layer)
    reference = nn.TransformerEncoderLayer(
        D_MODEL, 2, D_FF, dropout=0.0, batch_first=True, norm_first=norm == "pre", dtype=torch.float64
    )
    reference.load_state_dict(layer_weights(layer))
    x, mask = noise(BATCH, SOURCE, D_MODEL, seed=1), source_mask()

    expected = reference(x, src_key_padding_mask=~mask[:, 0, 0])

    assert_close(layer(x, mask), expected)


@norms
def test_a_decoder_layer_equals_pytorch_s(norm: Norm):
    layer = DecoderLayer(tiny_config(norm=norm)).double()
    fill_with_noise(layer)
    reference = nn.TransformerDecoderLayer(
        D_MODEL, 2, D_FF, dropout=0.0, batch_first=True, norm_first=norm == "pre", dtype=torch.float64
    )
    reference.load_state_dict(layer_weights(layer))
    x, memory = noise(BATCH, TARGET, D_MODEL, seed=1), noise(BATCH, SOURCE, D_MODEL, seed=2)
    causal, mask = causal_mask(TARGET), source_mask()

    expected = reference(x, memory, tgt_mask=~causal, memory_key_padding_mask=~mask[:, 0, 0])

    assert_equal_but_rounding(layer(x, memory, causal, mask), expected)


def test_each_dropout_goes_to_its_own_place():
    layer = DecoderLayer(tiny_config(dropout=0.1, attention_dropout=0.2, activation_dropout=0.3))

    around = (layer.around_self_attention, layer.around_cross_attention, layer.around_feed_forward)
    assert {block.dropout.p for block in around} == {0.1}
    assert {layer.self_attention.dropout, layer.cross_attention.dropout} == {0.2}
    assert layer.feed_forward.dropout.p == 0.3
