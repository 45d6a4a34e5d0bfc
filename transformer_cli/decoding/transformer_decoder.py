"""The Transformer as a `StepDecoder`: the source read once, then one token a step through the cache."""

from __future__ import annotations

import torch
from torch import Tensor

from transformer_cli.model.transformer import Transformer


class TransformerStepDecoder:
    """Decodes B source sentences, ``rows_per_sentence`` rows each.

    Args:
        model: In evaluation mode.
        source: (B, S) int64, padded.
        source_mask: (B, 1, 1, S) boolean, True where ``source`` is not padding.
        rows_per_sentence: W, the width of the search.
    """

    def __init__(self, model: Transformer, source: Tensor, source_mask: Tensor, *, rows_per_sentence: int) -> None:
        self._model = model
        self._rows_per_sentence = rows_per_sentence
        self._cache = model.start_cache(model.encode(source, source_mask), source_mask)

    def step(self, tokens: Tensor) -> Tensor:
        """See `StepDecoder.step`."""
        return self._model.decode_step(tokens, self._cache).float().log_softmax(dim=-1)

    def select(self, rows: Tensor) -> None:
        """See `StepDecoder.select`."""
        sentences = rows[:: self._rows_per_sentence] // self._rows_per_sentence
        # Rows of one sentence always come together: as many sentences as before are the same ones in the same order.
        all_go_on = len(sentences) == self._cache.source_mask.size(0)
        self._cache.select(rows, None if all_go_on else sentences)


def pad_sources(sentences: list[list[int]], *, pad_id: int, device: torch.device) -> tuple[Tensor, Tensor]:
    """Return token ids as a rectangle (B, S), int64, and its mask (B, 1, 1, S)."""
    longest = max(map(len, sentences))
    rows = [ids + [pad_id] * (longest - len(ids)) for ids in sentences]
    source = torch.tensor(rows, dtype=torch.int64, device=device)
    return source, (source != pad_id)[:, None, None, :]
