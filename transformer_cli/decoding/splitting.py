"""Splitting of text that is too long for the model, at places where a reader would pause."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import pairwise

import regex

from transformer_cli.text.protected import protected_spans
from transformer_cli.text.sentences import sentence_spans

# Places to cut after ends of sentences, from best to worst: after a mark that may end one, after a clause, between
# words. The marks are those of all scripts; a mark of Chinese or Japanese needs no space behind it.
_PLACES = tuple(
    regex.compile(pattern)
    for pattern in (
        r"(?<=[.!?…][\"'»”“’)\]]?) +(?!»)|(?<=[。！？][」』”]) *",
        r"(?<=[;:,–—،؛·՝፣፤፥၊]) +|(?<=[、，；：]) *",  # noqa: RUF001
        r" +",
    )
)
_CHARACTER = regex.compile(r"\X")  # with its vowel signs, and an emoji with its parts


def overlong_spans(text: str, *, limit: int, count: Callable[[str], int]) -> list[tuple[int, int]]:
    """Split ``text`` into segments of at most ``limit`` tokens, with few cuts at natural places.

    Args:
        text: A normalised text.
        limit: Largest number of tokens of a segment.
        count: Function that returns the number of tokens of a text.

    Returns:
        (start, end) of each segment, with the spaces behind it; together they are the text. What a reader sees as one
        character is split only if it is above the limit by itself; a code point never is, nor a link, a placeholder or
        another protected span, which may be above the limit.
    """
    inside = frozenset(at for start, end, _ in protected_spans(text) for at in range(start + 1, end))
    return list(_split(text, 0, len(text), limit, count, inside, level=0))


def _split(
    text: str, start: int, end: int, limit: int, count: Callable[[str], int], inside: frozenset[int], level: int
) -> Iterator[tuple[int, int]]:
    whole = text[start:end]
    if count(whole.rstrip(" ")) <= limit:
        yield start, end
    elif level > len(_PLACES):
        ends = [start + match.end() for match in _CHARACTER.finditer(whole.rstrip(" "))]
        borders = [start, *(place for place in ends[:-1] if place not in inside), end]
        yield from _halves(text, borders, limit, count, inside)
    else:
        parts = _cut(whole, _PLACES[level - 1], inside, start) if level else sentence_spans(whole)
        for first, last in _packed(whole, parts, limit, count):
            yield from _split(text, start + first, start + last, limit, count, inside, level + 1)


def _halves(
    text: str, borders: list[int], limit: int, count: Callable[[str], int], inside: frozenset[int]
) -> Iterator[tuple[int, int]]:
    """Halve a text at ``borders``, between characters as readers see them, until each part is short enough."""
    start, end = borders[0], borders[-1]
    part = text[start:end].rstrip(" ")
    is_protected = len(borders) == 2 and start + 1 in inside
    if len(part) <= 1 or is_protected or count(part) <= limit:
        yield start, end
    elif len(borders) == 2:  # one character with hundreds of marks
        yield from _halves(text, [*range(start, start + len(part)), end], limit, count, inside)
    else:
        middle = len(borders) // 2
        yield from _halves(text, borders[: middle + 1], limit, count, inside)
        yield from _halves(text, borders[middle:], limit, count, inside)


def _cut(text: str, place: regex.Pattern[str], inside: frozenset[int], first: int) -> list[tuple[int, int]]:
    """Cut ``text`` at every ``place`` but those ``inside``, where ``first`` is its own place.

    Spaces at a cut stay at the end of the preceding part.
    """
    ends = [match.end() for match in place.finditer(text) if first + match.end() not in inside]
    return [(start, end) for start, end in pairwise([0, *ends, len(text)]) if start < end]


def _packed(
    text: str, parts: list[tuple[int, int]], limit: int, count: Callable[[str], int]
) -> Iterator[tuple[int, int]]:
    """Join neighbouring parts while their total number of tokens is at most ``limit``."""
    first, end, tokens = 0, 0, 0
    for start, stop in parts:
        size = count(text[start:stop])
        if end > first and tokens + size > limit:
            yield first, end
            first, tokens = start, 0
        end = stop
        tokens += size
    if end > first:
        yield first, end
