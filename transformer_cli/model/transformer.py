"""The whole model: an encoder reads the source, a decoder writes the target one token at a time (figure 1)."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from transformer_cli.config import ModelConfig
from transformer_cli.model.attention import MultiHeadAttention
from transformer_cli.model.embedding import TokenEmbedding
from transformer_cli.model.layers import DecoderLayer, EncoderLayer, FeedForward


class Transformer(nn.Module):
    """An encoder-decoder Transformer over one vocabulary, or one for each side.

    Args:
        config: The shape.
        vocab_size: Number of token ids V, of source and target alike.
        source_vocab_size: Number of token ids of a source that has a vocabulary of its own.
    """

    def __init__(self, config: ModelConfig, vocab_size: int, *, source_vocab_size: int | None = None) -> None:
        super().__init__()
        self.config = config
        self.vocab_size = vocab_size
        self.source_embedding = TokenEmbedding(
            source_vocab_size or vocab_size, config.d_model, dropout=config.dropout, max_length=config.max_length
        )
        self.target_embedding = TokenEmbedding(
            vocab_size, config.d_model, dropout=config.dropout, max_length=config.max_length
        )
        self.encoder = nn.ModuleList(EncoderLayer(config) for _ in range(config.num_encoder_layers))
        self.decoder = nn.ModuleList(DecoderLayer(config) for _ in range(config.num_decoder_layers))
        pre_norm = config.norm == "pre"
        self.encoder_norm = nn.LayerNorm(config.d_model) if pre_norm else nn.Identity()
        self.decoder_norm = nn.LayerNorm(config.d_model) if pre_norm else nn.Identity()
        self.output = nn.Linear(config.d_model, vocab_size, bias=False)
        if config.tied_embeddings:
            if source_vocab_size is None:
                self.target_embedding.table.weight = self.source_embedding.table.weight
            self.output.weight = self.target_embedding.table.weight
        self._initialise()

    def _initialise(self) -> None:
        """Let every part draw its weights, when all are built: a seed then gives the weights that it always gave."""
        for part in self.modules():
            if isinstance(part, TokenEmbedding | MultiHeadAttention | FeedForward):
                part.initialise()
        if not self.config.tied_embeddings:
            nn.init.normal_(self.output.weight, std=self.config.d_model**-0.5)

    def forward(self, source: Tensor, source_mask: Tensor, decoder_input: Tensor) -> Tensor:
        """Return the logits (B, T, V) of each next token.

        Args:
            source: (B, S) int64.
            source_mask: (B, 1, 1, S) boolean, True where ``source`` is not padding.
            decoder_input: (B, T) int64, the target shifted right: it begins with bos.
        """
        return self.logits(self.decode(decoder_input, self.encode(source, source_mask), source_mask))

    def encode(self, source: Tensor, source_mask: Tensor) -> Tensor:
        """Read ``source`` (B, S); returns the memory (B, S, D)."""
        x = self.source_embedding(source)
        for layer in self.encoder:
            x = layer(x, source_mask)
        return self.encoder_norm(x)

    def decode(self, decoder_input: Tensor, memory: Tensor, source_mask: Tensor) -> Tensor:
        """Return the decoder's last hidden states (B, T, D) for a whole target at once, each blind to later tokens."""
        length = decoder_input.size(1)
        causal_mask = torch.ones(length, length, dtype=torch.bool, device=decoder_input.device).tril()
        x = self.target_embedding(decoder_input)
        for layer in self.decoder:
            x = layer(x, memory, causal_mask, source_mask)
        return self.decoder_norm(x)

    def logits(self, hidden: Tensor) -> Tensor:
        """Map hidden states (..., D) to logits (..., V): the final linear layer, before its softmax."""
        return self.output(hidden)
