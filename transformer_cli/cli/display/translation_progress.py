"""Shows the progress of a translation: a live line with Rich on a terminal, periodic dated lines elsewhere."""

from __future__ import annotations

import io
import logging
import os
import stat
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import BinaryIO

from transformer_cli.cli.display import console

logger = logging.getLogger(__name__)

_SECONDS_BETWEEN_LINES = 60


@contextmanager
def translation_display(
    source: BinaryIO, *, is_wanted: bool, counted: str = "lines"
) -> Iterator[Callable[[int], None]]:
    """Yield a function to call with the number of what is translated.

    Args:
        source: The input; the size of a file serves to estimate the time left.
        is_wanted: Whether to show progress; False if the translations appear on the terminal.
        counted: What is counted.
    """
    if not is_wanted or console.is_quiet():
        yield lambda _: None
    elif console.is_terminal():
        yield from _live_count(_Pace(source, counted))
    else:
        yield _LineCount(_Pace(source, counted)).show


class _Pace:
    """The speed of a translation and the estimated time left.

    Args:
        source: The input.
        counted: What is counted.
    """

    def __init__(self, source: BinaryIO, counted: str) -> None:
        self.counted = counted
        self._descriptor = _file_descriptor(source)
        self._size = os.fstat(self._descriptor).st_size if self._descriptor is not None else 0
        self._began = time.monotonic()

    def describe(self, lines: int) -> str:
        """Return the number done, the number per second and, if known, the time left."""
        elapsed = max(time.monotonic() - self._began, 1e-6)
        text = f"{lines:,} {self.counted}, {lines / elapsed:.0f} a second"
        done = os.lseek(self._descriptor, 0, os.SEEK_CUR) if self._descriptor is not None else 0
        if not 0 < done < self._size:
            return text
        return f"{text}, {console.duration(elapsed * (self._size - done) / done)} left"


def _file_descriptor(source: BinaryIO) -> int | None:
    """Return the descriptor of a plain file, or None if the length is unknown: pipe, terminal, compressed file."""
    try:
        descriptor = source.fileno()
    except io.UnsupportedOperation:
        return None
    return descriptor if stat.S_ISREG(os.fstat(descriptor).st_mode) else None


def _live_count(pace: _Pace) -> Iterator[Callable[[int], None]]:
    from rich.console import Console
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    columns = (SpinnerColumn(), TextColumn("{task.description}", markup=False), TimeElapsedColumn())
    terminal = Console(stderr=True, markup=False, highlight=False, emoji=False)
    with Progress(*columns, console=terminal, transient=True) as progress:
        task = progress.add_task(f"0 {pace.counted}", total=None)
        yield lambda lines: progress.update(task, description=pace.describe(lines))


class _LineCount:
    """Periodic progress lines for a log file."""

    def __init__(self, pace: _Pace) -> None:
        self._pace = pace
        self._told = time.monotonic()

    def show(self, lines: int) -> None:
        """Update the number of lines done so far."""
        now = time.monotonic()
        if now - self._told >= _SECONDS_BETWEEN_LINES:
            logger.info(f"translated {self._pace.describe(lines)}")
            self._told = now
