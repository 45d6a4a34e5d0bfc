"""The part of a beam search that scans the whole vocabulary for the best continuations of the live hypotheses."""

from __future__ import annotations

import torch
from torch import Tensor

_BLOCK = 16


def best_continuations(live_log_probs: Tensor, log_probs: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Find the 2W best continuations of each sentence's W live hypotheses.

    The vocabulary is divided into blocks. The 2W best values lie in the 2W blocks with the largest maxima, so only
    these are searched. Rounded addition preserves order, so the maximum of a block can be computed before the
    hypothesis' own log-probability is added.

    Args:
        live_log_probs: (B, W) float32, log-probabilities of the hypotheses so far.
        log_probs: (B * W, V) float32, log-probabilities of the token after each.

    Returns:
        Total log-probability, parent row (of B * W) and token of each continuation, (B, 2W), best first.
    """
    num_sentences, width = live_log_probs.shape
    size = _BLOCK if log_probs.shape[1] % _BLOCK == 0 else 1
    blocks = log_probs.view(num_sentences, width, size, -1)  # (B, W, 16, V / 16): a block is a column
    maxima = blocks.amax(dim=2) + live_log_probs[:, :, None]  # (B, W, V / 16)
    num_blocks = maxima.shape[2]
    best_blocks = maxima.flatten(1).topk(min(2 * width, width * num_blocks), dim=1).indices  # (B, C)
    row, column = best_blocks // num_blocks, best_blocks % num_blocks
    first_cells = (row * size * num_blocks + column)[:, None, :]
    cells = first_cells + torch.arange(size, device=row.device)[None, :, None] * num_blocks  # (B, 16, C)
    cells = cells.flatten(1)
    totals = blocks.flatten(1).gather(1, cells) + live_log_probs.gather(1, cells // log_probs.shape[1])
    best, chosen = totals.topk(2 * width, dim=1)  # (B, 2W)
    cells = cells.gather(1, chosen)
    first_rows = torch.arange(0, num_sentences * width, width, device=cells.device)
    return best, first_rows[:, None] + cells // log_probs.shape[1], cells % log_probs.shape[1]
