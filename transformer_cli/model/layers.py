"""The encoder layer and the decoder layer, of which the two stacks are built (section 3.1)."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from transformer_cli.config import Activation, ModelConfig
from transformer_cli.kernels.dropout import Dropout
from transformer_cli.model.attention import MultiHeadAttention

ACTIVATIONS: dict[Activation, Callable[[Tensor], Tensor]] = {
    "relu": F.relu,
    "swish": F.silu,
    "gelu": F.gelu,
    "gelu_sigmoid": lambda x: x * torch.sigmoid(1.702 * x),
}


class FeedForward(nn.Module):
    """Two linear layers, for each position alone, with a ReLU between: ``max(0, x W1 + b1) W2 + b2`` (equation 2)."""

    def __init__(self, d_model: int, d_ff: int, dropout: float = 0.0, activation: Activation = "relu") -> None:
        super().__init__()
        self.inner = nn.Linear(d_model, d_ff)
        self.outer = nn.Linear(d_ff, d_model)
        self.dropout = Dropout(dropout)
        self.activation = ACTIVATIONS[activation]

    def initialise(self) -> None:
        """Draw the weights after Glorot and Bengio 2010 ("Xavier") and set the biases to 0."""
        for layer in (self.inner, self.outer):
            nn.init.xavier_uniform_(layer.weight)
            nn.init.zeros_(layer.bias)

    def forward(self, x: Tensor) -> Tensor:
        """Map (B, T, D) to (B, T, D) through (B, T, F)."""
        return self.outer(self.dropout(self.activation(self.inner(x))))


class AddAndNorm(nn.Module):
    """The residual connection around a sublayer, with its layer norm.

    "post", as in the paper, computes ``norm(x + dropout(sublayer(x)))``. "pre" computes
    ``x + dropout(sublayer(norm(x)))``. "pre" trains deep models more easily, but the stack then needs a final norm.
    """

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(config.d_model, eps=config.norm_epsilon)
        self.dropout = Dropout(config.dropout)
        self.norm_first = config.norm == "pre"

    def forward(self, x: Tensor, sublayer: Callable[[Tensor], Tensor]) -> Tensor:
        """Apply ``sublayer`` to ``x`` (B, T, D) and add the result to it."""
        if self.norm_first:
            return x + self.dropout(sublayer(self.norm(x)))
        return self.norm(x + self.dropout(sublayer(x)))


class EncoderLayer(nn.Module):
    """Self-attention, then feed-forward, each inside an `AddAndNorm`."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.self_attention = MultiHeadAttention(config.d_model, config.num_heads, config.attention_dropout)
        self.feed_forward = FeedForward(config.d_model, config.d_ff, config.activation_dropout, config.activation)
        self.around_self_attention = AddAndNorm(config)
        self.around_feed_forward = AddAndNorm(config)

    def forward(self, x: Tensor, source_mask: Tensor) -> Tensor:
        """Map (B, S, D) to (B, S, D); ``source_mask`` is (B, 1, 1, S)."""
        x = self.around_self_attention(x, lambda y: self.self_attention(y, y, source_mask))
        return self.around_feed_forward(x, self.feed_forward)


class DecoderLayer(nn.Module):
    """Masked self-attention, encoder-decoder attention, then feed-forward, each inside an `AddAndNorm`."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.self_attention = MultiHeadAttention(config.d_model, config.num_heads, config.attention_dropout)
        self.cross_attention = MultiHeadAttention(config.d_model, config.num_heads, config.attention_dropout)
        self.feed_forward = FeedForward(config.d_model, config.d_ff, config.activation_dropout, config.activation)
        self.around_self_attention = AddAndNorm(config)
        self.around_cross_attention = AddAndNorm(config)
        self.around_feed_forward = AddAndNorm(config)

    def forward(self, x: Tensor, memory: Tensor, causal_mask: Tensor, source_mask: Tensor) -> Tensor:
        """Map (B, T, D) to (B, T, D).

        Args:
            x: (B, T, D).
            memory: (B, S, D), the encoder's output.
            causal_mask: (T, T), True on and below the diagonal: no position sees a later one.
            source_mask: (B, 1, 1, S).
        """
        x = self.around_self_attention(x, lambda y: self.self_attention(y, y, causal_mask))
        x = self.around_cross_attention(x, lambda y: self.cross_attention(y, memory, source_mask))
        return self.around_feed_forward(x, self.feed_forward)
