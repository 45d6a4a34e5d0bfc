"""Reads a text table: ``.csv``, ``.tsv`` or ``.txt``."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from transformer_cli.config import CorpusFiles, LanguagesConfig
from transformer_cli.data.corpora.formats.tables.dialects import (
    DELIMITER_NAMES,
    Sample,
    delimiter_of_setting,
    read_sample,
    width_of,
)
from transformer_cli.data.corpora.formats.tables.rows import Dialect, read_rows
from transformer_cli.data.corpora.names import kind_of
from transformer_cli.data.corpora.pairs import SentencePair, find_columns
from transformer_cli.errors import DataError
from transformer_cli.text.lines import Line, read_text_lines

_SAMPLE_LINES = 2000
_SAMPLE_CHARACTERS = 1 << 20


@dataclass(frozen=True, slots=True)
class _Layout:
    """How a table is read.

    Args:
        dialect: How its rows are written.
        width: The number of cells in a row, empty ones at its end aside.
        columns: The indices of source and target.
        has_header: Whether the first row names the columns.
    """

    dialect: Dialect
    width: int
    columns: tuple[int, int]
    has_header: bool


def read_table(path: Path, languages: LanguagesConfig, keys: CorpusFiles | None = None) -> Iterator[SentencePair]:
    """Yield the pairs of a table; delimiter and quoting are found as `read_sample` says. Blank rows are passed over.

    A first line ``sep=;`` sets the delimiter. Without columns in ``keys``, the names in the first row select them;
    without such names, the first two columns are taken.

    Args:
        path: The file.
        languages: The two language codes.
        keys: The corpus in the recipe, whose keys set what is not to be found by content.

    Raises:
        DataError: The file cannot be read or is in another encoding, it or a row lacks a column or has one too many, a
            quote is out of place or never closed, or the delimiter cannot be found.
    """
    keys = keys or CorpusFiles(path=str(path))
    lines = read_text_lines(path, encoding=keys.encoding, setting="encoding")
    sample = _sample(path, lines)
    delimiter = delimiter_of_setting(sample.lines[0].text) if sample.lines else None
    if delimiter is not None:
        sample = Sample(path, sample.lines[1:], sample.is_whole)
    if not sample.lines:
        return
    layout = _find_layout(sample, languages, keys, keys.delimiter or delimiter)
    rows = read_rows(chain(sample.lines, lines), layout.dialect)
    if layout.has_header:
        next(rows)
    source, target = layout.columns
    for row in rows:
        place = f"{path}:{row.number}"
        problem = row.problem if len(row.cells) == layout.width else row.problem or _wrong_width(row.cells, layout)
        if problem is not None:
            raise DataError(f"{place}: {problem}")
        yield SentencePair(row.cells[source], row.cells[target], place, row.is_utf8)


def _sample(path: Path, lines: Iterator[Line]) -> Sample:
    """Take the first lines, those aside that are blank at the beginning."""
    taken: list[Line] = []
    size = 0
    for line in lines:
        if not taken and (not line.text or line.text.isspace()):
            continue
        taken.append(line)
        size += len(line.text)
        if len(taken) == _SAMPLE_LINES or size > _SAMPLE_CHARACTERS:
            return Sample(path, taken, is_whole=False)
    return Sample(path, taken, is_whole=True)


def _find_layout(sample: Sample, languages: LanguagesConfig, keys: CorpusFiles, delimiter: str | None) -> _Layout:
    path = sample.path

    def is_header(row: Sequence[str]) -> bool:
        return _is_header(row, languages, keys)

    reading = read_sample(sample, kind_of(path.name), is_header, delimiter=delimiter, quoting=keys.quoting)
    first = reading.rows[0].cells if reading.rows else []
    has_header = is_header(first) if keys.header is None else keys.header
    if keys.columns is not None:
        indices = _index(keys.columns[0], first, path), _index(keys.columns[1], first, path)
    else:
        names = find_columns(tuple(first), languages) if has_header else None
        indices = (first.index(names[0]), first.index(names[1])) if names else (0, 1)
    width = max(reading.width, max(indices) + 1)
    if has_header and width_of(first) < reading.width:
        raise DataError(
            f"{path}:{reading.rows[0].number}: the header has {width_of(first)} columns, most other rows have "
            f"{reading.width}; name every column"
        )
    return _Layout(reading.dialect, max(width, width_of(first)) if has_header else width, indices, has_header)


def _is_header(row: Sequence[str], languages: LanguagesConfig, keys: CorpusFiles) -> bool:
    if keys.header is False:
        return False
    names = [column for column in keys.columns or () if isinstance(column, str)]
    return all(name in row for name in names) if names else find_columns(tuple(row), languages) is not None


def _index(column: str | int, row: Sequence[str], path: Path) -> int:
    if isinstance(column, int):
        return column - 1
    if column not in row:
        there = ", ".join(f'"{name}"' for name in row[:10])
        raise DataError(
            f'{path}:1: no column is named "{column}", the first row is {there}; name one, or give its number'
        )
    return row.index(column)


def _wrong_width(cells: Sequence[str], layout: _Layout) -> str | None:
    """Return the problem of a row that has too few cells or too many, or None."""
    needed = max(layout.columns) + 1
    name = DELIMITER_NAMES.get(layout.dialect.delimiter, layout.dialect.delimiter)
    if len(cells) < needed:
        return f"{len(cells)} column{'s' * (len(cells) > 1)} where at least {needed} are needed: source, {name}, target"
    if len(cells) > layout.width and width_of(cells) > layout.width:
        way_out = "quote the field" if layout.dialect.has_quotes else "write a space in its place"
        return f"{width_of(cells)} columns where others have {layout.width}; if a {name} is part of a text, {way_out}"
    return None
