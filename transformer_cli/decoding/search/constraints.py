"""Constraints on the next token, independent of the model's probabilities."""

from __future__ import annotations

import torch
from torch import Tensor

from transformer_cli.decoding.engine import Prefixes
from transformer_cli.special_tokens import EOS_ID

NONE_GIVEN = -1
"""Stands where the next token of a sentence is free."""


def given_tokens(prefixes: Prefixes, *, device: torch.device) -> Tensor:
    """Return the given tokens of each sentence by position, (B, L) int64, `NONE_GIVEN` after the last one of each.

    Args:
        prefixes: B sequences of token ids, L the length of the longest; or nothing, then L is 0.
        device: Device of the result.
    """
    longest = max(map(len, prefixes), default=0)
    rows = [[*prefix, *[NONE_GIVEN] * (longest - len(prefix))] for prefix in prefixes]
    return torch.tensor(rows, dtype=torch.int64, device=device).view(len(prefixes), longest)


def constrain(
    log_probs: Tensor, *, given: Tensor | None = None, must_end: Tensor | None = None, ends_freely: bool = False
) -> None:
    """Set to -inf, in place, every token but the given one, or else pad, unk and bos, or else all but eos.

    Args:
        log_probs: (N, V), the rows of each sentence side by side.
        given: (B,) int64, the next token of each sentence or `NONE_GIVEN`; None if no sentence has one.
        must_end: (B,) bool, True where a sentence has reached its maximum length, or None if none has. None of these
            has a given token.
        ends_freely: Whether eos is certain where a sentence must end, so that its probability does not count.
    """
    kept = None if given is None else _entries(log_probs, given != NONE_GIVEN, given)
    log_probs[:, :EOS_ID] = -torch.inf
    if must_end is not None:
        rows, columns, of_eos = _entries(log_probs, must_end, torch.full_like(must_end, EOS_ID, dtype=torch.int64))
        _keep_only(log_probs, rows, columns, of_eos.masked_fill(~of_eos.isnan(), 0.0) if ends_freely else of_eos)
    if kept is not None:
        _keep_only(log_probs, *kept)


def _entries(log_probs: Tensor, which: Tensor, tokens: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Return the rows of some sentences, the token of each row, and what stands there."""
    rows_per_sentence = len(log_probs) // len(which)
    rows = which.repeat_interleave(rows_per_sentence).nonzero().squeeze(1)
    columns = tokens.repeat_interleave(rows_per_sentence)[rows]
    return rows, columns, log_probs[rows, columns]


def _keep_only(log_probs: Tensor, rows: Tensor, columns: Tensor, values: Tensor) -> None:
    log_probs[rows] = -torch.inf
    log_probs[rows, columns] = values
