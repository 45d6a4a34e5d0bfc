"""The processes that train one model together, as each of them sees the others. No torch here.

``torchrun`` starts them all with the same command; process 0, the first, does what is to be done once.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager


class Ranks:
    """One process that trains alone; `process_group.ProcessGroup` is one of several.

    Every process calls the same methods in the same order, or all wait for each other.
    """

    rank = 0
    """Number of this process, from 0."""

    world_size = 1
    """How many there are."""

    @property
    def is_first(self) -> bool:
        """Whether this process prepares, writes, evaluates and speaks for all."""
        return self.rank == 0

    def sum(self, *values: float) -> list[float]:
        """Return the sums of each value over all processes, the same ones everywhere."""
        return list(values)

    def any(self, condition: bool) -> bool:
        """Say whether the condition holds in any process."""
        return self.sum(condition)[0] > 0

    def from_first(self, *values: float) -> list[float]:
        """Return the values that the first process gave."""
        return list(values)

    def go_ahead(self, wanted: bool) -> bool:
        """Return what the first process gave, however long that takes: it may have a corpus to prepare before."""
        return wanted

    @contextmanager
    def first_ahead(self) -> Iterator[None]:
        """Let the first process go through the block before the others, which then find what it has written."""
        if not self.is_first:
            self.go_ahead(False)
        yield
        if self.is_first:
            self.go_ahead(True)

    def part(self) -> None:
        """Wait for the others; from then on each is on its own."""


def is_one_of_several() -> bool:
    """Say whether ``torchrun`` started this process and others with it."""
    return "TORCHELASTIC_RUN_ID" in os.environ and int(os.environ["WORLD_SIZE"]) > 1


def is_first_process() -> bool:
    """Say whether this process trains alone or is the first of several."""
    return not is_one_of_several() or os.environ["RANK"] == "0"
