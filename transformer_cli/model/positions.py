"""Positional encoding: sine and cosine waves tell attention the order of the tokens (section 3.5)."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor


def sinusoidal_positions(
    length: int, d_model: int, *, kind: Literal["paper", "marian"] = "paper", device: torch.device | None = None
) -> Tensor:
    """Return the table of section 3.5, with sines and cosines interleaved.

        PE[pos, 2i]     = sin(pos / 10000 ** (2i / d_model))
        PE[pos, 2i + 1] = cos(pos / 10000 ** (2i / d_model))

    Args:
        length: Number of positions, from 0.
        d_model: Size of each position's vector; even.
        kind: "marian" divides 2i by ``d_model - 2``, so that the slowest wave has the frequency 1 / 10000.
        device: Device of the table.

    Returns:
        (length, d_model), float32. The table is computed in float64, because late positions need the precision.
    """
    position = torch.arange(length, dtype=torch.float64, device=device)
    two_i = torch.arange(0, d_model, 2, dtype=torch.float64, device=device)
    angle = position[:, None] / 10000.0 ** (two_i / (d_model - 2 if kind == "marian" else d_model))
    return torch.stack([angle.sin(), angle.cos()], dim=-1).flatten(1).float()  # (T, D/2, 2) -> (T, D)
