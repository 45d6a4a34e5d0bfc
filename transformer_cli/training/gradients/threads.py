"""One batch on several cores: each thread computes forward and backward passes for some of its rows.

Threads within an operation meet after each of some thousand short steps and wait for the slowest one. Here they meet
once per batch.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import torch
from torch import Tensor, nn

from transformer_cli.data.tokens.batching import Batch
from transformer_cli.kernels.dropout import random_numbers_from
from transformer_cli.training.gradients.method import Loss

MOST_SHARDS = 4
"""Limit of shards, as each keeps its own gradient of every weight; more threads work within the operations."""


class InThreads:
    """Forward and backward in several threads, each with its share of the rows of every batch; see `GradientMethod`.

    Args:
        loss: Computes the loss from every parameter; called in several threads at once.
        parameters: The weights.
        threads: Number of threads for computing in the whole process.
    """

    def __init__(self, loss: Loss, parameters: Sequence[nn.Parameter], *, threads: int) -> None:
        self._loss = loss
        self._parameters = parameters
        self._count = min(threads, MOST_SHARDS)
        self._pool = ThreadPoolExecutor(self._count, "shard", torch.set_num_threads, (threads // self._count,))

    def backward(self, batches: Sequence[Batch], target_tokens: int, *, seed: Sequence[int]) -> float:
        """See `GradientMethod.backward`."""
        return sum(
            self._backward(batch, target_tokens, seed=(*seed, number)) for number, batch in enumerate(batches, start=1)
        )

    def _backward(self, batch: Batch, target_tokens: int, *, seed: Sequence[int]) -> float:
        def work(shard: int) -> tuple[float, tuple[Tensor, ...]]:
            number = np.random.SeedSequence([*seed, shard]).generate_state(1, np.uint64)[0]
            with random_numbers_from(torch.Generator().manual_seed(int(number))):
                total = self._loss(batch.rows(slice(shard, None, self._count))).total / target_tokens
            return total.item(), torch.autograd.grad(total, self._parameters)

        results = list(self._pool.map(work, range(min(self._count, len(batch.source)))))
        for parameter, *parts in zip(self._parameters, *(gradients for _, gradients in results), strict=True):
            # Not in place: a gradient from autograd may share its memory with another tensor.
            gradient = sum(parts[1:], start=parts[0])
            parameter.grad = gradient if parameter.grad is None else parameter.grad + gradient
        return sum(total for total, _ in results)
