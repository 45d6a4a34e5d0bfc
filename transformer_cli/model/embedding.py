"""Token ids to vectors that encode the token and its position (sections 3.4 and 3.5)."""

from __future__ import annotations

import math

from torch import Tensor, nn

from transformer_cli.config import ModelConfig
from transformer_cli.kernels.dropout import Dropout
from transformer_cli.model.positions import sinusoidal_positions
from transformer_cli.special_tokens import BOS_ID


class TokenEmbedding(nn.Module):
    """Token embedding times ``sqrt(d_model)``, plus the positional encoding, then dropout.

    Args:
        vocab_size: Number of token ids V.
        config: ``[model]``; its ``max_length`` positions are computed in advance, and the table grows when a longer
            input arrives.
    """

    positions: Tensor

    def __init__(self, vocab_size: int, config: ModelConfig) -> None:
        super().__init__()
        self.config = config
        self.table = nn.Embedding(vocab_size, config.d_model)
        self.dropout = Dropout(config.dropout)
        self.scale = math.sqrt(config.d_model)
        table = sinusoidal_positions(config.max_length, config.d_model, kind=config.positions)
        self.register_buffer("positions", table, persistent=False)

    def initialise(self) -> None:
        """Draw rows of about unit length; after scaling, their elements have about unit variance."""
        nn.init.normal_(self.table.weight, std=self.table.embedding_dim**-0.5)

    def forward(self, tokens: Tensor, *, first_position: int = 0) -> Tensor:
        """Embed ``tokens`` (B, T), int64, from position ``first_position`` on, and return (B, T, D)."""
        end = first_position + tokens.size(1)
        if end > self.positions.size(0):
            kind, device = self.config.positions, self.positions.device
            self.positions = sinusoidal_positions(2 * end, self.config.d_model, kind=kind, device=device)
        embedded = self.table(tokens) * self.scale
        if self.config.zero_start:
            embedded = embedded.masked_fill((tokens == BOS_ID)[..., None], 0.0)
        return self.dropout(embedded + self.positions[first_position:end])
