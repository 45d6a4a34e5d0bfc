"""One batch on several cores: each thread takes some of its rows through model and loss, and back.

Within an operation threads meet after every one of some thousand short steps, and wait for whichever was kept from its
core. Here they meet once an update.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import torch
from torch import Tensor, nn

from transformer_cli.data.tokens.batching import Batch
from transformer_cli.kernels.dropout import random_numbers_from

_MOST = 4
"""Shards at most: each has a gradient of its own for every weight; further threads work within the operations."""


class RowShards:
    """Some threads, each with its own share of every batch.

    Args:
        threads: Of the whole machine, as many as computing is to use.
    """

    def __init__(self, threads: int) -> None:
        self.count = max(1, min(threads, _MOST))
        self._pool = ThreadPoolExecutor(self.count, "shard", torch.set_num_threads, (max(1, threads // self.count),))

    def backward(
        self, batch: Batch, loss: Callable[[Batch], Tensor], parameters: Sequence[nn.Parameter], *, seed: Sequence[int]
    ) -> float:
        """Add the gradient of ``loss(batch)`` to those of ``parameters``; return the loss.

        Args:
            batch: On the CPU.
            loss: Sum over the rows it is given; called in several threads at once.
            parameters: The loss depends on every one.
            seed: Decides all randomness.
        """

        def work(shard: int) -> tuple[float, tuple[Tensor, ...]]:
            number = np.random.SeedSequence([*seed, shard]).generate_state(1, np.uint64)[0]
            with random_numbers_from(torch.Generator().manual_seed(int(number))):
                total = loss(batch.rows(slice(shard, None, self.count)))
            return total.item(), torch.autograd.grad(total, parameters)

        results = list(self._pool.map(work, range(min(self.count, len(batch.source)))))
        for parameter, *parts in zip(parameters, *(gradients for _, gradients in results), strict=True):
            # Not in place: what autograd returns may share its memory with something else.
            gradient = sum(parts[1:], start=parts[0])
            parameter.grad = gradient if parameter.grad is None else parameter.grad + gradient
        return sum(total for total, _ in results)
