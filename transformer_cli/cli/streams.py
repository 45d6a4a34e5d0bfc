"""Where a command reads from and writes to: stdin or a file, stdout or a file that appears whole."""

from __future__ import annotations

import io
import logging
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from transformer_cli.files.atomic import atomic_write
from transformer_cli.files.packed import open_text_input

logger = logging.getLogger(__name__)


def make_usable() -> None:
    """See to it that there are three standard streams, and that stdout takes any text.

    A stream that was closed when the program started (``<&-``) becomes one to ``/dev/null``; else the next file that is
    opened would take its place. What stdout's encoding does not have is written as an escape sequence.
    """
    streams = {"stdin": sys.stdin, "stdout": sys.stdout, "stderr": sys.stderr}
    for descriptor, (name, stream) in enumerate(streams.items()):
        if stream is None:
            opened = os.open(os.devnull, os.O_RDWR)
            if opened != descriptor:
                os.dup2(opened, descriptor)
            setattr(sys, name, os.fdopen(descriptor, "w" if descriptor else "r"))
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")


def discard_stdout() -> None:
    """Let what is still to be written to stdout go nowhere, so that the end of the process does not try it again."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def stdin() -> BinaryIO:
    """Return stdin; somebody who sits at it is told that it is read."""
    if sys.stdin.isatty():
        logger.info("reading from the terminal, a sentence a line; Ctrl-D ends")
    return sys.stdin.buffer


@contextmanager
def open_input(file: Path | None) -> Iterator[BinaryIO]:
    """Open ``file``, packed or not, or stdin for None and ``-``.

    Raises:
        DataError: It cannot be opened.
    """
    if file is None or str(file) == "-":
        yield stdin()
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


def is_stdout_watched(output: Path | None) -> bool:
    """Say whether what `open_output` is given appears on a terminal."""
    return (output is None or str(output) == "-") and sys.stdout.isatty()


def _write_to_stdout(data: bytes) -> None:
    sys.stdout.buffer.write(data)
    sys.stdout.buffer.flush()
