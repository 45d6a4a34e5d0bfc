"""The Transformer as a `StepDecoder`: encodes the source once, then decodes one token per step."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from transformer_cli.decoding.pytorch.fused_decoder import StepWeights
from transformer_cli.device import autocast
from transformer_cli.model.transformer import Transformer
from transformer_cli.special_tokens import PAD_ID


class TransformerStepDecoder:
    """Decodes translations of B source sentences, with ``rows_per_sentence`` rows each.

    Args:
        model: In evaluation mode.
        source: (B, S) int64, padded.
        source_mask: (B, 1, 1, S) boolean, True where ``source`` is not padding.
        rows_per_sentence: W, the width of the search.
        weights: Step weights of the model, or None to make them here.
    """

    def __init__(
        self,
        model: Transformer,
        source: Tensor,
        source_mask: Tensor,
        *,
        rows_per_sentence: int,
        weights: StepWeights | None = None,
    ) -> None:
        self._weights = weights or StepWeights(model)
        with autocast(source.device, self._weights.precision):
            memory = model.encode(source, source_mask)
        self._cache = self._weights.start(memory, source_mask, width=rows_per_sentence)

    def step(self, tokens: Tensor) -> Tensor:
        """See `StepDecoder.step`; the vocabulary is padded to a multiple of 16."""
        is_first = self._cache.length == 0
        if is_first:  # all rows of a sentence are equal, so one of them is enough
            tokens = tokens[:: self._cache.width]
        logits = self._weights.step(tokens, self._cache).float()
        log_probs = torch.log_softmax(logits, dim=-1, out=logits)  # in place: allocating this much memory takes as long
        return log_probs.repeat_interleave(self._cache.width, dim=0) if is_first else log_probs

    def select(self, rows: Tensor) -> None:
        """See `StepDecoder.select`."""
        width = self._cache.width
        parents = rows.view(-1, width)
        # If the number of sentences is unchanged, so are the sentences and their order.
        if len(parents) < self._cache.sentences:
            self._cache.keep(parents[:, 0] // width)
        self._cache.select(parents % width)


def pad_ids(sentences: Sequence[Sequence[int]], *, device: torch.device) -> tuple[Tensor, Tensor]:
    """Return the padded token ids (B, S), int64, and their mask (B, 1, 1, S), True where there is no padding."""
    longest = max(map(len, sentences))
    rows = [[*ids, *[PAD_ID] * (longest - len(ids))] for ids in sentences]
    rectangle = torch.tensor(rows, dtype=torch.int64, device=device)
    return rectangle, (rectangle != PAD_ID)[:, None, None, :]
