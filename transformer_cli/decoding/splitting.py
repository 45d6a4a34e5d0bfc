"""Splitting of lines that are too long for the model, at places where a reader would pause."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from itertools import pairwise

# Places to cut, from best to worst: after a sentence, after a clause, between words. A closing quotation mark stays
# with its quotation, including the French mark, which follows a space.
_PLACES = tuple(
    re.compile(pattern)
    for pattern in (
        r"(?<=[.!?…]) +(?!»)|(?<=[.!?…][\"'»«”“’)\]]) +|(?<=[.!?…][ \u00a0\u202f]») +"
        r"|(?<=[。！？])(?![」』”]) *|(?<=[。！？][」』”]) *",
        r"(?<=[;:,–—]) +|(?<=[、，；：]) *",
        r" +",
    )
)


def split_overlong(text: str, *, limit: int, count: Callable[[str], int]) -> list[str]:
    """Split ``text`` into segments of at most ``limit`` tokens, with few cuts at natural places.

    Args:
        text: A normalised line.
        limit: Largest number of tokens of a segment.
        count: Function that returns the number of tokens of a text.

    Returns:
        The segments in order; only spaces between them are lost. A single character is never split, even above the
        limit.
    """
    return list(_split(text, limit, count, places=_PLACES))


def _split(text: str, limit: int, count: Callable[[str], int], places: tuple[re.Pattern[str], ...]) -> Iterator[str]:
    if len(text) <= 1 or count(text) <= limit:
        yield text
    elif places:
        for segment in _packed(_cut(text, places[0]), limit, count):
            yield from _split(segment, limit, count, places[1:])
    else:
        middle = len(text) // 2
        yield from _split(text[:middle], limit, count, ())
        yield from _split(text[middle:], limit, count, ())


def _cut(text: str, place: re.Pattern[str]) -> list[str]:
    """Cut ``text`` at every ``place``; spaces there stay at the end of the preceding part."""
    ends = [match.end() for match in place.finditer(text)]
    return [text[start:end] for start, end in pairwise([0, *ends, len(text)]) if start < end]


def _packed(parts: list[str], limit: int, count: Callable[[str], int]) -> Iterator[str]:
    """Join neighbouring parts while their total number of tokens is at most ``limit``."""
    packed, tokens = "", 0
    for part in parts:
        size = count(part)
        if packed and tokens + size > limit:
            yield packed.rstrip(" ")
            packed, tokens = "", 0
        packed += part
        tokens += size
    if packed:
        yield packed.rstrip(" ")
