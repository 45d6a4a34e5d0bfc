"""The layout of translated subtitles: a sentence shared out to its cues, and a text broken into lines."""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Sequence
from functools import cache

from transformer_cli.documents.content import Content, Tag, plain_text
from transformer_cli.documents.passages import wrapped
from transformer_cli.documents.words import words_of

_SPACES = " \t\r\n"  # a no-break space is a part of its word
_WIDTH = 42  # characters of a line that viewers can read at once, as broadcasters have it
_WIDE_WIDTH = 20  # of Chinese and Japanese characters
_MOST_LINES = 6  # a longer text is no subtitle, and is broken at the width
_INSIDE_A_CLAUSE = 0.15  # cost of a break without punctuation before it, as a share of the squared length


def broken_into_lines(content: Content) -> Content:
    r"""Return the content with ``\n`` where a line ends: as few lines as the width allows, about equally long.

    Args:
        content: One cue's translation; its white space is normalised.
    """
    text = plain_text(content)
    flat = re.sub(f"[{_SPACES}]+", " ", text).strip(" ")
    width = _width(flat)
    if len(flat) <= width:
        return _with_breaks(content, ())
    count = math.ceil(len(flat) / width)
    if count > _MOST_LINES:
        return wrapped(_with_breaks(content, ()), width)
    while True:
        parts = shared_out(flat, [1.0] * count)
        if count >= min(len(words_of(flat)), _MOST_LINES) or all(len(part) <= width for part in parts):
            break
        count += 1
    ends, length = [], 0
    for part in parts[:-1]:
        length += len(part) - part.count(" ")
        ends.append(length)
    return _with_breaks(content, ends)


def _width(text: str) -> int:
    wide = sum("\u1100" <= character <= "\uffdc" for character in text)
    return _WIDE_WIDTH if 2 * wide > len(text) else _WIDTH


def _with_breaks(content: Content, ends: Collection[int]) -> Content:
    """Return the content with single spaces, and breaks after so many characters that are no spaces."""
    pieces: list[str | Tag] = []
    count, has_space = 0, False

    def space() -> str:
        return "" if not count else "\n" if count in ends else " " if has_space else ""

    for piece in content:
        if isinstance(piece, Tag):
            if piece.kind != "close":  # a space stays outside of the tag
                pieces.append(space())
                has_space, ends = False, [end for end in ends if end > count]
            pieces.append(piece)
            continue
        new = ""
        for character in piece:
            if character in _SPACES:
                has_space = True
                continue
            new += space() + character
            has_space, count = False, count + 1
        pieces.append(new)
    return tuple(piece for piece in pieces if piece)


def shared_out(text: str, shares: Sequence[float]) -> list[str]:
    """Return a text in parts, whose lengths are as near to the shares as whole words and clauses allow.

    Args:
        text: A line.
        shares: The wanted length of each part, up to a factor.

    Returns:
        As many parts as shares; joined and without spaces they are the text. Some are empty if there are too few words.
    """
    words = words_of(text)
    starts = [word.start for word in words]
    total = sum(max(share, 0.01) for share in shares)
    goals = [max(share, 0.01) * len(text) / total for share in shares]
    scale = (len(text) / len(shares)) ** 2 or 1.0
    last = len(shares) - 1

    @cache
    def best(number: int, first: int) -> tuple[float, tuple[int, ...]]:
        """Return cost and ends of the parts from ``number`` on, the first of which begins at word ``first``."""
        begin = starts[first] if first < len(words) else len(text)
        if number == last:
            return (len(text) - begin - goals[number]) ** 2 / scale, (len(words),)
        needed = last - number  # words that the other parts need
        ends = range(min(first + 1, len(words)), max(len(words) - needed, min(first + 1, len(words))) + 1)
        return min(
            (_cost(text, begin, starts, end, goals[number]) / scale + rest, (end, *others))
            for end in ends
            for rest, others in [best(number + 1, end)]
        )

    _, ends = best(0, 0)
    parts, first = [], 0
    for end in ends:
        begin = starts[first] if first < len(words) else len(text)
        stop = starts[end] if end < len(words) else len(text)
        parts.append(text[begin:stop].strip(" "))
        first = end
    return parts


def _cost(text: str, begin: int, starts: Sequence[int], end: int, goal: float) -> float:
    """Return the cost of a part that ends before a word: of its length, and of a break inside a clause."""
    if end >= len(starts):
        return (len(text) - begin - goal) ** 2
    before = text[: starts[end]].rstrip(" ")[-1:]
    is_clause = before in ".!?…,;:。，、！？；：»”"
    return (starts[end] - begin - goal) ** 2 + (0.0 if is_clause else _INSIDE_A_CLAUSE * goal**2)
