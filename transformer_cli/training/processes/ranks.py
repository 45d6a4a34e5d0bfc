"""The interface between the processes that train one model together. Nothing here needs torch.

``torchrun`` starts all processes with the same command; the first one, process 0, does all work that is done once.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager


class Ranks:
    """One process that trains alone; `process_group.ProcessGroup` is one of several.

    Every process must call the same methods in the same order; otherwise all wait for each other.
    """

    rank = 0
    """The number of this process, from 0."""

    world_size = 1
    """The number of processes."""

    @property
    def is_first(self) -> bool:
        """Whether this process prepares, writes, evaluates and logs for all processes."""
        return self.rank == 0

    def sum(self, *values: float) -> list[float]:
        """Return the sum of each value over all processes, the same in every process."""
        return list(values)

    def any(self, condition: bool) -> bool:
        """Return whether the condition holds in any process."""
        return self.sum(condition)[0] > 0

    def from_first(self, *values: float) -> list[float]:
        """Return the values of the first process."""
        return list(values)

    def broadcast(self, message: bytes) -> bytes:
        """Return the first process's message; the wait may be long, because it may prepare a corpus first."""
        return message

    def gather(self, message: bytes) -> list[bytes]:
        """Return the messages of all processes in the first one, by their numbers, and nothing in the others."""
        return [message]

    def go_ahead(self, wanted: bool) -> bool:
        """Return the first process's ``wanted``; the wait may be as long as that of `broadcast`."""
        return bool(self.broadcast(b"yes" if wanted else b""))

    @contextmanager
    def first_ahead(self) -> Iterator[None]:
        """Let the first process run the block before the others, which then find its files."""
        if not self.is_first:
            self.go_ahead(False)
        yield
        if self.is_first:
            self.go_ahead(True)

    def part(self) -> None:
        """Wait for the other processes; after that each runs independently."""


def is_one_of_several() -> bool:
    """Return whether ``torchrun`` started this process together with others."""
    return "TORCHELASTIC_RUN_ID" in os.environ and int(os.environ["WORLD_SIZE"]) > 1


def is_first_process() -> bool:
    """Return whether this process trains alone or is the first of several."""
    return not is_one_of_several() or os.environ["RANK"] == "0"
