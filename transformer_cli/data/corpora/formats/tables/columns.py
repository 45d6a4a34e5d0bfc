"""Finds the columns of source and target in a text table: by its header, else by what the columns hold."""

from __future__ import annotations

import logging
import re
from collections.abc import Sequence
from pathlib import Path

from transformer_cli.config import CorpusFiles, LanguagesConfig
from transformer_cli.data.corpora.formats.tables.rows import width_of
from transformer_cli.data.corpora.pairs import find_columns
from transformer_cli.errors import DataError

logger = logging.getLogger(__name__)

Rows = Sequence[Sequence[str]]

_LINK = re.compile(r"\s*(?:[a-z][a-z0-9+.-]*://|www\.|\S+@\S+\.)\S*\s*", re.IGNORECASE)
_ID = re.compile(r"(?=\S*\d)[\w.:/#+-]+")
_LETTER = re.compile(r"[^\W\d_]")
_MOST = 0.8  # of the cells of a column
_FILLED = 0.9  # of the cells of a side
_ENOUGH_ROWS = 3  # to see what a column holds
_MANY_ROWS = 10  # to see that it always holds the same
_SAME_BEGINNING = 16  # characters


def is_header(row: Sequence[str], languages: LanguagesConfig, keys: CorpusFiles) -> bool:
    """Return whether a row names the columns of both sides."""
    if keys.header is False:
        return False
    names = [column for column in keys.columns or () if isinstance(column, str)]
    return all(name in row for name in names) if names else find_columns(tuple(row), languages) is not None


def choose_columns(
    path: Path, rows: Rows, width: int, languages: LanguagesConfig, keys: CorpusFiles
) -> tuple[tuple[int, int], bool]:
    """Return the indices of source and target, and whether the first row is a header.

    The keys of the recipe select the columns, otherwise the names in the first row, otherwise the content: the two
    columns that hold text, in their order. A table of two columns is taken as it is.

    Args:
        path: The file, for messages.
        rows: The first rows, those aside that have a problem.
        width: The number of cells that most rows have.
        languages: The two language codes.
        keys: The corpus in the recipe.

    Raises:
        DataError: The header lacks a column, no column has the name, or it is not clear which two columns hold text.
    """
    first, rest = (rows[0], rows[1:]) if rows else ((), ())
    names_them = is_header(first, languages, keys)
    has_header = names_them or _is_unlike(first, rest) if keys.header is None else keys.header
    if has_header and width_of(first) < width:
        raise DataError(
            f"{path}: the header has {width_of(first)} columns, most other rows have {width}; name every column"
        )
    if keys.columns is not None:
        return (_index(keys.columns[0], first, path), _index(keys.columns[1], first, path)), has_header
    rows = rest if has_header else rows
    kinds = [_kind([row[i] for row in rows if i < len(row)]) for i in range(width)]
    texts = [i for i, kind in enumerate(kinds) if kind == "text"]
    names = find_columns(tuple(first), languages) if has_header else None
    if names is not None:
        indices = first.index(names[0]), first.index(names[1])
        for name, index in zip(names, indices, strict=True):
            if index < len(kinds) and kinds[index] not in ("text", "empty cells") and len(texts) > 1:
                raise DataError(f'{path}: the column "{name}" holds {kinds[index]}; {_proposal(texts, languages)}')
        return indices, has_header
    # In few rows, a column that always holds the same may be a side.
    is_short = len(rows) < (_MANY_ROWS if "the same text" in kinds else _ENOUGH_ROWS)
    if len(kinds) > 2 and (len(texts) != 2 or is_short):
        held = f"{len(texts)} of {len(kinds)} columns hold text"
        if is_short:
            held = f"{len(rows)} rows are too few to see which of {len(kinds)} columns hold text"
        raise DataError(f"{path}: {held}; {_proposal(texts, languages)}")
    if "links" in kinds[:2] and len(kinds) <= 2:
        raise DataError(f"{path}: column {kinds.index('links') + 1} holds links; a corpus is two columns of text")
    source, target = texts if len(kinds) > 2 else (0, 1)
    if (source, target) != (0, 1):
        logger.info(f"{path}: columns {source + 1} and {target + 1} hold text and are read")
    return (source, target), has_header


def _kind(cells: Sequence[str]) -> str:
    """Return what a column holds: "text", "links", "numbers", "ids", "the same text" or "empty cells"."""
    all_cells = len(cells)
    cells = [cell for cell in cells if cell and not cell.isspace()]
    if len(cells) < _FILLED * all_cells:
        return "empty cells"
    most = _MOST * len(cells)
    if sum(_LINK.fullmatch(cell) is not None for cell in cells) >= most:
        return "links"
    if sum(_LETTER.search(cell) is None for cell in cells) >= most:
        return "numbers"
    if sum(_ID.fullmatch(cell.strip()) is not None for cell in cells) >= most:
        return "ids"
    return "the same text" if len(cells) > 1 and _are_same(set(cells), len(cells)) else "text"


def _are_same(different: set[str], cells: int) -> bool:
    """Return whether cells are few different ones again and again, or all begin in the same way."""
    if len(different) == 1 or 20 * len(different) <= cells:
        return True
    low, high = min(different), max(different)
    return low[:_SAME_BEGINNING] == high[:_SAME_BEGINNING] and len(low) >= _SAME_BEGINNING


def _is_unlike(first: Sequence[str], rest: Rows) -> bool:
    """Return whether a first row has words where the other rows have numbers, ids or links, as a header has."""
    if len(rest) < _ENOUGH_ROWS or not all(cell and not cell.isspace() for cell in first):
        return False
    below = [_kind([row[i] for row in rest if i < len(row)]) for i in range(len(first))]
    own = [_kind([cell]) for cell in first]
    return all(kind == "text" for kind in own) and bool({"links", "numbers", "ids"} & set(below)) and "text" in below


def _index(column: str | int, row: Sequence[str], path: Path) -> int:
    if isinstance(column, int):
        return column - 1
    if column not in row:
        there = ", ".join(f'"{name}"' for name in row[:10])
        raise DataError(
            f'{path}:1: no column is named "{column}", the first row is {there}; name one, or give its number'
        )
    return row.index(column)


def _proposal(texts: Sequence[int], languages: LanguagesConfig) -> str:
    names = f'write "{languages.source}" and "{languages.target}" above the two sides in a first row'
    if len(texts) < 2:
        return f"{names}, or set source_column and target_column for it"
    *others, last = (str(index + 1) for index in texts)
    return f"set source_column and target_column for it to two of {', '.join(others)} and {last}, or {names}"
