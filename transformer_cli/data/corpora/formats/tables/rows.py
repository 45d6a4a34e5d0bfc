"""The rows of a text table: lines cut at a delimiter, with quoted fields or without."""

from __future__ import annotations

import csv
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from transformer_cli.text.lines import Line


@dataclass(frozen=True, slots=True)
class Dialect:
    """How the rows of a table are written.

    Args:
        delimiter: The string between two cells; with quotes it is one character.
        has_quotes: Whether a cell may stand in double quotes, and then hold delimiters, line ends and doubled quotes.
    """

    delimiter: str
    has_quotes: bool


@dataclass(slots=True)  # not frozen, which doubles the time to make one
class Row:
    """One row of a table.

    Args:
        number: The number of the line that it begins in.
        cells: Its cells; empty if it has a problem.
        is_utf8: Whether its bytes were UTF-8.
        problem: Why it cannot be cut into cells, and what to do, or None.
        text: With a problem, the text of its first line.
    """

    number: int
    cells: list[str]
    is_utf8: bool = True
    problem: str | None = None
    text: str = field(default="", repr=False)


def read_rows(lines: Iterable[Line], dialect: Dialect) -> Iterator[Row]:
    r"""Yield the rows of a table without the blank ones.

    A row with a problem is the line that it begins in; the rows after it begin in the next line. ``\r\n`` inside a
    quoted cell becomes ``\n``.
    """
    if dialect.has_quotes:
        yield from _quoted_rows(lines, dialect.delimiter)
        return
    delimiter = dialect.delimiter
    for line in lines:
        cells = line.text.split(delimiter)
        if len(cells) > 1 or not _is_blank(line.text):
            yield Row(line.number, cells, not line.had_invalid_bytes)


def width_of(cells: Sequence[str]) -> int:
    """Return the number of cells up to the last that is not empty, but at least 2 if there are 2."""
    width = len(cells)
    while width > 2 and not cells[width - 1]:
        width -= 1
    return width


def _is_blank(text: str) -> bool:
    return not text or text.isspace()


def _quoted_rows(lines: Iterable[Line], delimiter: str) -> Iterator[Row]:
    source = _RowLines(iter(lines))
    reader = csv.reader(source, delimiter=delimiter, strict=True)
    while True:
        source.row.clear()
        try:
            cells = next(reader, None)
        except csv.Error as error:
            first = source.row[0]
            source.read_again_after_the_first()
            yield Row(first.number, [], not first.had_invalid_bytes, _what_is_wrong(error), first.text)
            continue
        if cells is None:
            return
        first = source.row[0]
        if len(source.row) > 1:
            yield Row(first.number, cells, not any(line.had_invalid_bytes for line in source.row))
        elif len(cells) > 1 or not _is_blank(first.text):
            yield Row(first.number, cells, not first.had_invalid_bytes)


class _RowLines:
    """The lines of a file, each with its line end; remembers those of the row that is being read."""

    def __init__(self, lines: Iterator[Line]) -> None:
        self.row: list[Line] = []
        self._lines = lines
        self._again: deque[Line] = deque()

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = self._again.popleft() if self._again else next(self._lines)
        self.row.append(line)
        return line.text + "\n"

    def read_again_after_the_first(self) -> None:
        """Return all lines of the row but the first; a quote that is never closed must not take them along."""
        self._again.extendleft(reversed(self.row[1:]))


def _what_is_wrong(error: csv.Error) -> str:
    message = str(error)
    if "field larger" in message:
        most = csv.field_size_limit()
        return f"a field has more than {most:,} characters: is its quote never closed? close it, or leave the row out"
    if "unexpected end" in message:
        return "a quote that is opened here, or in the row, is never closed; close it, or double it if it is text"
    if "expected after" in message:
        return "text follows a closing quote; double the quotes that are part of a text"
    if "new-line character" in message:
        return "a carriage return stands outside quotes; quote the field, or end rows with a line feed"
    return f"{message}; mend the row or leave it out"
