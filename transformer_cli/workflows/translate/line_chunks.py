"""Reads the lines of a stream in chunks of bounded size, without waiting for more input than is there."""

from __future__ import annotations

import io
import logging
import os
import select
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from transformer_cli.errors import DataError
from transformer_cli.files.os_errors import explain_os_errors
from transformer_cli.text.encodings import (
    STDIN,
    Utf8Check,
    conversion,
    may_become_mark,
    wide_decoder,
    wide_without_mark,
)
from transformer_cli.text.lines import Line, decode_line

logger = logging.getLogger(__name__)

_MOST_LINES = 4000
_MOST_BYTES = 1 << 20
_LINE_BYTES = 1 << 24
_READ_BYTES = 1 << 16


def read_chunks(source: BinaryIO) -> Iterator[list[Line]]:
    """Yield the lines of ``source`` in chunks.

    A chunk holds the lines that can be read without waiting, up to a fixed size. A byte order mark of UTF-16 or UTF-32
    at the beginning says what the text is in; otherwise it is UTF-8. At the end, a warning is logged if most of it was
    in another encoding.

    Raises:
        DataError: ``source`` cannot be read, has a line of more than 16 MiB, so it is not text, or is UTF-16 or UTF-32
            without a mark.
    """
    check = Utf8Check(_name(source))
    yield from _chunks(source, check)
    if check.is_in_one_encoding and (problem := check.problem()):
        logger.warning(str(problem))


def _chunks(source: BinaryIO, check: Utf8Check) -> Iterator[list[Line]]:
    chunk: list[Line] = []
    number = size = 0
    rest = bytearray()
    blocks = _utf8_blocks(source)
    while True:
        if chunk and (size >= _MOST_BYTES or not _has_more_now(source)):
            yield chunk
            chunk, size = [], 0
        data = next(blocks, b"")
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
            chunk.append(_decode(bytes(raw) + b"\n", number, check))
            if len(chunk) == _MOST_LINES:
                yield chunk
                chunk, size = [], 0
    if rest:
        chunk.append(_decode(bytes(rest), number + 1, check))
    if chunk:
        yield chunk


def _decode(raw: bytes, number: int, check: Utf8Check) -> Line:
    line = decode_line(raw, number)
    if line.had_invalid_bytes:
        check.count_bad(raw, number)
    elif not raw.isascii():
        check.count_good()
    return line


def _utf8_blocks(source: BinaryIO) -> Iterator[bytes]:
    """Yield the bytes of ``source`` as they come; UTF-16 and UTF-32 with a byte order mark as UTF-8."""
    beginning = _read_some(source)
    while may_become_mark(beginning) and (more := _read_some(source)):
        beginning += more
    decoder = wide_decoder(beginning)
    if decoder is None:
        if name := wide_without_mark(beginning):
            raise DataError(f"{_name(source)} is {name}, not UTF-8; convert it with: {conversion(_name(source), name)}")
        yield beginning
        while data := _read_some(source):
            yield data
        return
    data = beginning
    while data:
        if decoded := decoder.decode(data):
            yield _encode(decoded)
        data = _read_some(source)
    yield _encode(decoder.decode(b"", final=True))


def _encode(text: str) -> bytes:
    # A byte that UTF-8 never has in place of what was no character, so that its line is warned of.
    return text.encode().replace("\ufffd".encode(), b"\xff")


def _name(source: BinaryIO) -> str:
    name = getattr(source, "name", None)
    return name if isinstance(name, str) and name != "<stdin>" else STDIN


def _read_some(source: BinaryIO) -> bytes:
    """Return the available bytes, or no bytes at the end; waits only if none are available."""
    descriptor = _descriptor(source)
    if descriptor is None:
        return source.read(_READ_BYTES)
    with explain_os_errors(Path(_name(source)), "read", DataError):
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
