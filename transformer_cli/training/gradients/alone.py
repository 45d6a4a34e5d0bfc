"""The simplest method: one whole batch after another."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from transformer_cli.data.tokens.batching import Batch
from transformer_cli.device import seed_from
from transformer_cli.training.gradients.method import Loss


class Alone:
    """Forward and backward in this process and this thread; see `GradientMethod`.

    Args:
        loss: Computes the loss from the weights.
        scaler: Scales the loss, so that float16 gradients do not underflow.
    """

    def __init__(self, loss: Loss, scaler: torch.amp.GradScaler) -> None:
        self._loss = loss
        self._scaler = scaler

    def backward(self, batches: Sequence[Batch], target_tokens: int, *, seed: Sequence[int]) -> float:
        """See `GradientMethod.backward`."""
        seed_from(*seed, 0)
        total = 0.0
        for batch in batches:
            part = self._loss(batch).total / target_tokens
            self._scaler.scale(part).backward()
            total += part.item()
        return total
