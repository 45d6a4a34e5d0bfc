"""Attention by the fastest method: PyTorch's kernel or, for sentences on the CPU, plain batched products."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from transformer_cli.kernels.dropout import draw_mask, is_computed_by_cpu_kernels

LONGEST, LONGEST_IN_BFLOAT16 = 32, 128
"""Largest numbers of keys for which `short_attention` is faster than PyTorch's kernel, which stores no weights."""


def attention(query: Tensor, key: Tensor, value: Tensor, mask: Tensor | None, *, dropout: float = 0.0) -> Tensor:
    """Compute the context of `scaled_dot_product_attention` in `transformer_cli.model.attention`; a test compares them.

    PyTorch's kernel is made for long texts. On the CPU its dropout and its backward pass over sentences are slow, so
    `short_attention` computes both where gradients are needed.

    Args:
        query: (B, H, T, K).
        key: (B, H, S, K).
        value: (B, H, S, K).
        mask: Boolean, broadcastable to (B, H, T, S); True where attention is allowed. Each row needs one True.
        dropout: Probability of dropping an attention weight.

    Returns:
        The context (B, H, T, K).
    """
    learns = query.requires_grad and is_computed_by_cpu_kernels(query)
    longest = LONGEST_IN_BFLOAT16 if key.dtype == torch.bfloat16 else LONGEST
    if learns and (key.size(2) <= longest or dropout):
        kept = draw_mask(torch.Size((*query.shape[:3], key.size(2))), dropout) if dropout else None
        return short_attention(query, key, value, mask, kept)
    return F.scaled_dot_product_attention(query, key, value, mask, dropout)


def short_attention(
    query: Tensor, key: Tensor, value: Tensor, mask: Tensor | None, dropout: tuple[Tensor, float] | None
) -> Tensor:
    """Compute attention with two batched products and a softmax, storing all attention weights.

    Products are computed in the type of ``query``, the softmax at least in float32.

    Args:
        query: (B, H, T, K).
        key: (B, H, S, K).
        value: (B, H, S, K).
        mask: Boolean, broadcastable to (B, H, T, S); True where attention is allowed. Each row needs one True.
        dropout: The mask (B, H, T, S), uint8, 1 where an attention weight is kept, and the scale of the kept ones.

    Returns:
        The context (B, H, T, K).
    """
    kept, scale = dropout or (None, 1.0)
    return _ShortAttention.apply(query, key, value, mask, kept, scale)  # type: ignore[no-untyped-call]


class _ShortAttention(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, query: Tensor, key: Tensor, value: Tensor, mask: Tensor | None, kept: Tensor | None, scale: float
    ) -> Tensor:
        query, key, value = query.contiguous(), key.contiguous(), value.contiguous()
        batch, heads, _, size = query.shape
        query, key, value = query.flatten(0, 1), key.flatten(0, 1), value.flatten(0, 1)  # (B, H, T, K) -> (BH, T, K)
        scores = torch.bmm(query, key.transpose(1, 2))
        wide = torch.promote_types(scores.dtype, torch.float32)
        # Computing a power of 2 takes a third of the time of a power of e.
        weights = scores.to(wide).mul_(1 / (math.sqrt(size) * math.log(2))).unflatten(0, (batch, heads))
        if mask is not None:
            weights += torch.zeros_like(mask, dtype=wide).masked_fill_(~mask, -torch.inf)
        # On rows as short as sentences, PyTorch's softmax takes six times as long as its separate steps.
        weights -= weights.amax(-1, keepdim=True)
        weights.exp2_()
        weights /= weights.sum(-1, keepdim=True)
        weights = weights.flatten(0, 1).to(query.dtype)
        ctx.save_for_backward(query, key, value, weights, kept)
        ctx.scale = scale
        used = weights if kept is None else kept.flatten(0, 1).to(weights.dtype).mul_(weights).mul_(scale)
        return torch.bmm(used, value).unflatten(0, (batch, heads))

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        query, key, value, weights, kept = ctx.saved_tensors
        heads_shape = gradients[0].shape[:2]
        context = gradients[0].contiguous().flatten(0, 1)  # (B, H, T, K) -> (BH, T, K)
        wide = torch.promote_types(weights.dtype, torch.float32)
        of_used = torch.bmm(context, value.transpose(1, 2))
        used = weights
        if kept is not None:
            factor = kept.flatten(0, 1).to(weights.dtype).mul_(ctx.scale)
            of_used, used = of_used * factor, weights * factor
        of_value = torch.bmm(used.transpose(1, 2), context)
        of_scores = weights.to(wide) * of_used
        of_scores -= weights * of_scores.sum(-1, keepdim=True)
        of_scores = of_scores.mul_(1 / math.sqrt(query.size(-1))).to(query.dtype)
        of_query = torch.bmm(of_scores, key)
        of_key = torch.bmm(of_scores.transpose(1, 2), query)
        split = [t.unflatten(0, heads_shape) for t in (of_query, of_key, of_value)]
        return *split, None, None, None
