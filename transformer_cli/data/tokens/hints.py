"""Hints: translations of words, given to the model in the source, behind their words.

``an old house⟦=⟧ Haus⟦>⟧ on a hill`` says that *house* is to become *Haus*, in the form that the translation needs. A
model that has seen such sources in training follows them (Dinu et al. 2019), and inflects the word if hints in training
were other forms than those of the targets (Bergmanis and Pinnis 2021). The marks are single tokens of the source.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

HINT_MARKS = ("⟦=⟧", "⟦>⟧")
"""What stands before a hint, and behind it."""

_MARK = re.compile("|".join(HINT_MARKS))
_HINT = re.compile("{}[^⟦]*(?:{})?".format(*HINT_MARKS))
_COMMON_BEGINNING = 4
_LONGEST_ENDING = 3


def hinted(text: str, terms: Iterable[tuple[int, int, str]]) -> str:
    """Return a text with hints.

    Args:
        text: The text.
        terms: (start, end, translation) of its words with hints, in order, without overlaps.
    """
    before, behind = HINT_MARKS
    parts, at = [], 0
    for _, end, translation in terms:
        parts += [text[at:end], f"{before} {translation}{behind}"]
        at = end
    return "".join([*parts, text[at:]])


def hint_spans(text: str) -> list[tuple[int, int]]:
    """Return where the hints of a text stand, with their marks."""
    return [found.span() for found in _HINT.finditer(text)] if HINT_MARKS[0] in text else []


def without_marks(text: str) -> str:
    """Return a text without the marks of hints."""
    return _MARK.sub("", text)


def are_forms(word: str, other: str) -> bool:
    """Return whether two words in small letters begin alike but for accents, as forms of one word do."""
    word, other = _without_accents(word), _without_accents(other)
    shorter, longer = sorted((len(word), len(other)))
    common = max(min(_COMMON_BEGINNING, shorter), longer - _LONGEST_ENDING)
    return common <= shorter and word[:common] == other[:common]


def _without_accents(word: str) -> str:
    return "".join(letter for letter in unicodedata.normalize("NFD", word) if not unicodedata.combining(letter))
