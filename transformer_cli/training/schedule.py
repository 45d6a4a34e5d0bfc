"""The learning rate: up in a straight line, then down with the square root of the step (section 5.3)."""

from __future__ import annotations

import math


def learning_rate(step: int, *, peak: float, warmup_steps: int) -> float:
    """Return the learning rate of update ``step``, counted from 1.

    Equation 3 of the paper, ``d_model**-0.5 * min(step**-0.5, step * warmup**-1.5)``, written around its peak:
    ``peak * min(step / warmup, sqrt(warmup / step))``; the paper's own peak is ``(d_model * warmup) ** -0.5``.
    """
    return peak * min(step / warmup_steps, math.sqrt(warmup_steps / step))
