"""Reads a text table: ``.csv``, ``.tsv`` or ``.txt``."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, dropwhile
from pathlib import Path

from transformer_cli.config import CorpusFiles, LanguagesConfig
from transformer_cli.data.corpora.bad_rows import BadRows
from transformer_cli.data.corpora.formats.tables.columns import Columns, choose_columns, is_header
from transformer_cli.data.corpora.formats.tables.dialects import (
    DELIMITER_NAMES,
    Sample,
    delimiter_of_setting,
    read_sample,
)
from transformer_cli.data.corpora.formats.tables.rows import Dialect, read_rows, width_of
from transformer_cli.data.corpora.names import kind_of
from transformer_cli.data.corpora.pairs import SentencePair
from transformer_cli.errors import DataError
from transformer_cli.text.lines import Line, read_text_lines

logger = logging.getLogger(__name__)

_SAMPLE_LINES = 2000
_SAMPLE_CHARACTERS = 1 << 20


@dataclass(frozen=True, slots=True)
class _Layout:
    """How a table is read.

    Args:
        dialect: How its rows are written.
        widths: The possible numbers of cells in a row, empty ones at its end aside; None: any that is enough.
        columns: The indices of source and target, and the header.
        header_line: The number of the line of the header, or 0.
    """

    dialect: Dialect
    widths: tuple[int, ...] | None
    columns: Columns
    header_line: int


def read_table(path: Path, languages: LanguagesConfig, keys: CorpusFiles | None = None) -> Iterator[SentencePair]:
    """Yield the pairs of a table; delimiter and quoting are found as `read_sample` says. Blank rows are passed over.

    A first line ``sep=;`` sets the delimiter. The columns are those that `choose_columns` finds.

    Args:
        path: The file.
        languages: The two language codes.
        keys: The corpus in the recipe, whose keys set what is not to be found by content.

    Raises:
        DataError: The file cannot be read or is in another encoding, it or a row lacks a column or has one too many, a
            quote is out of place or never closed, or delimiter or columns cannot be found.
    """
    keys = keys or CorpusFiles(path=str(path))
    lines = read_text_lines(path, encoding=keys.encoding, setting="encoding")
    sample, delimiter = _sample(path, lines)
    if not sample.lines:
        return
    layout = _find_layout(sample, languages, keys, keys.delimiter or delimiter)
    if layout.columns.note is not None:
        logger.info(layout.columns.note)
    rows = read_rows(chain(sample.lines, lines), layout.dialect)
    rows = dropwhile(lambda row: row.number <= layout.header_line, rows)
    source, target = layout.columns.source, layout.columns.target
    bad, count = BadRows(path, are_skipped=keys.skip_bad_rows), 0
    for count, row in enumerate(rows, start=1):
        problem = row.problem or _wrong_width(row.cells, layout)
        if problem is not None:
            text = row.text or layout.dialect.delimiter.join(row.cells)
            yield bad.pair(row.number, problem, text, rows=count, is_utf8=row.is_utf8)
            continue
        yield SentencePair(row.cells[source], row.cells[target], f"{path}:{row.number}", row.is_utf8)
    bad.finish(count)


def find_columns_of(path: Path, languages: LanguagesConfig, keys: CorpusFiles) -> Columns | None:
    """Return the columns that `read_table` takes, or None for an empty table."""
    sample, delimiter = _sample(path, read_text_lines(path, encoding=keys.encoding, setting="encoding"))
    return _find_layout(sample, languages, keys, keys.delimiter or delimiter).columns if sample.lines else None


def _sample(path: Path, lines: Iterator[Line]) -> tuple[Sample, str | None]:
    """Take the first lines, and the delimiter that a first line ``sep=;`` sets."""
    sample = _first_lines(path, lines)
    delimiter = delimiter_of_setting(sample.lines[0].text) if sample.lines else None
    return (sample if delimiter is None else Sample(path, sample.lines[1:], sample.is_whole)), delimiter


def _first_lines(path: Path, lines: Iterator[Line]) -> Sample:
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
    reading = read_sample(
        sample,
        kind_of(path.name),
        lambda row: is_header(row, languages, keys),
        delimiter=delimiter,
        quoting=keys.quoting,
    )
    good = [row for row in reading.rows if not row.problem]
    rows = [row.cells for row in good]
    if rows and not good[0].is_utf8 and keys.columns is None and not is_header(rows[0], languages, keys):
        raise DataError(
            f"{path}:{good[0].number}: the first row has bytes that are no text, and may name the columns; mend it, or "
            "set encoding for the file"
        )
    columns = choose_columns(path, rows, reading.width, languages, keys)
    is_known = keys.columns is not None and keys.delimiter is not None
    if columns.header is None:
        return _Layout(reading.dialect, None if is_known else (reading.width,), columns, header_line=0)
    widths = (reading.width, width_of(rows[columns.header]))
    return _Layout(reading.dialect, None if is_known else widths, columns, good[columns.header].number)


def _wrong_width(cells: Sequence[str], layout: _Layout) -> str | None:
    """Return the problem of a row that has too few cells or too many, or None."""
    needed, count = max(layout.columns.source, layout.columns.target) + 1, len(cells)
    name = DELIMITER_NAMES.get(layout.dialect.delimiter, layout.dialect.delimiter)
    if count < needed:
        return f"{count} column{'s' * (count > 1)} where at least {needed} are needed: source, {name}, target"
    if layout.widths is None or count in layout.widths or width_of(cells) in layout.widths:
        return None
    if width_of(cells) < max(layout.widths):
        return f"{count} columns where others have {max(layout.widths)}; complete the row or leave it out"
    way_out = "quote the field" if layout.dialect.has_quotes else "write a space in its place"
    return f"{width_of(cells)} columns where others have {max(layout.widths)}; if a {name} is part of a text, {way_out}"
