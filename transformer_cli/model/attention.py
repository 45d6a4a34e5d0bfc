"""Attention: each position takes a weighted mean of the values at all positions (section 3.2)."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from transformer_cli.kernels.attention import attention


def scaled_dot_product_attention(
    query: Tensor, key: Tensor, value: Tensor, mask: Tensor | None = None
) -> tuple[Tensor, Tensor]:
    """Compute ``softmax(Q K^T / sqrt(K)) V``, equation 1 of the paper, and the attention weights.

    Args:
        query: (..., T, K).
        key: (..., S, K).
        value: (..., S, K).
        mask: Boolean, broadcastable to (..., T, S); True where attention is allowed. Each row needs one True.

    Returns:
        The context (..., T, K) and the attention weights (..., T, S), whose rows sum to 1.
    """
    scores = query @ key.transpose(-2, -1) / math.sqrt(query.size(-1))
    if mask is not None:
        scores = scores.masked_fill(~mask, -torch.inf)
    weights = scores.softmax(dim=-1)
    return weights @ value, weights


class MultiHeadAttention(nn.Module):
    """Several attention heads in parallel, each in its own subspace (section 3.2.2).

    The class serves as encoder self-attention, masked decoder self-attention and encoder-decoder attention. These
    differ only in the arguments ``memory`` and ``mask``.

    Args:
        d_model: Size D of the input and output vectors.
        num_heads: Number H of heads; ``d_model`` must be divisible by it.
        dropout: Probability of dropping an attention weight in training.
    """

    def __init__(self, d_model: int, num_heads: int, dropout: float = 0.0) -> None:
        super().__init__()
        self.num_heads = num_heads
        self.dropout = dropout
        self.query = nn.Linear(d_model, d_model)
        self.key = nn.Linear(d_model, d_model)
        self.value = nn.Linear(d_model, d_model)
        self.output = nn.Linear(d_model, d_model)

    def initialise(self) -> None:
        """Draw the weights after Glorot and Bengio 2010 ("Xavier") and set the biases to 0.

        The projections of queries, keys and values are scaled as one matrix (3 D, D) would be. Larger weights make
        attention sharp before it has learned where to attend, and the loss starts to fall later.
        """
        for projection in (self.query, self.key, self.value, self.output):
            nn.init.xavier_uniform_(projection.weight, gain=1.0 if projection is self.output else 2**-0.5)
            nn.init.zeros_(projection.bias)

    def forward(self, x: Tensor, memory: Tensor, mask: Tensor | None = None) -> Tensor:
        """Let each position of ``x`` attend to ``memory``.

        Args:
            x: (B, T, D), the source of the queries.
            memory: (B, S, D), the source of the keys and values; ``x`` itself for self-attention.
            mask: Boolean, broadcastable to (B, H, T, S); True where attention is allowed.

        Returns:
            (B, T, D).
        """
        return self.attend(x, *self.keys_and_values(memory), mask)

    def keys_and_values(self, memory: Tensor) -> tuple[Tensor, Tensor]:
        """Project ``memory`` (B, S, D) to keys and values, each (B, H, S, K)."""
        return self._split_heads(self.key(memory)), self._split_heads(self.value(memory))

    def attend(self, x: Tensor, key: Tensor, value: Tensor, mask: Tensor | None = None) -> Tensor:
        """Attend from ``x`` (B, T, D) to projected ``key`` and ``value`` (B, H, S, K), and return (B, T, D)."""
        query = self._split_heads(self.query(x))
        context = attention(query, key, value, mask, dropout=self.dropout if self.training else 0.0)
        return self.output(self._join_heads(context))

    def weights(self, x: Tensor, memory: Tensor, mask: Tensor | None = None) -> Tensor:
        """Return the attention weights (B, H, T, S) that `forward` uses, for inspection."""
        key, value = self.keys_and_values(memory)
        return scaled_dot_product_attention(self._split_heads(self.query(x)), key, value, mask)[1]

    def _split_heads(self, x: Tensor) -> Tensor:
        return x.unflatten(-1, (self.num_heads, -1)).transpose(1, 2)  # (B, T, D) -> (B, H, T, K)

    def _join_heads(self, x: Tensor) -> Tensor:
        return x.transpose(1, 2).flatten(2)  # (B, H, T, K) -> (B, T, D)
