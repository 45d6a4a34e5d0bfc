"""What ours is measured beside: a model around `torch.nn.Transformer`, MarianMT, and an update written by hand."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from transformer_cli.config import ModelConfig, TrainingConfig
from transformer_cli.data.tokens.batching import Batch
from transformer_cli.model.positions import sinusoidal_positions
from transformer_cli.special_tokens import BOS_ID, EOS_ID, PAD_ID


class LoopModel(nn.Module):
    """What one writes with `torch.nn.Transformer`: embeddings, positions, masks and an output layer around it."""

    def __init__(self, config: ModelConfig, vocab_size: int) -> None:
        super().__init__()
        self.embedding = nn.Embedding(vocab_size, config.d_model, padding_idx=PAD_ID)
        self.dropout = nn.Dropout(config.dropout)
        self.positions = nn.Buffer(sinusoidal_positions(config.max_length, config.d_model))
        self.transformer = nn.Transformer(
            config.d_model,
            config.num_heads,
            config.num_encoder_layers,
            config.num_decoder_layers,
            config.d_ff,
            config.dropout,
            batch_first=True,
            norm_first=config.norm == "pre",
        )
        for module in self.transformer.modules():  # it has one dropout for all; the recipe's is around sublayers only
            if isinstance(module, nn.MultiheadAttention):
                module.dropout = config.attention_dropout
            if isinstance(module, nn.TransformerEncoderLayer | nn.TransformerDecoderLayer):
                module.dropout.p = config.activation_dropout

    def forward(self, batch: Batch) -> Tensor:
        """Return the logits (B, T, V)."""
        padding = ~batch.source_mask[:, 0, 0]
        causal = nn.Transformer.generate_square_subsequent_mask(batch.labels.size(1)) < 0
        hidden = self.transformer(
            self._embed(batch.source),
            self._embed(batch.decoder_input),
            tgt_mask=causal,
            tgt_is_causal=True,
            src_key_padding_mask=padding,
            memory_key_padding_mask=padding,
        )
        return F.linear(hidden, self.embedding.weight)

    def _embed(self, tokens: Tensor) -> Tensor:
        scale = self.embedding.embedding_dim**0.5
        return self.dropout(self.embedding(tokens) * scale + self.positions[: tokens.size(1)])


class MarianModel(nn.Module):
    """MarianMT of the `transformers` library; it is post-norm whatever the recipe says."""

    def __init__(self, config: ModelConfig, vocab_size: int) -> None:
        super().__init__()
        from transformers import MarianConfig, MarianMTModel

        self.model = MarianMTModel(
            MarianConfig(
                vocab_size=vocab_size,
                d_model=config.d_model,
                encoder_layers=config.num_encoder_layers,
                decoder_layers=config.num_decoder_layers,
                encoder_attention_heads=config.num_heads,
                decoder_attention_heads=config.num_heads,
                encoder_ffn_dim=config.d_ff,
                decoder_ffn_dim=config.d_ff,
                dropout=config.dropout,
                attention_dropout=config.attention_dropout,
                activation_dropout=config.activation_dropout,
                activation_function="relu",
                scale_embedding=True,
                max_position_embeddings=config.max_length,
                pad_token_id=PAD_ID,
                eos_token_id=EOS_ID,
                decoder_start_token_id=BOS_ID,
                forced_eos_token_id=EOS_ID,
            )
        )

    def forward(self, batch: Batch) -> Tensor:
        """Return the logits (B, T, V)."""
        logits: Tensor = self.model(
            input_ids=batch.source,
            attention_mask=batch.source_mask[:, 0, 0].long(),
            decoder_input_ids=batch.decoder_input,
            use_cache=False,
        ).logits
        return logits


def update(model: nn.Module, batch: Batch, optimizer: torch.optim.Optimizer, config: TrainingConfig) -> None:
    """Make an update with one batch as one writes it by hand."""
    loss = F.cross_entropy(
        model(batch).flatten(0, 1),
        batch.labels.flatten(),
        ignore_index=PAD_ID,
        label_smoothing=config.label_smoothing,
    )
    optimizer.zero_grad()
    loss.backward()
    nn.utils.clip_grad_norm_(model.parameters(), config.clip_norm or float("inf"))
    optimizer.step()
    loss.item()
