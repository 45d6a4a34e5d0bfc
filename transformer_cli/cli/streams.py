"""Where a command reads from and writes to: stdin or a file, stdout or a file that appears whole."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from transformer_cli.textio import atomic_write, open_text_input


@contextmanager
def open_input(file: Path | None) -> Iterator[BinaryIO]:
    """Open ``file``, packed or not, or stdin for None and ``-``.

    Raises:
        DataError: It cannot be opened.
    """
    if file is None or str(file) == "-":
        yield sys.stdin.buffer
        return
    with open_text_input(file) as stream:
        yield stream


@contextmanager
def open_output(file: Path | None) -> Iterator[Callable[[bytes], object]]:
    """Yield a function that writes to ``file``, or to stdout for None and ``-``, where it comes out at once.

    Raises:
        TfmError: It cannot be written.
    """
    if file is None or str(file) == "-":
        yield _write_to_stdout
        return
    with atomic_write(file) as stream:
        yield stream.write


def _write_to_stdout(data: bytes) -> None:
    sys.stdout.buffer.write(data)
    sys.stdout.buffer.flush()
