"""Reads the lines of a stream in chunks of bounded size, without waiting for more input than is there."""

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

_MOST_LINES = 4000
_MOST_BYTES = 1 << 20
_LINE_BYTES = 1 << 24
_READ_BYTES = 1 << 16


def read_chunks(source: BinaryIO) -> Iterator[list[Line]]:
    """Yield the lines of ``source`` in chunks.

    A chunk holds the lines that can be read without waiting, up to a fixed size.

    Raises:
        DataError: ``source`` cannot be read, or has a line of more than 16 MiB, so it is not text.
    """
    chunk: list[Line] = []
    number = size = 0
    rest = bytearray()
    while True:
        if chunk and (size >= _MOST_BYTES or not _has_more_now(source)):
            yield chunk
            chunk, size = [], 0
        data = _read_some(source)
        if not data:
            break
        rest += data
        if len(rest) > _LINE_BYTES:
            raise DataError(f"line {number + 1} is longer than {_LINE_BYTES >> 20} MiB; is the input text?")
        if b"\n" not in data:
            continue
        *complete, rest = rest.split(b"\n")
        for raw in complete:
            number += 1
            size += len(raw)
            chunk.append(decode_line(bytes(raw) + b"\n", number))
            if len(chunk) == _MOST_LINES:
                yield chunk
                chunk, size = [], 0
    if rest:
        chunk.append(decode_line(bytes(rest), number + 1))
    if chunk:
        yield chunk


def _read_some(source: BinaryIO) -> bytes:
    """Return the available bytes, or no bytes at the end; waits only if none are available."""
    descriptor = _descriptor(source)
    if descriptor is None:
        return source.read(_READ_BYTES)
    with explain_os_errors(Path(str(getattr(source, "name", "the input"))), "read", DataError):
        while True:
            try:
                return os.read(descriptor, _READ_BYTES)
            except BlockingIOError:  # the pipe was opened as non-blocking, but this has to wait
                select.select([descriptor], [], [])


def _has_more_now(source: BinaryIO) -> bool:
    """Return whether reading would return at once, as it always does for a file or a stream in memory."""
    descriptor = _descriptor(source)
    if descriptor is None or stat.S_ISREG(os.fstat(descriptor).st_mode):
        return True
    return bool(select.select([descriptor], [], [], 0)[0])


def _descriptor(source: BinaryIO) -> int | None:
    """Return the file descriptor of ``source``, or None for a stream in memory or a compressed file."""
    try:
        return source.fileno()
    except io.UnsupportedOperation:
        return None
