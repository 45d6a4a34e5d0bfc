"""Lines of text: splits and decodes the lines of a file.

Only a line feed ends a line here. Python's own text mode or ``str.splitlines`` also split at a lone carriage return, at
U+2028 and at other characters. Such a character inside a sentence would shift all later lines of an aligned corpus.
"""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from transformer_cli.errors import DataError
from transformer_cli.files.os_errors import explain_os_errors
from transformer_cli.files.packed import open_text_input

# UTF-32 comes first: its little-endian mark begins with the bytes of UTF-16's.
_WIDE_MARKS = (
    (codecs.BOM_UTF32_LE, "UTF-32"),
    (codecs.BOM_UTF32_BE, "UTF-32"),
    (codecs.BOM_UTF16_LE, "UTF-16"),
    (codecs.BOM_UTF16_BE, "UTF-16"),
)


@dataclass(frozen=True, slots=True)
class Line:
    """One line of text.

    Attributes:
        number: Its place in the input, counted from 1.
        text: Its text, without the line end; bytes that are not UTF-8 became U+FFFD.
        had_invalid_bytes: Whether it held bytes that are not UTF-8.
    """

    number: int
    text: str
    had_invalid_bytes: bool


def decode_line(raw: bytes, number: int) -> Line:
    r"""Turn the bytes of one line into text.

    One final ``\n`` and a ``\r`` right before it are dropped. On line 1, a UTF-8 byte order mark is dropped too.

    Args:
        raw: The line, with or without its line end.
        number: Its place in the input, counted from 1.
    """
    if raw.endswith(b"\n"):
        raw = raw[:-1].removesuffix(b"\r")
    if number == 1:
        raw = raw.removeprefix(codecs.BOM_UTF8)
    try:
        return Line(number, raw.decode("utf-8"), had_invalid_bytes=False)
    except UnicodeDecodeError:
        return Line(number, raw.decode("utf-8", errors="replace"), had_invalid_bytes=True)


def read_lines(stream: BinaryIO) -> Iterator[Line]:
    r"""Read the lines of a binary stream, each as soon as it is complete, also from a slow pipe.

    Only ``\n`` ends a line. A last line without it counts as a line. Empty input has no lines.

    Args:
        stream: A buffered binary stream, such as ``sys.stdin.buffer``.

    Yields:
        The lines, numbered from 1.
    """
    # readline requests only the bytes it needs from a buffered stream, so a typed line is returned at once.
    for number, raw in enumerate(iter(stream.readline, b""), start=1):
        yield decode_line(raw, number)


def read_text_lines(path: Path) -> Iterator[Line]:
    """Read the lines of a file, compressed or not; the file is opened when the first line is requested.

    Args:
        path: The file.

    Yields:
        The lines, numbered from 1.

    Raises:
        DataError: The file cannot be opened, is cut short or damaged, or is UTF-16 or UTF-32.
    """
    with open_text_input(path) as stream, explain_os_errors(path, "read", DataError):
        for number, raw in enumerate(iter(stream.readline, b""), start=1):
            if number == 1:
                _refuse_wide_text(path, raw)
            yield decode_line(raw, number)


def _refuse_wide_text(path: Path, beginning: bytes) -> None:
    name = next((name for mark, name in _WIDE_MARKS if beginning.startswith(mark)), None)
    if name is None and 3 * beginning.count(0) > len(beginning) > 3:
        # UTF-16 or UTF-32 without a mark: for Latin letters, one of two bytes or three of four bytes are zero.
        width = 32 if 3 * beginning.count(0) > 2 * len(beginning) else 16
        name = f"UTF-{width}{'BE' if beginning[0] == 0 else 'LE'}"
    if name is not None:
        raise DataError(f"{path} is {name}, not UTF-8; convert it with: iconv -f {name} -t UTF-8 {path}")
