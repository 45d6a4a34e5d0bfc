"""The plainest way to generate a token: decode all tokens so far and use the last position.

`greedy_search` with this decoder is a complete, readable translator. `transformer_decoder` gives the same
probabilities, but caches the values that this decoder computes again at every step.
"""

from __future__ import annotations

import torch
from torch import Tensor

from transformer_cli.model.transformer import Transformer


class PlainStepDecoder:
    """The Transformer as a `StepDecoder`.

    Args:
        model: In evaluation mode.
        source: (B, S) int64, padded.
        source_mask: (B, 1, 1, S) boolean, True where ``source`` is not padding.
        rows_per_sentence: W, the width of the search.
    """

    def __init__(self, model: Transformer, source: Tensor, source_mask: Tensor, *, rows_per_sentence: int = 1) -> None:
        self._model = model
        self._memory = model.encode(source, source_mask).repeat_interleave(rows_per_sentence, dim=0)  # (N, S, D)
        self._source_mask = source_mask.repeat_interleave(rows_per_sentence, dim=0)
        self._prefix = source.new_empty(len(self._memory), 0)  # (N, T), T grows

    def step(self, tokens: Tensor) -> Tensor:
        """See `StepDecoder.step`."""
        self._prefix = torch.cat((self._prefix, tokens[:, None]), dim=1)
        hidden = self._model.decode(self._prefix, self._memory, self._source_mask)
        return self._model.logits(hidden[:, -1]).log_softmax(dim=-1)  # (N, T, D) -> (N, V)

    def select(self, rows: Tensor) -> None:
        """See `StepDecoder.select`."""
        self._prefix, self._memory, self._source_mask = self._prefix[rows], self._memory[rows], self._source_mask[rows]
