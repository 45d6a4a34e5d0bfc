"""Positional encoding: attention alone cannot tell first from last, so positions are added as waves (section 3.5)."""

from __future__ import annotations

import torch
from torch import Tensor


def sinusoidal_positions(length: int, d_model: int, *, device: torch.device | None = None) -> Tensor:
    """Return the table of section 3.5, sines and cosines interleaved.

        PE[pos, 2i]     = sin(pos / 10000 ** (2i / d_model))
        PE[pos, 2i + 1] = cos(pos / 10000 ** (2i / d_model))

    Args:
        length: Number of positions, from 0.
        d_model: Size of a position's vector; even.
        device: Where to put the table.

    Returns:
        (length, d_model), float32; computed in float64, for late positions need the digits.
    """
    position = torch.arange(length, dtype=torch.float64, device=device)
    two_i = torch.arange(0, d_model, 2, dtype=torch.float64, device=device)
    angle = position[:, None] / 10000.0 ** (two_i / d_model)
    return torch.stack([angle.sin(), angle.cos()], dim=-1).flatten(1).float()  # (T, D/2, 2) -> (T, D)
