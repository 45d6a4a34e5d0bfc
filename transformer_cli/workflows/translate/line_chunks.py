"""The lines of a stream in windows: as many at once as are there without waiting, and no more than fit into memory."""

from __future__ import annotations

import io
import os
import select
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from transformer_cli.errors import DataError
from transformer_cli.files.os_errors import explain_os_errors
from transformer_cli.text.lines import Line, decode_line

_WINDOW_LINES = 4000
_WINDOW_BYTES = 1 << 20
_LINE_BYTES = 1 << 24
_READ_BYTES = 1 << 16


def read_windows(source: BinaryIO) -> Iterator[list[Line]]:
    """Yield the lines of ``source`` in windows as large as can be had without waiting, bounded in size.

    Raises:
        DataError: ``source`` cannot be read, or holds a line of more than 16 MiB, which no text has.
    """
    window: list[Line] = []
    number = size = 0
    rest = bytearray()
    while True:
        if window and (size >= _WINDOW_BYTES or not _has_more_now(source)):
            yield window
            window, size = [], 0
        chunk = _read_some(source)
        if not chunk:
            break
        rest += chunk
        if len(rest) > _LINE_BYTES:
            raise DataError(f"line {number + 1} is longer than {_LINE_BYTES >> 20} MiB; is the input text?")
        if b"\n" not in chunk:
            continue
        *complete, rest = rest.split(b"\n")
        for raw in complete:
            number += 1
            size += len(raw)
            window.append(decode_line(bytes(raw) + b"\n", number))
            if len(window) == _WINDOW_LINES:
                yield window
                window, size = [], 0
    if rest:
        window.append(decode_line(bytes(rest), number + 1))
    if window:
        yield window


def _read_some(source: BinaryIO) -> bytes:
    """Return what is there, waiting only if nothing is; empty at the end."""
    descriptor = _descriptor(source)
    if descriptor is None:
        return source.read(_READ_BYTES)
    with explain_os_errors(Path(str(getattr(source, "name", "the input"))), "read", DataError):
        while True:
            try:
                return os.read(descriptor, _READ_BYTES)
            except BlockingIOError:  # whoever opened the pipe made it so; what is wanted here is to wait
                select.select([descriptor], [], [])


def _has_more_now(source: BinaryIO) -> bool:
    """Say whether reading would return at once; a file and a stream in memory always do."""
    descriptor = _descriptor(source)
    if descriptor is None or stat.S_ISREG(os.fstat(descriptor).st_mode):
        return True
    return bool(select.select([descriptor], [], [], 0)[0])


def _descriptor(source: BinaryIO) -> int | None:
    """Return what the system knows ``source`` by; None for a stream in memory or a packed file."""
    try:
        return source.fileno()
    except io.UnsupportedOperation:
        return None
