"""Lines of text: splits and decodes the lines of a file.

Only a line feed ends a line here. Python's own text mode or ``str.splitlines`` also split at a lone carriage return, at
U+2028 and at other characters. Such a character inside a sentence would shift all later lines of an aligned corpus.
"""

from __future__ import annotations

import codecs
import io
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import BinaryIO, NamedTuple

from transformer_cli.errors import DataError
from transformer_cli.files.os_errors import explain_os_errors
from transformer_cli.files.packed import open_text_input
from transformer_cli.text.encodings import Utf8Check, other_encoding

_BEGINNING = 1 << 12
_FEW = 4  # so many lines may be damaged by accident
_COMPARED = 1000  # lines of a given encoding with UTF-8
_OF_TWO = "if the other one of two files is in it, convert that one to UTF-8 (iconv) and name none"


class Line(NamedTuple):  # made in less than half the time of a frozen dataclass
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
        return Line(number, raw.decode("utf-8"), False)
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


def read_text_lines(path: Path, *, encoding: str | None = None, setting: str | None = None) -> Iterator[Line]:
    """Read the lines of a file, compressed or not; the file is opened when the first line is requested.

    Args:
        path: The file.
        encoding: Its encoding; None: UTF-8, and a file that is in another encoding is refused.
        setting: The key of a recipe that sets ``encoding``, for the messages, or None.

    Yields:
        The lines, numbered from 1.

    Raises:
        DataError: The file cannot be opened, is cut short or damaged, or is in another encoding.
    """
    with open_text_input(path) as stream, explain_os_errors(path, "read", DataError):
        yield from read_checked_lines(stream, str(path), encoding=encoding, setting=setting)


def read_checked_lines(
    stream: BinaryIO, name: str, *, encoding: str | None = None, setting: str | None = None
) -> Iterator[Line]:
    """Read the lines of a stream as `read_lines` does, but refuse a text that is in another encoding.

    Up to four lines, or a tenth of those that are not plain ASCII, may be damaged.

    Args:
        stream: A buffered binary stream.
        name: Its name, for messages.
        encoding: Its encoding; None: UTF-8.
        setting: The key of a recipe that sets ``encoding``, for the messages, or None.

    Yields:
        The lines, numbered from 1.

    Raises:
        DataError: The text is in another encoding.
    """
    if encoding is not None:
        yield from _read_decoded_lines(stream, name, encoding)
        return
    check = Utf8Check(name, setting=setting)
    beginning = stream.read(_BEGINNING)
    check.refuse(beginning)
    beginning += stream.readline()
    raw_lines = chain(iter(io.BytesIO(beginning).readline, b""), iter(stream.readline, b""))
    for number, raw in enumerate(raw_lines, start=1):
        line = decode_line(raw, number)
        if line.had_invalid_bytes:
            check.count_bad(raw, number)
            if check.is_hopeless:
                check.finish()
        elif not raw.isascii():
            check.count_good()
        yield line
    check.finish()


def _read_decoded_lines(stream: BinaryIO, name: str, encoding: str) -> Iterator[Line]:
    bad = good = utf8 = 0
    buffered = io.BufferedReader(stream)  # type: ignore[type-var,unused-ignore]
    encoding = _with_byte_order(encoding, buffered.peek(_BEGINNING), name)
    is_utf8 = codecs.lookup(encoding).name in ("utf-8", "utf-8-sig")
    # Only a line feed ends a line here, too.
    with io.TextIOWrapper(buffered, encoding=encoding, errors="replace", newline="\n") as decoded:
        for number, text in enumerate(decoded, start=1):
            if text.endswith("\n"):
                text = text[:-1].removesuffix("\r")
            if number == 1:
                text = text.removeprefix("\ufeff")
            is_bad = "\ufffd" in text
            bad += is_bad
            if not is_bad and not text.isascii():
                good += 1
                if not is_utf8 and good <= _COMPARED:
                    utf8 += _would_be_utf8(text, encoding)
            yield Line(number, text, is_bad)
    if bad > good and bad > _FEW:
        counts = f"{bad} of {bad + good} lines that are not plain ASCII"
        raise DataError(f"{name} is not {encoding}: {counts} are not; name another encoding; {_OF_TWO}")
    if 2 * utf8 > min(good, _COMPARED) and utf8 > _FEW:
        raise DataError(f'{name} is UTF-8, not {encoding}; take encoding = "{encoding}" out of the recipe; {_OF_TWO}')


def _with_byte_order(encoding: str, beginning: bytes, name: str) -> str:
    """Return the encoding, or the one with its byte order if it is UTF-16 or UTF-32 and the text has no mark.

    Raises:
        DataError: The text has no mark, and its bytes do not tell the order.
    """
    wide = codecs.lookup(encoding).name
    if wide not in ("utf-16", "utf-32") or not beginning:
        return encoding
    found = (other_encoding(beginning) or "").lower()
    if not found.startswith("utf-"):
        orders = f'encoding = "{wide}le" or "{wide}be"'
        raise DataError(f"{name} has no byte order mark, which {encoding} needs; set {orders} if it is in one of them")
    return found


def _would_be_utf8(text: str, encoding: str) -> bool:
    try:
        raw = text.encode(encoding)
        raw.decode("utf-8")
    except UnicodeError:
        return False
    return not raw.isascii()
