"""The memory of a process and of all that it has started."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path


def memory(process: int) -> float:
    """Return the MiB of a process and of all that it has started; a page that several share counts once."""
    kibibytes = 0
    for each in _family(process):
        try:
            rollup = Path(f"/proc/{each}/smaps_rollup").read_text()
        except OSError:
            continue
        kibibytes += sum(int(line.split()[1]) for line in rollup.splitlines() if line.startswith("Pss:"))
    return kibibytes / 1024


def _family(process: int) -> Iterator[int]:
    """Yield the number of a process, and those of all that it has started."""
    yield process
    for children in Path(f"/proc/{process}/task").glob("*/children"):
        try:
            found = children.read_text().split()
        except OSError:  # it has just ended
            continue
        for child in found:
            yield from _family(int(child))
