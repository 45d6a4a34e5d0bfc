"""Opens the input and output of a command: stdin or a file, and stdout or a file that appears only when complete."""

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
from transformer_cli.files.packed import open_text_input, packed_as_named

logger = logging.getLogger(__name__)


def make_usable() -> None:
    """Ensure that all three standard streams exist and that stdout accepts any text, and all of it.

    A stream that was closed when the program started (``<&-``) is connected to ``/dev/null``; otherwise the next opened
    file would take its place. What is written to a closed stdout is an error, for it would be lost. Characters that the
    encoding of stdout lacks are written as escape sequences. Under ``PYTHONUNBUFFERED`` stdout may write a part of
    what it is given and say nothing; a buffer writes the rest or raises an error.
    """
    streams = {"stdin": sys.stdin, "stdout": sys.stdout, "stderr": sys.stderr}
    for descriptor, (name, stream) in enumerate(streams.items()):
        if stream is None:
            opened = os.open(os.devnull, os.O_RDONLY if name == "stdout" else os.O_RDWR)
            if opened != descriptor:
                os.dup2(opened, descriptor)
            setattr(sys, name, os.fdopen(descriptor, "w" if descriptor else "r"))
    if isinstance(sys.stdout, io.TextIOWrapper):
        if isinstance(sys.stdout.buffer, io.RawIOBase):
            sys.stdout = open(1, "w", buffering=1, encoding=sys.stdout.encoding, closefd=False)  # noqa: SIM115
        sys.stdout.reconfigure(errors="backslashreplace")


def discard_stdout() -> None:
    """Discard the buffered output of stdout, so that the process does not try to write it again at its end."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def stdin() -> BinaryIO:
    """Return stdin; on a terminal, log that the command reads from it."""
    if sys.stdin.isatty():
        logger.info("reading from the terminal, a sentence a line; Ctrl-D ends")
    return sys.stdin.buffer


def name_of_input(file: Path | None) -> str:
    """Return the name of the input of `open_input`, for messages."""
    return "stdin" if file is None or str(file) == "-" else str(file)


@contextmanager
def open_input(file: Path | None) -> Iterator[BinaryIO]:
    """Open ``file``, compressed or not, or stdin for None and ``-``.

    Raises:
        DataError: The file cannot be opened.
    """
    if file is None or str(file) == "-":
        yield stdin()
        return
    with open_text_input(file) as stream:
        yield stream


@contextmanager
def open_output(file: Path | None) -> Iterator[Callable[[bytes], object]]:
    """Yield a function that writes to ``file``, or at once to stdout for None and ``-``.

    A file is packed if its name says so, as `open_input` reads it.

    Raises:
        TfmError: The output cannot be written.
    """
    if file is None or str(file) == "-":
        yield _write_to_stdout
        return
    with atomic_write(file) as stream, packed_as_named(file, stream) as packed:
        yield packed.write


def is_stdout_watched(output: Path | None) -> bool:
    """Return whether the output of `open_output` appears on a terminal."""
    return (output is None or str(output) == "-") and sys.stdout.isatty()


def _write_to_stdout(data: bytes) -> None:
    sys.stdout.buffer.write(data)
    sys.stdout.buffer.flush()
