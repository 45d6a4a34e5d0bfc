"""A model's decoder arranged for speed: matrices with the same input become one, in the type of the products."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from transformer_cli.decoding.pytorch.beam_cache import BeamCache
from transformer_cli.device import has_fast_bfloat16
from transformer_cli.model.attention import MultiHeadAttention
from transformer_cli.model.layers import AddAndNorm, DecoderLayer
from transformer_cli.model.transformer import Transformer

_MULTIPLE = 16
"""The vocabulary is padded to a multiple of this, so that `beam_search` can find the best tokens in blocks."""

PACKED_FROM = 1 << 18
"""Smallest number of elements at which packing a matrix is faster; its kernel starts some microseconds later."""

_ROWS = 512
"""Typical number of rows in a product."""

_SHORTEST = 16
"""Smallest number of source positions, padding included: a 512-bit vector holds 16 numbers of 32 bits."""


class StepWeights:
    """Weights for one step of the decoder, copied from the model when this object is made.

    Args:
        model: In evaluation mode.
        precision: Type of the matrix products, or None for that of the weights. Sums, norms and attention stay in the
            type of the weights.
    """

    def __init__(self, model: Transformer, *, precision: torch.dtype | None = None) -> None:
        self.model = model
        self.precision = precision = precision or model.output.weight.dtype
        layers = cast("list[DecoderLayer]", list(model.decoder))
        self._layers = [_FusedLayer(layer, model.config.num_heads, precision) for layer in layers]
        padding = -model.vocab_size % _MULTIPLE
        weight = F.pad(model.output.weight.detach(), (0, 0, 0, padding)).to(precision)
        own = model.output.bias if model.config.output_bias else weight.new_zeros(model.vocab_size)
        bias = F.pad(own.detach().to(precision), (0, padding), value=-torch.inf)
        self._output = _Matrix(weight, bias if padding or model.config.output_bias else None)

    def start(self, memory: Tensor, source_mask: Tensor, *, width: int) -> BeamCache:
        """Project the encoder's output once for every layer.

        Args:
            memory: (B, S, D), the encoder's output.
            source_mask: (B, 1, 1, S) boolean.
            width: W, the number of hypotheses of a sentence.
        """
        memory = memory.to(self.model.source_embedding.table.weight.dtype)
        # PyTorch's softmax takes eight times as long on rows shorter than one vector register of the processor.
        lacking = max(0, _SHORTEST - memory.size(1))
        memory, source_mask = F.pad(memory, (0, 0, 0, lacking)), F.pad(source_mask, (0, lacking))
        return BeamCache([layer.project_memory(memory) for layer in self._layers], source_mask, width=width)

    def step(self, tokens: Tensor, cache: BeamCache) -> Tensor:
        """Return the logits (N, V') after one more token per row; V' is V padded with -inf to a multiple of 16.

        Args:
            tokens: (N,) int64, the newest token of each row; at the first position, (B,) if rows are equal.
            cache: Result of `start`; changed in place.
        """
        tokens = tokens.clamp(max=self.model.vocab_size - 1)  # a row with probability 0 may hold a padding id
        x = self.model.target_embedding(tokens[:, None], first_position=cache.length)[:, 0]  # (N, D)
        cache.begin_position()
        for number, layer in enumerate(self._layers):
            x = layer.step(x, cache, number)
        return self._output(self.model.decoder_norm(x))


class _Matrix:
    """``x W^T + b`` in the type of W; on a CPU, a large W is packed for the kernel once instead of at every step.

    PyTorch offers the packed layout only to its own compiler, under a name that a release may lack; W then stays
    unpacked. Without packing, a search takes 1.2 to 1.3 times as long with the tiny model and 1.6 to 2 times with the
    base model (one thread, 2 to 100 lines, float32, a processor with AVX-512).
    """

    def __init__(self, weight: Tensor, bias: Tensor | None) -> None:
        self._weight = weight
        self._bias = bias
        self._packed: Tensor | None = None
        has_kernel = weight.dtype == torch.float32 or (
            weight.dtype == torch.bfloat16 and has_fast_bfloat16(weight.device)
        )
        is_worth_it = weight.device.type == "cpu" and weight.numel() >= PACKED_FROM
        if is_worth_it and has_kernel and torch.backends.mkldnn.is_available():
            kernels = torch.ops.mkldnn
            if hasattr(kernels, "_reorder_linear_weight") and hasattr(kernels, "_linear_pointwise"):
                self._packed = kernels._reorder_linear_weight(weight, _ROWS)

    def __call__(self, x: Tensor) -> Tensor:
        if x.dtype != self._weight.dtype:
            x = x.to(self._weight.dtype)
        if self._packed is None:
            return F.linear(x, self._weight, self._bias)
        product: Tensor = torch.ops.mkldnn._linear_pointwise(x, self._packed, self._bias, "none", [], "")
        return product


class _Projection:
    """``x W^T + b`` computed in one precision and returned in the type of ``x``."""

    def __init__(self, layers: list[nn.Linear], precision: torch.dtype, *, scales: tuple[float, ...] = ()) -> None:
        factors = scales or (1.0,) * len(layers)
        pairs = list(zip(layers, factors, strict=True))
        weight = torch.cat([layer.weight.detach() * factor for layer, factor in pairs]).to(precision)
        bias = torch.cat([layer.bias.detach() * factor for layer, factor in pairs]).to(precision)
        self._matrix = _Matrix(weight, bias)

    def __call__(self, x: Tensor) -> Tensor:
        product = self._matrix(x)
        return product if product.dtype == x.dtype else product.to(x.dtype)


class _FusedLayer:
    """One decoder layer; see `DecoderLayer`."""

    def __init__(self, layer: DecoderLayer, num_heads: int, precision: torch.dtype) -> None:
        own, cross, feed_forward = layer.self_attention, layer.cross_attention, layer.feed_forward
        self._num_heads = num_heads
        self._around_self_attention = layer.around_self_attention
        self._around_cross_attention = layer.around_cross_attention
        self._around_feed_forward = layer.around_feed_forward
        scale = 1 / math.sqrt(own.query.in_features // num_heads)
        self._own = _Projection(_linear(own, "query", "key", "value"), precision, scales=(scale, 1.0, 1.0))
        self._own_output = _Projection([own.output], precision)
        self._cross_query = _Projection([cross.query], precision, scales=(scale,))
        self._cross_memory = _Projection(_linear(cross, "key", "value"), precision)
        self._cross_output = _Projection([cross.output], precision)
        self._inner = _Projection([feed_forward.inner], precision)
        self._outer = _Projection([feed_forward.outer], precision)
        # In place, the usual function takes no new memory.
        self._activation = torch.relu_ if feed_forward.activation is F.relu else feed_forward.activation

    def project_memory(self, memory: Tensor) -> tuple[Tensor, Tensor]:
        projected = self._cross_memory(memory).unflatten(2, (2, self._num_heads, -1))  # (B, S, 2, H, K)
        keys, values = projected.permute(2, 0, 3, 1, 4).contiguous()
        return keys, values

    def step(self, x: Tensor, cache: BeamCache, number: int) -> Tensor:
        def over_own_past(x: Tensor) -> Tensor:
            projected = self._own(x).view(cache.sentences, -1, 3, self._num_heads, x.size(1) // self._num_heads)
            query, *_ = projected = projected.permute(2, 0, 3, 1, 4)  # (3, B, H, W, K)
            keys, values = cache.append(number, projected[1:])
            return self._own_output(_attend(query, keys, values, cache.own_mask[:, :, : query.size(2)]))

        def over_source(x: Tensor) -> Tensor:
            query = self._cross_query(x).view(cache.sentences, -1, self._num_heads, x.size(1) // self._num_heads)
            return self._cross_output(_attend(query.transpose(1, 2), *cache.memory[number], cache.source_mask))

        x = _residual(self._around_self_attention, x, over_own_past)
        x = _residual(self._around_cross_attention, x, over_source)
        return _residual(self._around_feed_forward, x, lambda y: self._outer(self._activation(self._inner(y))))


def _residual(add_and_norm: AddAndNorm, x: Tensor, sublayer: Callable[[Tensor], Tensor]) -> Tensor:
    """Compute the same as `AddAndNorm`."""
    if add_and_norm.norm_first:
        return sublayer(_normalize(add_and_norm.norm, x)).add_(x)
    return _normalize(add_and_norm.norm, sublayer(x).add_(x))


def _normalize(norm: nn.LayerNorm, x: Tensor) -> Tensor:
    """Compute the same as ``norm``, without the module call, which takes as long as the layer norm of a few rows."""
    return F.layer_norm(x, norm.normalized_shape, norm.weight, norm.bias, norm.eps)


def _attend(query: Tensor, keys: Tensor, values: Tensor, mask: Tensor) -> Tensor:
    """Attend from scaled queries (B, H, W, K) to (B, H, L, K), and return (B * W, D).

    With a few queries per sentence, two products and a softmax take half the time of PyTorch's fused kernel.
    """
    sentences, heads, width, size = query.shape
    keys, values = keys.flatten(0, 1), values.flatten(0, 1)  # (B, H, L, K) -> (BH, L, K)
    scores = torch.bmm(query.reshape(-1, width, size), keys.transpose(1, 2))
    weights = scores.view(sentences, heads, width, -1).add_(mask).softmax(dim=3)
    context = torch.bmm(weights.flatten(0, 1), values)
    return context.view(sentences, heads, width, size).transpose(1, 2).reshape(sentences * width, -1)


def _linear(attention: MultiHeadAttention, *names: str) -> list[nn.Linear]:
    return [cast("nn.Linear", getattr(attention, name)) for name in names]
