"""Each process computes its own rows of a batch; the last backward pass sums the gradients over all processes."""

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
    """Forward and backward in this process, one of several under `torchrun`; see `GradientMethod`.

    Args:
        model: Its weights are replaced by those of the first process.
        loss: Computes the loss from every weight.
        scaler: Scales the loss, so that float16 gradients do not underflow.
        ranks: The processes that train together.
    """

    def __init__(self, model: nn.Module, loss: Loss, scaler: torch.amp.GradScaler, ranks: Ranks) -> None:
        self._total_loss = _TotalLoss(model, loss)
        self._scaler = scaler
        self._ranks = ranks
        self._parallel: DistributedDataParallel | None = None

    def backward(self, batches: Sequence[Batch], target_tokens: int, *, seed: Sequence[int]) -> float:
        """See `GradientMethod.backward`."""
        seed_from(*seed, self._ranks.rank)
        if self._parallel is None:  # made here, after the weights of the checkpoint are loaded
            self._parallel = _in_parallel(self._total_loss)
        total = 0.0
        for number, batch in enumerate(batches, start=1):
            with nullcontext() if number == len(batches) else self._parallel.no_sync():
                part: Tensor = self._parallel(batch) / target_tokens
                # `DistributedDataParallel` averages the gradients over the processes, but the sum is needed.
                self._scaler.scale(part * self._ranks.world_size).backward()
            total += part.item()
        return total


class _TotalLoss(nn.Module):
    """The model and its loss as one module with one forward pass, as `DistributedDataParallel` requires."""

    def __init__(self, model: nn.Module, loss: Loss) -> None:
        super().__init__()
        self.model = model
        self._loss = loss

    def forward(self, batch: Batch) -> Tensor:
        return self._loss(batch).total


def _in_parallel(module: nn.Module) -> DistributedDataParallel:
    """Wrap ``module``: all processes get the first one's weights, and backward passes average the gradients."""
    with warnings.catch_warnings():
        # torch 2.13 has a new name for this argument, which earlier releases do not know.
        warnings.filterwarnings("ignore", "`broadcast_buffers` is deprecated", FutureWarning)
        return DistributedDataParallel(module, broadcast_buffers=False)
