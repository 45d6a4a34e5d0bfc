"""What all ways to the gradients of an update have in common."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from transformer_cli.data.tokens.batching import Batch
from transformer_cli.training.loss import TokenLoss

Loss = Callable[[Batch], TokenLoss]
"""Computes the loss of a batch, with a gradient."""


class GradientMethod(Protocol):
    """Computes the gradients of an update."""

    def backward(self, batches: Sequence[Batch], target_tokens: int, *, seed: Sequence[int]) -> float:
        """Add to the gradients of the weights those of the mean loss.

        Args:
            batches: This process's part of the update.
            target_tokens: The number that the sum of the losses is divided by: the target tokens of the whole update,
                in all processes.
            seed: Decides all randomness, dropout that is: whatever came before, the update is the same.

        Returns:
            This process's part of the mean loss.
        """
        ...
