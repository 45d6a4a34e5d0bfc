"""One batch after another, each whole: as one writes it first."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from transformer_cli.data.tokens.batching import Batch
from transformer_cli.device import seed_from
from transformer_cli.training.gradients.method import Loss


class Alone:
    """Forward and backward in this process and this thread; see `GradientMethod`.

    Args:
        loss: Depends on the weights.
        scaler: Scales the loss, so that gradients of float16 keep their digits.
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
