"""Spans of a text that are no words: links, addresses, placeholders, markup, code, emoji."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

import regex


class Span(NamedTuple):
    """A part of a text.

    Attributes:
        start: Its first character, counted from 0.
        end: The character after its last one.
        kind: "link", "email", "placeholder", "tag", "entity", "code" or "emoji".
    """

    start: int
    end: int
    kind: str


_EMOJI = (
    r"\p{Regional_Indicator}{2}|[#*0-9]\ufe0f?\u20e3"
    r"|\p{Extended_Pictographic}(?:[\ufe0e\ufe0f\p{Emoji_Modifier}\U000e0020-\U000e007f]"
    r"|\u200d\p{Extended_Pictographic})*"
)
# Repeats are bounded where each place of a long run could begin a match: time stays linear in the length of a text.
_KINDS = {
    "code": r"`[^`]+`",
    "link": r"""(?<![\p{L}\p{N}])(?:[a-z][a-z0-9+.-]{0,19}://|www\.)[^\s<>"“”«»`]*[^\s<>"“”«»`.,;:!?)\]}'’…]""",
    "email": r"(?<![\p{L}\p{N}._%+-])[\p{L}\p{N}._%+-]{1,64}@[\p{L}\p{N}-]{1,63}(?:\.[\p{L}\p{N}-]{1,63})+",
    "placeholder": (
        r"\{\{[^{}]*\}\}|[$#%]?\{[\w.,:!-]*\}"
        r"|(?<![\p{N}%])%(?:\([^()\s]{1,64}\)|[0-9]{1,2}\$)?[-+#0]{0,5}[0-9]{0,4}(?:\.[0-9]{1,4})?(?:[hlz]{0,2}[diouxXeEfgGcrsaA@]\b|%)"
    ),
    "tag": r"</?[A-Za-z][^<>]*>",
    "entity": r"&(?:#[0-9]+|#[xX][0-9A-Fa-f]+|[A-Za-z][A-Za-z0-9]*);",
    "emoji": rf"{_EMOJI}|(?<![\p{{L}}\p{{N}}:]):[a-z][a-z0-9_+-]+:(?![\p{{L}}\p{{N}}])",
}
_ANY = regex.compile("|".join(rf"(?P<{kind}>{pattern})" for kind, pattern in _KINDS.items()))
# Every other span than "www." has one of these. Most sentences have none, which Python's own module sees much faster.
_SIGN = re.compile("[`:@{%<&\u00a9\u00ae\u203c-\u3299\U0001f000-\U0001faff]")
_LETTER = regex.compile(r"\p{L}")


def protected_spans(text: str) -> list[Span]:
    """Return the spans of ``text`` that a translation keeps as they are, in order; they do not overlap."""
    if _SIGN.search(text) is None and "www." not in text:
        return []
    return [Span(found.start(), found.end(), found.lastgroup or "") for found in _ANY.finditer(text)]


def spans_with_symbols(text: str, symbols: Sequence[str]) -> list[tuple[int, int]]:
    """Return where the protected spans of ``text`` and the given symbols stand, in order, without overlaps."""
    spans = [(start, end) for start, end, _ in protected_spans(text)]
    for symbol in symbols:
        at = text.find(symbol)
        while at >= 0:
            end = at + len(symbol)
            if all(end <= other_start or other_end <= at for other_start, other_end in spans):
                spans.append((at, end))
            at = text.find(symbol, end)
    return sorted(spans)


def has_words(text: str) -> bool:
    """Return whether ``text`` has a letter outside of its protected spans."""
    if _LETTER.search(text) is None:
        return False
    at = 0
    for start, end, _ in protected_spans(text):
        if _LETTER.search(text, at, start):
            return True
        at = end
    return _LETTER.search(text, at) is not None
