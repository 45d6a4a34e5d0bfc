"""Text tables: tab-separated, where quotes have no meaning, and CSV, where they do."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from pathlib import Path

from transformer_cli.config import LanguagesConfig
from transformer_cli.data.corpora.pairs import SentencePair, find_columns
from transformer_cli.errors import DataError
from transformer_cli.text.lines import read_text_lines

_COMMAS = "source, comma, target; or, where a first row names the columns, semicolons"

Columns = tuple[str | int, str | int]
"""The columns of source and target, each by its name in the header or its number from 1."""


def read_tsv(path: Path, languages: LanguagesConfig, columns: Columns | None = None) -> Iterator[SentencePair]:
    """Yield the pairs of a file with a tab between the columns; each line is a row.

    ``columns`` selects the columns. Without it, the names in the first line do; without such names, the first
    two columns are taken.

    Raises:
        DataError: The file cannot be read, or it or a row lacks a column.
    """
    indices = (0, 1)
    for line in read_text_lines(path):
        row = line.text.split("\t")
        if line.number == 1:
            indices, is_header = _layout(row, languages, columns, path)
            if is_header:
                continue
        place = f"{path}:{line.number}"
        yield _pair(row, indices, place, is_utf8=not line.had_invalid_bytes, layout="source, tab, target")


def read_csv(path: Path, languages: LanguagesConfig, columns: Columns | None = None) -> Iterator[SentencePair]:
    r"""Yield the pairs of a CSV file (RFC 4180): quoted fields may hold commas, doubled quotes and line breaks.

    ``columns`` selects the columns. Without it, the names in the first row do; without such names, the first
    two columns are taken. After a row of names, columns may also be separated by semicolons, as in spreadsheets where
    the comma is the decimal sign. Empty lines are skipped. ``\r\n`` inside a field becomes ``\n``.

    Raises:
        DataError: The file cannot be read, a quote is out of place or never closed, or it or a row lacks a column.
    """
    lines = _CsvLines(path)
    delimiter = ";" if _is_header(lines.first.split(";"), languages, columns) else ","
    rows = csv.reader(lines, delimiter=delimiter, strict=True)
    indices, is_first = (0, 1), True
    while True:
        started, invalid_before = rows.line_num + 1, lines.invalid
        try:
            row = next(rows, None)
        except csv.Error as error:
            raise DataError(f"{path}:{started}: {_what_is_wrong(error)}") from None
        if row is None:
            return
        is_header = False
        if is_first:
            indices, is_header = _layout(row, languages, columns, path)
        if row and not is_header:
            place, is_utf8 = f"{path}:{started}", lines.invalid == invalid_before
            yield _pair(row, indices, place, is_utf8=is_utf8, layout=_COMMAS)
        is_first = False


class _CsvLines:
    """The lines of a file, each with its line end; the first line is known in advance."""

    def __init__(self, path: Path) -> None:
        self._lines = read_text_lines(path)
        self._first = next(self._lines, None)
        self.first = self._first.text if self._first else ""
        self.invalid = 0
        """The number of lines so far that were not UTF-8."""

    def __iter__(self) -> Iterator[str]:
        if self._first is None:
            return
        self.invalid += self._first.had_invalid_bytes
        yield self._first.text + "\n"
        for line in self._lines:
            self.invalid += line.had_invalid_bytes
            yield line.text + "\n"


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


def _is_header(row: Sequence[str], languages: LanguagesConfig, columns: Columns | None) -> bool:
    names = [column for column in columns or () if isinstance(column, str)]
    return all(name in row for name in names) if names else find_columns(tuple(row), languages) is not None


def _layout(
    row: Sequence[str], languages: LanguagesConfig, columns: Columns | None, path: Path
) -> tuple[tuple[int, int], bool]:
    """Return the positions of source and target in a row, and whether the first row is a header."""
    is_header = _is_header(row, languages, columns)
    if columns is not None:
        source, target = (_index(column, row, path) for column in columns)
        return (source, target), is_header
    names = find_columns(tuple(row), languages) if is_header else None
    return ((row.index(names[0]), row.index(names[1])) if names else (0, 1)), is_header


def _index(column: str | int, row: Sequence[str], path: Path) -> int:
    if isinstance(column, int):
        return column - 1
    if column not in row:
        there = ", ".join(f'"{name}"' for name in row[:10])
        raise DataError(
            f'{path}:1: no column is named "{column}", the first row is {there}; name one, or give its number'
        )
    return row.index(column)


def _pair(row: Sequence[str], columns: tuple[int, int], place: str, *, is_utf8: bool, layout: str) -> SentencePair:
    source, target = columns
    if max(columns) >= len(row):
        raise DataError(
            f"{place}: {len(row)} column{'s' * (len(row) > 1)} where at least {max(columns) + 1} are needed: {layout}"
        )
    return SentencePair(row[source], row[target], place, is_utf8)
