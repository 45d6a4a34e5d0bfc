"""All attention weights of a model for one pair of sentences."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from transformer_cli.decoding.pytorch.recorded_attention import recorded_weights
from transformer_cli.model.transformer import Transformer


@dataclass(frozen=True, slots=True)
class AttentionMaps:
    """The attention weights of one pair; each row is a softmax that sums to 1, and masked entries are exactly 0.

    Args:
        encoder: (L, H, S, S), encoder self-attention.
        decoder: (L, H, T, T), masked decoder self-attention.
        cross: (L, H, T, S), encoder-decoder attention.
    """

    encoder: Tensor
    decoder: Tensor
    cross: Tensor


def attention_maps(model: Transformer, source: Tensor, decoder_input: Tensor) -> tuple[AttentionMaps, Tensor]:
    """Run ``model`` on one pair of sentences and record its attention weights.

    Args:
        model: The model, in evaluation mode.
        source: (S,) int64, eos included.
        decoder_input: (T,) int64, beginning with bos.

    Returns:
        The attention weights, and the log-probabilities (T, V) of each next token.
    """
    mask = torch.ones(1, 1, 1, len(source), dtype=torch.bool, device=source.device)
    with (
        torch.inference_mode(),
        recorded_weights(model.encoder, "self_attention") as encoder,
        recorded_weights(model.decoder, "self_attention") as decoder,
        recorded_weights(model.decoder, "cross_attention") as cross,
    ):
        logits = model(source[None], mask, decoder_input[None])
    # L times (1, H, T, S) -> (L, H, T, S)
    maps = (torch.cat(layers).float().cpu() for layers in (encoder, decoder, cross))
    return AttentionMaps(*maps), logits[0].float().log_softmax(dim=-1).cpu()
