"""Each process its own rows of a batch; the gradients are summed over all processes during the last backward pass."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from contextlib import nullcontext

import torch
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

from transformer_cli.data.tokens.batching import Batch
from transformer_cli.device import seed_from
from transformer_cli.training.gradients.method import Loss
from transformer_cli.training.processes.ranks import Ranks


class InProcesses:
    """Some processes of `torchrun`, of which this is one; see `GradientMethod`.

    Args:
        model: Has the weights, which become those of the first process.
        loss: Depends on every weight.
        scaler: Scales the loss, so that gradients of float16 keep their digits.
        ranks: The processes.
    """

    def __init__(self, model: nn.Module, loss: Loss, scaler: torch.amp.GradScaler, ranks: Ranks) -> None:
        self._total_loss = _TotalLoss(model, loss)
        self._scaler = scaler
        self._ranks = ranks
        self._parallel: DistributedDataParallel | None = None

    def backward(self, batches: Sequence[Batch], target_tokens: int, *, seed: Sequence[int]) -> float:
        """See `GradientMethod.backward`."""
        seed_from(*seed, self._ranks.rank)
        if self._parallel is None:  # made here, where the weights are those of the checkpoint
            self._parallel = _in_parallel(self._total_loss)
        total = 0.0
        for number, batch in enumerate(batches, start=1):
            with nullcontext() if number == len(batches) else self._parallel.no_sync():
                part: Tensor = self._parallel(batch) / target_tokens
                # `DistributedDataParallel` takes the mean of the gradients over the processes; wanted is their sum.
                self._scaler.scale(part * self._ranks.world_size).backward()
            total += part.item()
        return total


class _TotalLoss(nn.Module):
    """The model and its loss as one module with one forward pass, as `DistributedDataParallel` wants it."""

    def __init__(self, model: nn.Module, loss: Loss) -> None:
        super().__init__()
        self.model = model
        self._loss = loss

    def forward(self, batch: Batch) -> Tensor:
        return self._loss(batch).total


def _in_parallel(module: nn.Module) -> DistributedDataParallel:
    """Give all processes the weights of the first, and from now on each backward pass the mean of their gradients."""
    with warnings.catch_warnings():
        # The word that replaces this one since torch 2.13 is unknown to the releases before.
        warnings.filterwarnings("ignore", "`broadcast_buffers` is deprecated", FutureWarning)
        return DistributedDataParallel(module, broadcast_buffers=False)
