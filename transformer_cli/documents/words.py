"""The words of a text with their offsets, and links between the words of two texts."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

# Chinese and Japanese characters, and Thai, Lao, Burmese and Khmer ones: each is a word, with the marks that follow it.
_UNSPACED = re.compile(
    r"[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]"
    r"|[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff](?:[\u0e30-\u0e3a\u0e47-\u0e4e\u0eb1-\u0ebc\u0ec8-\u0ece"
    r"\u102b-\u103e\u17b4-\u17d3])*"
)
_OPENING = "\"'“‘«„‚(\u005b{¿¡「『（《〈"
_CLOSING = "\"'”’»“‘.,;:!?…。，、！？；：」』）》〉"
_BRACKETS = {")": "(", "]": "[", "}": "{"}


@dataclass(frozen=True, slots=True)
class Word:
    """A word with the punctuation around it.

    Args:
        number: Index of the word among those that are separated by spaces.
        start: Offset of the punctuation before it.
        core_start: Offset of the word.
        core_end: Offset of its end.
        end: Offset of the end of the punctuation after it.
        text: The word without the punctuation.
    """

    number: int
    start: int
    core_start: int
    core_end: int
    end: int
    text: str

    def is_in(self, start: int, end: int) -> bool:
        """Return whether the word lies between two offsets."""
        return start <= self.core_start and self.core_end <= end


def is_unspaced(character: str) -> bool:
    """Return whether a character is of a script that has no spaces between words."""
    return _UNSPACED.match(character) is not None


def words_of(text: str) -> list[Word]:
    """Return the words of a text with single spaces; in scripts without spaces, each character is one."""
    return [
        word for number, match in enumerate(re.finditer("[^ ]+", text)) for word in _divided(number, match, match[0])
    ]


def _divided(number: int, match: re.Match[str], text: str) -> Iterator[Word]:
    cuts = {edge for found in _UNSPACED.finditer(text) for edge in found.span()}
    edges = sorted({0, len(text), *cuts})
    merged: list[tuple[int, int]] = []
    for start, end in pairwise(edges):
        # Punctuation alone belongs to the word before it.
        if merged and not any(character.isalnum() for character in text[start:end]):
            merged[-1] = (merged[-1][0], end)
        else:
            merged.append((start, end))
    for start, end in merged:
        yield _word(number, match.start() + start, text[start:end])


def _word(number: int, offset: int, text: str) -> Word:
    start, end = 0, len(text)
    while start < end and text[start] in _OPENING:
        start += 1
    while end > start and _is_closing(text, end):
        end -= 1
    if start == end:
        start, end = 0, len(text)
    return Word(number, offset, offset + start, offset + end, offset + len(text), text[start:end])


def _is_closing(text: str, end: int) -> bool:
    character = text[end - 1]
    opening = _BRACKETS.get(character)
    return character in _CLOSING or (opening is not None and opening not in text[:end].lstrip(_OPENING))


def anchored_links(
    source: Sequence[Word], target: Sequence[Word], links: Sequence[tuple[int, int]] | None
) -> Iterator[tuple[int, int]]:
    """Yield links between the words of two texts, as indices into ``source`` and ``target``.

    Where words have spaces between them, these are ``links``. Where they have none, or without links, words are linked
    that stand equally far from the beginning of what is linked.

    Args:
        source: Words of the source.
        target: Words of the translation.
        links: Pairs of numbers of words (`Word.number`), or None if unknown.
    """
    if not source or not target:
        return
    if links is None:
        places = {word.text: i for i, word in enumerate(source)}
        same = {j: places[word.text] for j, word in enumerate(target) if word.text in places}
        yield from ((i, j) for j, i in same.items())  # names and numbers
        rest = _by_proportion(range(len(source)), range(len(target)))
        yield from ((i, j) for i, j in rest if j not in same and i not in same.values())
        return
    own = _by_number(source)
    others = _by_number(target)
    for i, j in links:
        sources, targets = own.get(i, []), others.get(j, [])
        if len(sources) <= 1 and len(targets) <= 1:
            yield from ((one, other) for one in sources for other in targets)
    # A run of characters without spaces is linked with all that its run is linked with.
    for j, targets in others.items():
        sources = sorted({one for i, number in links if number == j for one in own.get(i, [])})
        if sources and (len(targets) > 1 or any(len(own[source[one].number]) > 1 for one in sources)):
            yield from _by_proportion(sources, targets)


def _by_number(words: Sequence[Word]) -> dict[int, list[int]]:
    numbers: dict[int, list[int]] = {}
    for index, word in enumerate(words):
        numbers.setdefault(word.number, []).append(index)
    return numbers


def _by_proportion(source: Sequence[int], target: Sequence[int]) -> Iterator[tuple[int, int]]:
    for position, j in enumerate(target):
        yield source[int((position + 0.5) * len(source) / len(target))], j
