"""The learning rate: a linear warm-up, then a decay without end (section 5.3 of the paper) or to zero at an end."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from transformer_cli.config import Decay

_COOLDOWN = 0.3
"""Share of the updates after the warm-up in which ``one_minus_sqrt`` falls; Hägele et al. 2024 use 0.2."""


@dataclass(frozen=True, slots=True)
class Ending:
    """The updates over which the rate falls to zero.

    Args:
        first_step: The last update with the full rate; the rate falls from the next update on.
        last_step: The last update; the next one would have the rate 0.
    """

    first_step: int
    last_step: int


def _one_minus_sqrt(progress: float) -> float:
    return 1 - math.sqrt(max(0.0, 1 - (1 - progress) / _COOLDOWN))


_SHAPES: Mapping[Decay, Callable[[float], float]] = {
    "linear": lambda progress: 1 - progress,
    "cosine": lambda progress: (1 + math.cos(math.pi * progress)) / 2,
    "one_minus_sqrt": _one_minus_sqrt,
}
"""Functions from the completed share of the ending to the remaining share of the highest rate."""


def learning_rate(
    step: int,
    *,
    peak: float,
    warmup_steps: int,
    earlier_steps: int = 0,
    rewarmup_steps: int = 1,
    decay: Decay = "inverse_sqrt",
    ending: Ending | None = None,
) -> float:
    """Return the learning rate of update ``step``, counted from 1.

    A training that begins with trained weights continues the schedule after ``earlier_steps`` updates. It first needs a
    linear warm-up from 0, because its optimiser has no estimate of the gradients yet.

    The default is equation 3 of the paper, ``d_model**-0.5 * min(step**-0.5, step * warmup**-1.5)``, written around its
    peak: ``peak * min(step / warmup, sqrt(warmup / step))``; the paper's own peak is ``(d_model * warmup) ** -0.5``.

    Every other ``decay`` keeps the highest rate until ``ending`` begins, and then falls to zero. The rate does not fall
    while no ending is known.
    """
    done = earlier_steps + step
    if decay != "inverse_sqrt":
        done = max(earlier_steps, min(done, warmup_steps))
    rewarming = min(1.0, step / rewarmup_steps)
    rate = rewarming * peak * min(done / warmup_steps, math.sqrt(warmup_steps / done))
    if decay == "inverse_sqrt" or ending is None or step <= ending.first_step:
        return rate
    progress = (step - ending.first_step) / (ending.last_step + 1 - ending.first_step)
    return rate * _SHAPES[decay](min(1.0, progress))
