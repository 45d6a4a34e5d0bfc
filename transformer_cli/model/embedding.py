"""Token ids to vectors that encode the token and its position (sections 3.4 and 3.5)."""

from __future__ import annotations

import math

from torch import Tensor, nn

from transformer_cli.kernels.dropout import Dropout
from transformer_cli.model.positions import sinusoidal_positions


class TokenEmbedding(nn.Module):
    """Token embedding times ``sqrt(d_model)``, plus the positional encoding, then dropout.

    Args:
        vocab_size: Number of token ids V.
        d_model: Size D of the vectors.
        dropout: Dropout probability for the sum.
        max_length: Number of positions computed in advance; the table grows when a longer input arrives.
    """

    positions: Tensor

    def __init__(self, vocab_size: int, d_model: int, *, dropout: float, max_length: int) -> None:
        super().__init__()
        self.table = nn.Embedding(vocab_size, d_model)
        self.dropout = Dropout(dropout)
        self.scale = math.sqrt(d_model)
        self.register_buffer("positions", sinusoidal_positions(max_length, d_model), persistent=False)

    def initialise(self) -> None:
        """Draw rows of about unit length; after scaling, their elements have about unit variance."""
        nn.init.normal_(self.table.weight, std=self.table.embedding_dim**-0.5)

    def forward(self, tokens: Tensor, *, first_position: int = 0) -> Tensor:
        """Embed ``tokens`` (B, T), int64, from position ``first_position`` on, and return (B, T, D)."""
        end = first_position + tokens.size(1)
        if end > self.positions.size(0):
            self.positions = sinusoidal_positions(2 * end, self.positions.size(1), device=self.positions.device)
        embedded = self.table(tokens) * self.scale + self.positions[first_position:end]
        return self.dropout(embedded)
