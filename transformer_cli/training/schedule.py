"""The learning rate: up in a straight line, then down with the square root of the step (section 5.3)."""

from __future__ import annotations

import math


def learning_rate(
    step: int, *, peak: float, warmup_steps: int, earlier_steps: int = 0, rewarmup_steps: int = 1
) -> float:
    """Return the learning rate of update ``step``, counted from 1.

    A training that begins with trained weights goes on where ``earlier_steps`` updates have come to, but in a straight
    line from 0 at first: its optimiser has no estimate of the gradients yet.

    Equation 3 of the paper, ``d_model**-0.5 * min(step**-0.5, step * warmup**-1.5)``, written around its peak:
    ``peak * min(step / warmup, sqrt(warmup / step))``; the paper's own peak is ``(d_model * warmup) ** -0.5``.
    """
    done = earlier_steps + step
    rewarming = min(1.0, step / rewarmup_steps)
    return rewarming * peak * min(done / warmup_steps, math.sqrt(warmup_steps / done))
