"""Whether ``torch.compile`` works here: it needs a compiler, which not every machine has."""

from __future__ import annotations

import torch
from torch import Tensor


def compile_failure(device: torch.device) -> str | None:
    """Compile something small for ``device``; return in one line why that fails, or None if it works."""

    def small(x: Tensor) -> Tensor:
        return (x + 1.0).relu()

    try:
        torch.compile(small, dynamic=True)(torch.ones(2, device=device))
    except (RuntimeError, OSError) as error:
        lines = [line.strip() for line in str(error).splitlines() if line.strip()]
        return lines[0] if lines else type(error).__name__
    return None
