"""Finds delimiter and quoting of a text table by its content."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

from transformer_cli.data.corpora.formats.tables.rows import Dialect, Row, read_rows, width_of
from transformer_cli.data.corpora.line_ends import carriage_returns
from transformer_cli.errors import DataError, UnsetKeyError
from transformer_cli.text.lines import Line

IsHeader = Callable[[Sequence[str]], bool]

DELIMITER_NAMES = {"\t": "tab", ";": "semicolon", ",": "comma", "|": "|", "|||": "|||"}
_ALTERNATIVES = ("|||", "\t", ";", ",", "|")
_SETTING = re.compile(r'"?sep=(.)"?[\t;,|]*', re.IGNORECASE)
# Shares of the rows, or of the delimiters in them.
_MOST = 0.5
_RIVAL = 0.9
_LIKE_PROSE = 0.5
_UNLIKE_PROSE = 0.1


@dataclass(frozen=True, slots=True)
class Sample:
    """The beginning of a table.

    Args:
        path: The file.
        lines: Its first lines.
        is_whole: Whether these are all its lines.
    """

    path: Path
    lines: Sequence[Line]
    is_whole: bool


@dataclass(frozen=True, slots=True)
class Reading:
    """A sample as one dialect reads it.

    Args:
        dialect: The dialect.
        rows: The rows, with their problems.
        width: The number of cells that most rows have, from 2, or 0; whether empty ones at the end of a row count
            depends on which fits more rows.
        share: The share of rows with this number.
        evenness: The largest share of rows that have one number of cells, empty ones included.
        is_doubtful: Whether quotes may be part of the text or not, and the number of rows depends on it.
    """

    dialect: Dialect
    rows: list[Row]
    width: int
    share: float
    evenness: float
    is_doubtful: bool = False

    @property
    def prose(self) -> float:
        """The share of delimiters that look like punctuation or, in three rows and more, like the mark in a number."""
        like = total = 0
        has_rows = len(self.rows) > 2
        for cells in (row.cells for row in self.rows):
            for i, (before, after) in enumerate(pairwise(cells), start=2):
                ends_row = not after and i == len(cells)
                is_mark = has_rows and before[-1:].isdigit() and after[:1].isdigit()
                like += ends_row or is_mark or after[:1] == " "
                total += 1
        return like / total if total else 0.0


def delimiter_of_setting(line: str) -> str | None:
    """Return the delimiter that a first line such as ``sep=;`` sets for spreadsheets, or None for another line."""
    found = _SETTING.fullmatch(line)
    return found[1] if found else None


def read_sample(
    sample: Sample, kind: str, is_header: IsHeader, *, delimiter: str | None = None, quoting: bool | None = None
) -> Reading:
    """Read the sample in the dialect in which all rows of the sample, or most of them, have the same number of cells.

    Tabs come first in a ``.tsv`` file, and delimiters that make a header of the first row in any. A delimiter that is
    mostly followed by a space, or stands between digits, is punctuation if there is another.

    Args:
        sample: The beginning of the table.
        kind: ``.tsv``, ``.csv`` or ``.txt``.
        is_header: Tells a row that names the columns of both languages.
        delimiter: The delimiter, if it is known.
        quoting: Whether cells may stand in quotes, if it is known.

    Raises:
        DataError: No delimiter gives most rows two cells, several do, it is not clear whether quotes are text, or lines
            end in carriage returns.
    """
    if delimiter:
        return _without_doubt(sample.path, _read(sample, delimiter, quoting))
    if len(sample.lines) == 1 and "\r" in sample.lines[0].text:  # a delimiter would make hundreds of columns of it
        raise carriage_returns(sample.path)
    readings = [_read(sample, each, quoting) for each in _ALTERNATIVES]
    fit = [reading for reading in readings if reading.width > 1 and reading.share >= _MOST]
    fit = [reading for reading in fit if reading.rows and is_header(reading.rows[0].cells)] or fit
    if kind == ".tsv":
        fit = [each for each in fit if each.dialect.delimiter == "\t" and each.prose < _LIKE_PROSE] or fit
    if not fit:
        raise _no_delimiter(sample, readings)
    best = max(reading.share for reading in fit)
    fit = [reading for reading in fit if reading.share >= _RIVAL * best]
    if any(reading.prose <= _UNLIKE_PROSE for reading in fit):
        fit = [reading for reading in fit if reading.prose < _LIKE_PROSE]
    if fit[0].dialect.delimiter == "|||":  # read as "|", its rows have the same number of cells too
        fit = [reading for reading in fit if reading.dialect.delimiter != "|"]
    if len(fit) > 1:
        raise _several_delimiters(sample.path, fit)
    return _without_doubt(sample.path, fit[0])


def _without_doubt(path: Path, reading: Reading) -> Reading:
    if reading.is_doubtful:
        raise UnsetKeyError(
            f"{path}: quotes may be part of the text or hold cells of several lines; set quoting = false or true for "
            "it",
            {"quoting": True},
        )
    return reading


def _read(sample: Sample, delimiter: str, quoting: bool | None) -> Reading:
    """Return the reading with quotes; between tabs, that with quotes or without, whichever fits the cells better."""
    plain = _reading(sample, Dialect(delimiter, has_quotes=False))
    if len(delimiter) > 1 or quoting is False:
        return plain
    if quoting or delimiter != "\t":
        return _reading(sample, Dialect(delimiter, has_quotes=True))
    cells = [cell for row in plain.rows for cell in row.cells]
    if not any(cell.startswith('"') for cell in cells):
        return plain
    quoted = _reading(sample, Dialect(delimiter, has_quotes=True))
    fits_better = quoted.share == 1 and (plain.share, plain.evenness) < (1, quoted.evenness)
    if fits_better or _shows_quoting(cells):
        return quoted
    return replace(plain, is_doubtful=quoted.share == 1 and len(quoted.rows) != len(plain.rows))


def _reading(sample: Sample, dialect: Dialect) -> Reading:
    rows = list(read_rows(sample.lines, dialect))
    if not sample.is_whole:
        # The last row may go on after the sample; read as a quote that is never closed, it spoils those after it too.
        broken = next((i for i, row in enumerate(rows) if row.problem and "never closed" in row.problem), len(rows))
        rows = rows[:broken]
    cells = [row.cells for row in rows if len(row.cells) > 1]
    length, even = _commonest(map(len, cells))
    width, count = _commonest(map(width_of, cells))
    if even > count:  # otherwise a delimiter ends each row
        width, count = length, even
    return Reading(dialect, rows, width, count / max(1, len(rows)), even / max(1, len(rows)))


def _commonest(numbers: Iterable[int]) -> tuple[int, int]:
    """Return the number that occurs most often, of several the smallest, and how often it occurs."""
    return max(Counter(numbers).items(), key=lambda item: (item[1], -item[0]), default=(0, 0))


def _is_well_quoted(cell: str) -> bool:
    return len(cell) > 1 and cell[0] == cell[-1] == '"' and '"' not in cell[1:-1].replace('""', "")


def _shows_quoting(cells: Sequence[str]) -> bool:
    """Return whether quotes around cells are those of a table, and not those of the text.

    A program that writes quotes doubles those inside, and puts them around all cells, around all but numbers, or
    around the cells that hold a quote or a comma.
    """
    with_marks = [cell for cell in cells if '"' in cell]
    if not with_marks or not all(_is_well_quoted(cell) for cell in with_marks):
        return False
    if any('""' in cell[1:-1] for cell in with_marks):
        return True
    others = [cell for cell in cells if cell and '"' not in cell]
    if all(any(character.isdigit() for character in cell) and " " not in cell for cell in others):
        return True
    return len(with_marks) > 1 and all("," in cell for cell in with_marks) and not any("," in cell for cell in others)


def _no_delimiter(sample: Sample, readings: Sequence[Reading]) -> DataError:
    path = sample.path
    best = max(readings, key=lambda reading: (reading.width > 1, reading.share))
    problem = next((row for row in best.rows if row.problem), None)
    if best.width > 1 and problem is not None:
        return DataError(f"{path}:{problem.number}: {problem.problem}")
    names = ", ".join(DELIMITER_NAMES[each] for each in _ALTERNATIVES[1:])
    return DataError(
        f"{path}: 1 column where at least 2 are needed: none of {names} gives most rows the same number of columns; "
        "set delimiter for it"
    )


def _several_delimiters(path: Path, readings: Sequence[Reading]) -> DataError:
    names = " and ".join(f"{DELIMITER_NAMES[r.dialect.delimiter]} ({r.width} columns)" for r in readings)
    return UnsetKeyError(
        f"{path}: each of {names} gives all rows the same number of columns; set delimiter for it, or write source and "
        "target as the names of the columns into the first row",
        {"delimiter": readings[0].dialect.delimiter},
    )
