"""Constraints on the next token, independent of the model's probabilities."""

from __future__ import annotations

import torch
from torch import Tensor

from transformer_cli.special_tokens import EOS_ID


def rule_out(log_probs: Tensor, *, must_end: Tensor | None = None) -> None:
    """Set pad, unk and bos to -inf in place, and all tokens except eos where a sentence must end.

    Args:
        log_probs: (N, V), the rows of each sentence side by side.
        must_end: (B,) bool, True where a sentence has reached its maximum length, or None if none has.
    """
    log_probs[:, :EOS_ID] = -torch.inf
    if must_end is not None:
        rows = must_end.repeat_interleave(len(log_probs) // len(must_end)).nonzero().squeeze(1)
        end = log_probs[rows, EOS_ID]
        log_probs[rows] = -torch.inf
        log_probs[rows, EOS_ID] = end


def keep_only(log_probs: Tensor, token: int) -> None:
    """Set all tokens except one to -inf in place."""
    kept = log_probs[:, token].clone()
    log_probs.fill_(-torch.inf)
    log_probs[:, token] = kept
