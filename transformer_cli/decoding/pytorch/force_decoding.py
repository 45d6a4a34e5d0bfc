"""What a model says to a translation that is given: how probable it is, and where each token comes from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

import torch
from torch import Tensor

from transformer_cli.decoding.pytorch.transformer_decoder import pad_ids
from transformer_cli.model.layers import DecoderLayer
from transformer_cli.model.transformer import Transformer
from transformer_cli.special_tokens import BOS_ID, EOS_ID


@dataclass(frozen=True, slots=True)
class ForcedDecoding:
    """One target sentence as the model sees it.

    Args:
        log_probs: Natural logarithm of the probability of each token, and last of eos.
        alignment: For each token the position in the source that it looks at most.
    """

    log_probs: tuple[float, ...]
    alignment: tuple[int, ...]


@torch.inference_mode()
def force_decode(
    model: Transformer, sources: Sequence[Sequence[int]], targets: Sequence[Sequence[int]]
) -> list[ForcedDecoding]:
    """Decode given targets, all positions of a batch at once.

    The alignment is that of the attention to the source in the last layer but one, the mean of its heads, where the
    target token is predicted: of all layers it agrees best with alignments by hand (Garg et al. 2019, "Jointly Learning
    to Align and Translate with Transformer Models").

    Args:
        model: In evaluation mode.
        sources: Token ids of each, eos at the end.
        targets: Token ids of each, without bos and eos.
    """
    device = next(model.parameters()).device
    source, mask = pad_ids(sources, device=device)
    labels, _ = pad_ids([[*ids, EOS_ID] for ids in targets], device=device)  # (B, T)
    decoder_input = torch.cat((torch.full_like(labels[:, :1], BOS_ID), labels[:, :-1]), dim=1)
    layers = cast("list[DecoderLayer]", list(model.decoder))
    attention = layers[max(0, len(layers) - 2)].cross_attention
    asked: list[tuple[Tensor, ...]] = []
    hook = attention.register_forward_pre_hook(lambda _, arguments: asked.append(arguments))
    try:
        log_probs = model(source, mask, decoder_input).log_softmax(dim=-1).gather(2, labels[:, :, None])[:, :, 0]
    finally:
        hook.remove()
    positions = attention.weights(*asked[0]).mean(dim=1).argmax(dim=2)  # (B, H, T, S) -> (B, T)
    return [
        ForcedDecoding(tuple(row[: len(target) + 1]), tuple(links[: len(target)]))
        for target, row, links in zip(targets, log_probs.tolist(), positions.tolist(), strict=True)
    ]
