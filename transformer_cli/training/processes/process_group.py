"""Several processes under ``torchrun``: how they connect, and sums over all of them."""

from __future__ import annotations

import os
import re
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import torch
from torch import Tensor, distributed
from torch.distributed.distributed_c10d import PrefixStore, Store
from torch.distributed.rendezvous import rendezvous

from transformer_cli.errors import LostProcessError
from transformer_cli.training.processes.ranks import Ranks

_TIMEOUT = timedelta(minutes=30)
"""Time to wait for a process that does not answer; the longest normal wait is a validation by the first process."""

_PATIENCE = timedelta(days=30)
"""Time to wait while the first process prepares the data; if it dies, the others notice at once."""

_OF_A_LOST_PROCESS = re.compile(r"gloo|nccl|peer|socket|store|timed? ?out|process group", re.IGNORECASE)


class ProcessGroup(Ranks):
    """One of several processes; numbers are exchanged on the CPU, gradients on the model's device.

    Args:
        patient: A second group of all processes, with a longer timeout for long waits.
    """

    def __init__(self, patient: distributed.ProcessGroup) -> None:
        self.rank = distributed.get_rank()
        self.world_size = distributed.get_world_size()
        self._patient = patient

    def sum(self, *values: float) -> list[float]:
        """Return the sum of each value over all processes, in float64."""
        numbers = torch.tensor(values, dtype=torch.float64)
        distributed.all_reduce(numbers)
        return numbers.tolist()

    def from_first(self, *values: float) -> list[float]:
        """Return the values of the first process, in float64."""
        numbers = torch.tensor(values, dtype=torch.float64)
        distributed.broadcast(numbers, src=0)
        return numbers.tolist()

    def broadcast(self, message: bytes) -> bytes:
        """Return the first process's message."""
        size = torch.tensor([len(message)])
        distributed.broadcast(size, src=0, group=self._patient)
        if not int(size):
            return b""
        data = _tensor_of(message if self.is_first else bytes(int(size)))
        distributed.broadcast(data, src=0, group=self._patient)
        return data.numpy().tobytes()

    def gather(self, message: bytes) -> list[bytes]:
        """Return the messages of all processes in the first one, and nothing in the others."""
        sizes = [torch.zeros(1, dtype=torch.int64) for _ in range(self.world_size)]
        distributed.all_gather(sizes, torch.tensor([len(message)]), group=self._patient)
        longest = max(1, *map(int, sizes))
        found = [torch.empty(longest, dtype=torch.uint8) for _ in sizes] if self.is_first else None
        distributed.gather(_tensor_of(message.ljust(longest)), found, dst=0, group=self._patient)
        return [each.numpy().tobytes()[: int(size)] for each, size in zip(found or [], sizes, strict=False)]

    def part(self) -> None:
        """Wait for the other processes and leave the group."""
        distributed.barrier(self._patient)
        distributed.destroy_process_group()


def _tensor_of(message: bytes) -> Tensor:
    return torch.frombuffer(bytearray(message), dtype=torch.uint8)


def own_device(name: str) -> str:
    """Return ``name``, or this process's own GPU if ``name`` is "cuda", or "auto" on a machine with GPUs."""
    leaves_open = name == "cuda" or (name == "auto" and torch.cuda.is_available())
    return f"cuda:{os.environ['LOCAL_RANK']}" if leaves_open else name


def _fresh_part_of(store: Store, rank: int, world_size: int) -> Store:
    """Return a part of ``torchrun``'s store that is the same in all processes and has never been written to.

    When ``torchrun`` restarts dead processes, the store stays, and it still holds the addresses of the dead processes.
    PyTorch itself uses a prefix that counts restarts. Each machine counts its own restarts, so the prefixes differ
    after one machine restarts (pytorch#108158, pytorch#135712). Here each process asks under a new, unique name, and
    the first process answers until all have the answer.
    """
    name = uuid.uuid4().hex
    if rank:
        store.set(f"asking/{rank}", name)
        attempt = store.get(f"answer/{name}").decode()
        store.set(f"heard/{attempt}/{name}", "")
        return PrefixStore(attempt, store)
    silent = set(range(1, world_size))
    deadline = time.monotonic() + _TIMEOUT.total_seconds()
    while silent:
        for other in [other for other in silent if store.check([f"asking/{other}"])]:
            asking = store.get(f"asking/{other}").decode()
            store.set(f"answer/{asking}", name)
            if store.check([f"heard/{name}/{asking}"]):
                silent.remove(other)
        if time.monotonic() > deadline:
            raise RuntimeError(f"timed out waiting for process {min(silent)}")
        time.sleep(0.02)
    return PrefixStore(name, store)


@contextmanager
def joined(device: torch.device) -> Iterator[ProcessGroup]:
    """Connect to the other processes; the block must call `ProcessGroup.part` after the last exchange.

    Args:
        device: The model's device.

    Raises:
        LostProcessError: A process has died or does not answer.
    """
    if device.type == "cuda":
        torch.cuda.set_device(device)
    try:
        store, rank, world_size = next(rendezvous("env://", timeout=_TIMEOUT))
        distributed.init_process_group(
            "cpu:gloo,cuda:nccl" if device.type == "cuda" else "gloo",
            store=_fresh_part_of(store, rank, world_size),
            rank=rank,
            world_size=world_size,
            timeout=_TIMEOUT,
        )
        yield ProcessGroup(distributed.new_group(timeout=_PATIENCE, backend="gloo"))
    except RuntimeError as error:
        if not _OF_A_LOST_PROCESS.search(str(error)):
            raise
        raise LostProcessError(
            "another process of this training has died or does not answer; the same command goes on from the last "
            "checkpoint"
        ) from None
