"""``train.log``: what was told, dated, kept in the run directory; older files are numbered and in the end deleted."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from pathlib import Path
from typing import TextIO

_LARGEST = 1_000_000
_OLDER_FILES = 3


class LogFile:
    """A log that is rotated when it is opened: ``train.log``, ``train.log.1`` and so on.

    A log that cannot be written is no reason not to work: whatever fails here is told once and then left alone.

    Args:
        path: The file.
        complain: Told in one line if it cannot be written.
    """

    def __init__(self, path: Path, complain: Callable[[str], None]) -> None:
        self.path = path
        self._complain = complain
        self._file: TextIO | None = None
        try:
            if path.is_file() and path.stat().st_size > _LARGEST:
                _rotate(path)
            self._file = path.open("a", encoding="utf-8", errors="backslashreplace")
        except OSError as error:
            self._give_up(error)

    def write(self, text: str) -> None:
        """Append one dated line."""
        if self._file is None:
            return
        try:
            self._file.write(f"{time.strftime('%Y-%m-%d %H:%M:%S')} {text}\n")
            self._file.flush()
        except OSError as error:
            self._give_up(error)

    def close(self) -> None:
        """Write no more."""
        if self._file is not None:
            with contextlib.suppress(OSError):
                self._file.close()
            self._file = None

    def _give_up(self, error: OSError) -> None:
        self.close()
        self._complain(f"cannot write {self.path}: {(error.strerror or str(error)).lower()}; going on without it")


def _rotate(path: Path) -> None:
    names = [path, *(path.with_name(f"{path.name}.{number}") for number in range(1, _OLDER_FILES + 1))]
    for older, newer in zip(reversed(names[1:]), reversed(names[:-1]), strict=True):
        if newer.exists():
            newer.replace(older)
