"""The whole model: an encoder reads the source and a decoder generates the target token by token (figure 1)."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from transformer_cli.config import ModelConfig
from transformer_cli.model.attention import MultiHeadAttention
from transformer_cli.model.embedding import TokenEmbedding
from transformer_cli.model.layers import DecoderLayer, EncoderLayer, FeedForward


class Transformer(nn.Module):
    """An encoder-decoder Transformer with one shared vocabulary, or one for each side.

    Args:
        config: ``[model]``, the sizes and options of the model.
        vocab_size: Number of token ids V of the target, and of the source if the vocabulary is shared.
        source_vocab_size: Number of token ids of the source, or None if the vocabulary is shared.
    """

    def __init__(self, config: ModelConfig, vocab_size: int, *, source_vocab_size: int | None = None) -> None:
        super().__init__()
        self.config = config
        self.vocab_size = vocab_size
        self.source_embedding = TokenEmbedding(source_vocab_size or vocab_size, config)
        self.target_embedding = TokenEmbedding(vocab_size, config)
        self.encoder = nn.ModuleList(EncoderLayer(config) for _ in range(config.num_encoder_layers))
        self.decoder = nn.ModuleList(DecoderLayer(config) for _ in range(config.num_decoder_layers))
        pre_norm = config.norm == "pre"
        self.encoder_norm = nn.LayerNorm(config.d_model, eps=config.norm_epsilon) if pre_norm else nn.Identity()
        self.decoder_norm = nn.LayerNorm(config.d_model, eps=config.norm_epsilon) if pre_norm else nn.Identity()
        self.output = nn.Linear(config.d_model, vocab_size, bias=config.output_bias)
        if config.tied_embeddings:
            if source_vocab_size is None:
                self.target_embedding.table.weight = self.source_embedding.table.weight
            self.output.weight = self.target_embedding.table.weight
        self._initialise()

    def _initialise(self) -> None:
        """Initialise every part once all are built, in a fixed order, so that a seed always gives the same weights."""
        for part in self.modules():
            if isinstance(part, TokenEmbedding | MultiHeadAttention | FeedForward):
                part.initialise()
        if not self.config.tied_embeddings:
            nn.init.normal_(self.output.weight, std=self.config.d_model**-0.5)
        if self.config.output_bias:
            nn.init.zeros_(self.output.bias)

    def forward(self, source: Tensor, source_mask: Tensor, decoder_input: Tensor) -> Tensor:
        """Return the logits (B, T, V) of each next token.

        Args:
            source: (B, S) int64.
            source_mask: (B, 1, 1, S) boolean, True where ``source`` is not padding.
            decoder_input: (B, T) int64, the target shifted right, so it begins with bos.
        """
        return self.logits(self.decode(decoder_input, self.encode(source, source_mask), source_mask))

    def encode(self, source: Tensor, source_mask: Tensor) -> Tensor:
        """Encode ``source`` (B, S) and return the memory (B, S, D)."""
        x = self.source_embedding(source)
        for layer in self.encoder:
            x = layer(x, source_mask)
        return self.encoder_norm(x)

    def decode(self, decoder_input: Tensor, memory: Tensor, source_mask: Tensor) -> Tensor:
        """Return the decoder's last hidden states (B, T, D) for a whole target; no position sees a later one."""
        length = decoder_input.size(1)
        causal_mask = torch.ones(length, length, dtype=torch.bool, device=decoder_input.device).tril()
        x = self.target_embedding(decoder_input)
        for layer in self.decoder:
            x = layer(x, memory, causal_mask, source_mask)
        return self.decoder_norm(x)

    def logits(self, hidden: Tensor) -> Tensor:
        """Map hidden states (..., D) to logits (..., V): the final linear layer, without the softmax."""
        return self.output(hidden)
