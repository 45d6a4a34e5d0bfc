"""Finds the columns of source and target in a text table: by its header, else by what the columns hold."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import permutations
from pathlib import Path

from transformer_cli.config import CorpusFiles, LanguagesConfig
from transformer_cli.data.corpora.formats.tables.headings import (
    language_named_by,
    may_be_headings,
    name_two_languages,
    sides_by_heading,
)
from transformer_cli.data.corpora.formats.tables.rows import width_of
from transformer_cli.data.corpora.pairs import find_columns
from transformer_cli.data.sides.evidence import count_sides
from transformer_cli.errors import DataError, UnsetKeyError
from transformer_cli.text.language_names import language_of_heading
from transformer_cli.text.languages import same_language

Rows = Sequence[Sequence[str]]

_LINK = re.compile(r"\s*(?:[a-z][a-z0-9+.-]*://|www\.|\S+@\S+\.)\S*\s*", re.IGNORECASE)
_ID = re.compile(r"(?=\S*\d)[\w.:/#+-]+")
_LETTER = re.compile(r"[^\W\d_]")
_MOST = 0.8  # of the cells of a column
_FILLED = 0.9  # of the cells of a side
_ENOUGH_ROWS = 3  # to see what a column holds
_MANY_ROWS = 10  # to see that it always holds the same
_SAME_BEGINNING = 16  # characters
_MOST_TITLES = 10  # rows above a header
_MOST_PROPOSED = 20  # columns


def is_header(row: Sequence[str], languages: LanguagesConfig, keys: CorpusFiles) -> bool:
    """Return whether a row names the columns of both sides."""
    if keys.header is False:
        return False
    names = [column for column in keys.columns or () if isinstance(column, str)]
    return all(name in row for name in names) if names else find_columns(tuple(row), languages) is not None


@dataclass(frozen=True, slots=True)
class Columns:
    """Where a table has its sides.

    Args:
        source: The index of the column of sources.
        target: The index of the column of targets.
        header: The index of the row that names the columns, or None; the rows above it are titles.
        note: What was found by content and should be known, or None.
        found: Keys of a recipe that say the same as what was found by content.
    """

    source: int
    target: int
    header: int | None
    note: str | None = None
    found: Mapping[str, int | bool] = field(default_factory=dict)


def choose_columns(path: Path, rows: Rows, width: int, languages: LanguagesConfig, keys: CorpusFiles) -> Columns:
    """Find the header and the columns of source and target.

    The keys of the recipe select the columns, otherwise the names in the header, otherwise the content: the two columns
    that hold text, in their order unless one of them is headed as a side. A table of two columns is taken as it is.

    Args:
        path: The file, for messages.
        rows: The first rows, those aside that have a problem.
        width: The number of cells that most rows have.
        languages: The two language codes.
        keys: The corpus in the recipe.

    Raises:
        DataError: The header lacks a column, no column has the name, or it is not clear which two columns hold text.
    """
    header = _find_header(rows, width, languages, keys)
    first = rows[header or 0] if rows else ()
    rows = rows if header is None else rows[header + 1 :]
    named = width_of(first)
    if header is not None and any(cell.strip() for row in rows for cell in row[named:width]):
        raise DataError(f"{path}: the header has {named} columns, most other rows have {width}; name every column")
    if keys.columns is not None:
        return Columns(_index(keys.columns[0], first, path), _index(keys.columns[1], first, path), header)
    kinds = _kinds(rows, width)
    if header is not None and (names := find_columns(tuple(first), languages)) is not None:
        source, target = first.index(names[0]), first.index(names[1])
        _check_kinds(path, {names[0]: source, names[1]: target}, rows, kinds, languages)
        return Columns(source, target, header, _note_of_others(path, first, (source, target), kinds, languages))
    texts = _columns_of_text(path, rows, kinds, languages)
    cells, below = _cells(first, texts), [_cells(row, texts) for row in rows]
    source, target = texts
    if header is not None:
        source, target = (texts[side] for side in sides_by_heading(cells, below, languages) or (0, 1))
    found = {} if (source, target) == (0, 1) else {"source_column": source + 1, "target_column": target + 1}
    note = f"{path}: columns {source + 1} and {target + 1} hold text and are read" if found else None
    if keys.header is None and header is not None:
        _check_languages(path, {first[source]: languages.source, first[target]: languages.target}, texts)
        found |= {"header": True}
        note = f'{path}: "{first[source]}" and "{first[target]}" are read as names of columns, not as a pair'
    elif keys.header is None and not found and may_be_headings(cells, below[1:]):
        note = f'{path}: "{cells[0]}" and "{cells[1]}" are read as a pair; if they are names, set header = true for it'
    return Columns(source, target, header, note, found)


def _find_header(rows: Rows, width: int, languages: LanguagesConfig, keys: CorpusFiles) -> int | None:
    """Return the index of the row that names the columns, or None; titles, rows of one cell, may stand above it."""
    if keys.header is False or not rows:
        return None
    filled = (sum(1 for cell in row if cell and not cell.isspace()) for row in rows[:_MOST_TITLES])
    place = next((place for place, number in enumerate(filled) if number > 1), 0)
    row, below = rows[place], rows[place + 1 :]
    if is_header(row, languages, keys) and not _recurs(row, below, languages):
        return place
    if keys.header:
        return place
    given = [column - 1 for column in keys.columns or () if isinstance(column, int)]
    texts = given or _texts(_kinds(below, width))
    if _is_unlike(row, below):
        return place
    if len(texts) != 2:
        return None
    cells = _cells(row, texts)
    is_headed = sides_by_heading(cells, [_cells(each, texts) for each in below], languages) is not None
    return place if is_headed or name_two_languages(cells) else None


def _recurs(row: Sequence[str], below: Rows, languages: LanguagesConfig) -> bool:
    """Return whether the names of the languages stand in the rows below too, as codes beside the texts of each row."""
    names = find_columns(tuple(row), languages)
    if names is None or not below:
        return False
    found = sum(all(row.index(name) < len(each) and each[row.index(name)] == name for name in names) for each in below)
    return found >= _MOST * len(below)


def _check_kinds(
    path: Path, columns: Mapping[str, int], rows: Rows, kinds: Sequence[str], languages: LanguagesConfig
) -> None:
    """Refuse columns that hold no text while others do."""
    texts = _texts(kinds)
    for name, index in columns.items():
        if index < len(kinds) and kinds[index] not in ("text", "empty cells") and len(texts) > 1:
            raise _unknown_columns(f'{path}: the column "{name}" holds {kinds[index]}', rows, texts, languages)


def _note_of_others(
    path: Path, first: Sequence[str], read: tuple[int, int], kinds: Sequence[str], languages: LanguagesConfig
) -> str | None:
    """Say which columns of text are in one of the two languages as well, or return None."""
    codes = [language_of_heading(cell) for cell in first]
    others = [
        i + 1
        for i in _texts(kinds[: len(first)])
        if i not in read and any(codes[i] and same_language(codes[i] or "", code) for _, code in languages)
    ]
    if not others:
        return None
    *some, last = map(str, others)
    which = f"{', '.join(some)} and {last} fit" if some else f"{last} fits"
    return (
        f"{path}: columns {read[0] + 1} and {read[1] + 1} are read, although {which} as well; source_column and "
        "target_column choose others"
    )


def _check_languages(path: Path, columns: Mapping[str, str], texts: tuple[int, int]) -> None:
    """Refuse a column of text that is named after another language than that of its side."""
    for name, language in columns.items():
        code = language_named_by(name)
        if code is not None and not same_language(code, language):
            raise UnsetKeyError(
                f'{path}: a column of text is called "{name}", not {language}; mend the languages, or set '
                "source_column and target_column for it",
                {"source_column": texts[0] + 1, "target_column": texts[1] + 1},
            )


def _columns_of_text(path: Path, rows: Rows, kinds: Sequence[str], languages: LanguagesConfig) -> tuple[int, int]:
    """Return the indices of the two columns of text."""
    texts = _texts(kinds)
    # In few rows, a column that always holds the same may be a side.
    is_short = len(rows) < (_MANY_ROWS if "the same text" in kinds else _ENOUGH_ROWS)
    if len(kinds) > 2 and (len(texts) != 2 or is_short):
        held = f"{len(texts)} of {len(kinds)} columns hold text"
        if is_short:
            held = f"{len(rows)} rows are too few to see which of {len(kinds)} columns hold text"
        raise _unknown_columns(f"{path}: {held}", rows, texts, languages)
    if "links" in kinds[:2] and len(kinds) <= 2:
        raise DataError(f"{path}: column {kinds.index('links') + 1} holds links; a corpus is two columns of text")
    return (texts[0], texts[1]) if len(kinds) > 2 else (0, 1)


def _kinds(rows: Rows, width: int) -> list[str]:
    return [_kind([row[i] for row in rows if i < len(row)]) for i in range(width)]


def _texts(kinds: Sequence[str]) -> list[int]:
    return [i for i, kind in enumerate(kinds) if kind == "text"]


def _cells(row: Sequence[str], columns: Sequence[int]) -> tuple[str, str]:
    source, target = (row[i] if i < len(row) else "" for i in columns)
    return source, target


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
    """Return whether a first row has words where the other rows have numbers, ids or links, as a header has.

    So has one with a mark before each cell, as in the memories of Wordfast.
    """
    if len(rest) < _ENOUGH_ROWS or not all(cell and not cell.isspace() for cell in first):
        return False
    if all(cell.startswith("%") for cell in first):
        return not any(cell.startswith("%") for row in rest for cell in row)
    below = _kinds(rest, len(first))
    own = _kinds([first], len(first))
    are_words = all(
        word == "text" or (word == "ids" and kind == "text") for word, kind in zip(own, below, strict=True)
    )  # "sentence1" looks like an id
    return are_words and bool({"links", "numbers", "ids"} & set(below)) and "text" in below


def _index(column: str | int, row: Sequence[str], path: Path) -> int:
    if isinstance(column, int):
        return column - 1
    if column not in row:
        there = ", ".join(f'"{name}"' for name in row[:10])
        raise DataError(
            f'{path}:1: no column is named "{column}", the first row is {there}; name one, or give its number'
        )
    return row.index(column)


def _unknown_columns(problem: str, rows: Rows, texts: Sequence[int], languages: LanguagesConfig) -> DataError:
    """Return the error about columns that are no sides; it proposes those of text."""
    names = f'write "{languages.source}" and "{languages.target}" above the two sides in a first row'
    if len(texts) < 2:
        return DataError(f"{problem}; {names}, or set source_column and target_column for it")
    texts = texts[:_MOST_PROPOSED]  # each is compared with each
    *others, last = (str(index + 1) for index in texts)
    which = f"two of {', '.join(others)} and {last}"
    pairs = permutations(texts, 2)
    likely = (pair for pair in pairs if count_sides([_cells(row, pair) for row in rows], languages).is_plainly_straight)
    source, target = next(likely, texts[:2])
    return UnsetKeyError(
        f"{problem}; set source_column and target_column for it to {which}, or {names}",
        {"source_column": source + 1, "target_column": target + 1},
    )
