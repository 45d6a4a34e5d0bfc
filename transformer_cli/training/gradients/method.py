"""The common interface of all methods to compute the gradients of an update."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from transformer_cli.data.tokens.batching import Batch
from transformer_cli.training.loss import TokenLoss

Loss = Callable[[Batch], TokenLoss]
"""Type of a function that computes the loss of a batch, with a gradient."""


class GradientMethod(Protocol):
    """Computes the gradients of an update."""

    def backward(self, batches: Sequence[Batch], target_tokens: int, *, seed: Sequence[int]) -> float:
        """Add the gradients of the mean loss to the gradients of the weights.

        Args:
            batches: This process's part of the update.
            target_tokens: Number of target tokens of the whole update, in all processes; the sum of the losses is
                divided by it.
            seed: Seed of all randomness, which is dropout; the update does not depend on earlier random numbers.

        Returns:
            This process's part of the mean loss.
        """
        ...
