"""Recognises a row that heads two columns of text, though it does not name both languages."""

from __future__ import annotations

import re
from collections.abc import Sequence
from statistics import median

from transformer_cli.config import LanguagesConfig
from transformer_cli.text.language_names import language_of_heading, side_of_heading
from transformer_cli.text.languages import parse_language, same_language

Texts = Sequence[Sequence[str]]

_NUMBERED = re.compile(r"(.*?)([0-9]|(?<![^\W_])[a-yA-Y])([^\w]*)", re.DOTALL)
_FEWEST_ROWS = 3
_LONG_CODE = 3  # letters; shorter ones are words as well: "en", "is"
_MOST_WORDS = 3
_SENTENCE = 5  # words


def sides_by_heading(cells: tuple[str, str], texts: Texts, languages: LanguagesConfig) -> tuple[int, int] | None:
    """Return which of two cells heads the sources and which the targets, or None if they are no headings.

    One that names a language of the pair, or says "original", "translation" or the like, is enough: the other column
    is the other side. The cells of "Text 1, Text 2" or "A, B" head two sides in their order.

    Args:
        cells: The cells of a row that may be a header.
        texts: The cells below, in rows of two.
        languages: The two languages.
    """
    if len(texts) < _FEWEST_ROWS or not all(cell.strip() for cell in cells):
        return None
    for told in ([_language_side(cell, languages) for cell in cells], [side_of_heading(cell) for cell in cells]):
        if set(told) in ({"source"}, {"target"}):
            return None  # such as "Translation, Traduction", a pair of a glossary
        if told[0] == "source" or told[1] == "target":
            return 0, 1
        if told[0] == "target" or told[1] == "source":
            return 1, 0
    return (0, 1) if _are_numbered(cells, texts) else None


def name_two_languages(cells: tuple[str, str]) -> bool:
    """Return whether two cells are names of different languages, of the pair or not."""
    codes = [language_named_by(cell) for cell in cells]
    return None not in codes and len({parse_language(code).name for code in codes if code is not None}) == 2


def language_named_by(cell: str) -> str | None:
    """Return the code of the language that a cell names in words, or None."""
    return language_of_heading(cell) if len(cell.strip()) > _LONG_CODE else None


def may_be_headings(cells: tuple[str, str], texts: Texts) -> bool:
    """Return whether two cells look like words above columns of sentences."""
    if len(texts) < _FEWEST_ROWS or any(len(cell.split()) > _MOST_WORDS for cell in cells):
        return False
    if not all(cell[-1:].isalnum() and cell[:1].isalpha() for cell in cells):
        return False
    return all(median(len(text.split()) for text in side) >= _SENTENCE for side in zip(*texts, strict=True))


def _language_side(cell: str, languages: LanguagesConfig) -> str | None:
    code = language_named_by(cell)
    fitting = [side for side, language in languages if code is not None and same_language(code, language)]
    return fitting[0] if len(fitting) == 1 else None


def _are_numbered(cells: Sequence[str], texts: Texts) -> bool:
    """Return whether two cells are the same but for a number or letter that follows, unlike the cells below."""
    return (
        _follows(cells)
        and not any(_follows(row) for row in texts)
        and all(len(cell) < median(map(len, side)) for cell, side in zip(cells, zip(*texts, strict=True), strict=True))
    )


def _follows(cells: Sequence[str]) -> bool:
    one, other = (_NUMBERED.fullmatch(cell.strip()) for cell in cells)
    if one is None or other is None or one[1] != other[1]:
        return False
    distance = ord(other[2]) - ord(one[2])
    return distance == 1 or (distance > 1 and one[2].isdigit() and other[2].isdigit())
