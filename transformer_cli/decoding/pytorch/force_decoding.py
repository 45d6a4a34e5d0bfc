"""Forced decoding of given translations, for their log-probabilities and attention."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass

import torch
from torch import Tensor

from transformer_cli.decoding.pytorch.recorded_attention import recorded_weights
from transformer_cli.decoding.pytorch.transformer_decoder import pad_ids
from transformer_cli.model.transformer import Transformer
from transformer_cli.special_tokens import BOS_ID, EOS_ID


@dataclass(frozen=True, slots=True)
class ForcedDecoding:
    """Result of forced decoding of one target sentence.

    Args:
        log_probs: Natural logarithm of the probability of each token, the last being eos.
        attention: See `Hypothesis.attention`; None if not requested.
    """

    log_probs: tuple[float, ...]
    attention: tuple[tuple[float, ...], ...] | None = None


@torch.inference_mode()
def force_decode(
    model: Transformer,
    sources: Sequence[Sequence[int]],
    targets: Sequence[Sequence[int]],
    *,
    with_attention: bool = False,
) -> list[ForcedDecoding]:
    """Decode given targets, all positions of a batch at once.

    Args:
        model: In evaluation mode.
        sources: Token ids of each source, with eos at the end.
        targets: Token ids of each target, without bos and eos.
        with_attention: Whether to return the attention of the targets to the sources.
    """
    device = next(model.parameters()).device
    source, mask = pad_ids(sources, device=device)
    labels, _ = pad_ids([[*ids, EOS_ID] for ids in targets], device=device)  # (B, T)
    decoder_input = torch.cat((torch.full_like(labels[:, :1], BOS_ID), labels[:, :-1]), dim=1)
    layers: list[Tensor] = []
    with ExitStack() as stack:
        if with_attention:
            layers = stack.enter_context(recorded_weights(model.decoder, "cross_attention"))
        log_probs = model(source, mask, decoder_input).log_softmax(dim=-1).gather(2, labels[:, :, None])[:, :, 0]
    decoded = [
        ForcedDecoding(tuple(row[: len(target) + 1])) for target, row in zip(targets, log_probs.tolist(), strict=True)
    ]
    if not with_attention:
        return decoded
    attention = torch.stack([layer.mean(dim=1) for layer in layers]).mean(dim=0).float().cpu()  # (B, T, S)
    return [
        ForcedDecoding(one.log_probs, tuple(map(tuple, rows[: len(target), : len(ids)].tolist())))
        for one, target, ids, rows in zip(decoded, targets, sources, attention, strict=True)
    ]
