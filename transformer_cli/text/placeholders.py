"""Finds placeholders in texts, and replaces them with numbered symbols, which a model puts in their places.

A symbol is one token that means nothing but "what stood here". The text for the model has symbols, in training on both
sides of a pair, and each symbol of a translation is replaced with the string that it stands for. So any span of a
source comes out as any given string: give `Masked` that string for the symbol.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from operator import itemgetter
from typing import NamedTuple

import regex

from transformer_cli.text.protected import Span, placeholder_spans

SYMBOLS = tuple(f"⟦{number}⟧" for number in range(16))
"""The symbols. A text that has one by itself has it as a placeholder, so it is replaced like all others."""

Find = Callable[[str], Sequence[Span]]
"""Returns the placeholders of a text, in order, without overlaps."""

OWN = "own"
"""The kind of what a recipe's own patterns find."""

_SYMBOL = re.compile("(?P<space> ?)(?P<symbol>⟦[0-9]{1,2}⟧)")
_GOES_ON = re.compile(r"[A-Za-z0-9_]{2}|``|%%")
_ENDS_SOMEWHERE = frozenset(["link", "email", "path", "braces", "tag", "entity", "variable"])
"""Kinds of which a part is something else: a link that goes on is another link."""

PERCENT_SIGN_FIRST = frozenset(["tr", "az", "eu", "ku"])
"""Languages that write "%5" for five percent."""

_OF_QT = re.compile("%L?[1-9]")
_TAKEN = "\ufffc"  # for what is found; no pattern of a placeholder has it


class Masked(NamedTuple):
    """A text with symbols.

    Attributes:
        text: The text.
        strings: The string that each symbol stands for.
    """

    text: str
    strings: Mapping[str, str]

    def restored(self, translation: str) -> str:
        """Return a translation with strings for symbols; one that stands for nothing goes, with the space before it."""

        def string_of(found: re.Match[str]) -> str:
            string = self.strings.get(found["symbol"])
            return "" if string is None else found["space"] + string

        return _SYMBOL.sub(string_of, translation)


@lru_cache(8)
def finder(patterns: tuple[str, ...] = (), without: tuple[str, ...] = (), tags: tuple[str, ...] = ()) -> Find:
    """Return a function that finds placeholders.

    Args:
        patterns: Regular expressions of more placeholders; they come first.
        without: Kinds (`Span.kind`) that are words.
        tags: Tags of corpora: what a text begins with, followed by a space, is a message to the model.
    """
    if not patterns and not without and not tags:
        return placeholder_spans
    begins = tuple(f"{tag} " for tag in tags)
    own = regex.compile("|".join(f"(?:{pattern})" for pattern in patterns)) if patterns else None

    def find(text: str) -> list[Span]:
        spans = (
            [Span(found.start(), found.end(), OWN) for found in own.finditer(text) if found[0].strip()] if own else []
        )
        others = [span for span in placeholder_spans(text) if span.kind not in without]
        free = [span for span in others if all(span.end <= each.start or each.end <= span.start for each in spans)]
        tag = next((each for each in begins if text.startswith(each)), "")
        return sorted(span for span in (*spans, *free) if span.start >= len(tag))

    return find


def counted_from_one(find: Find) -> Find:
    """Return a function that finds the same, but for ``%5`` where no ``%1`` to ``%4`` stand beside it.

    The placeholders of Qt count from 1; another number is a percentage in a language of `PERCENT_SIGN_FIRST`.
    """

    def find_counted(text: str) -> Sequence[Span]:
        spans = find(text)
        of_qt = {span for span in spans if span.kind == "printf" and _OF_QT.fullmatch(text, span.start, span.end)}
        numbers = {int(text[span.end - 1]) for span in of_qt}
        return spans if len(numbers) == max(numbers, default=0) else [span for span in spans if span not in of_qt]

    return find_counted


def masked(text: str, find: Find, symbols: Sequence[str], terms: Sequence[tuple[int, int, str]] = ()) -> Masked:
    """Return a text with symbols for its placeholders: equal ones have the same, numbered by their first places.

    Args:
        text: The text.
        find: Finds placeholders.
        symbols: The symbols; if they are too few, the last placeholders stay.
        terms: Other spans, (start, end, string), that come out as their strings.
    """
    spans = find(text)
    if not spans and not terms:
        return Masked(text, {})
    places = places_of([text[start:end] for start, end, _ in spans], text, spans)
    replaced = sorted([*((start, end, text[start:end]) for start, end in places), *terms])
    strings = dict.fromkeys(string for _, _, string in replaced)
    chosen = dict(zip(strings, symbols, strict=False))
    parts, at = [], 0
    for start, end, string in replaced:
        parts += [text[at:start], chosen.get(string, text[start:end])]
        at = end
    return Masked("".join([*parts, text[at:]]), {symbol: string for string, symbol in chosen.items()})


def masked_pair(source: str, target: str, find: Find, symbols: Sequence[str]) -> tuple[str, str]:
    """Return a sentence pair with symbols for the placeholders that both sides have equally often."""
    spans = find(source)
    if not spans:
        return source, target
    texts = [source[start:end] for start, end, _ in spans]
    places = places_of(texts, source, spans)
    targets = places_of(texts, target, find(target))
    own = Counter(source[start:end] for start, end in places)
    others = Counter(target[start:end] for start, end in targets)
    shared = [text for text, number in own.items() if number == others[text]]
    chosen = dict(zip(shared, symbols, strict=False))
    return _replaced(source, places, chosen), _replaced(target, targets, chosen)


def _replaced(text: str, places: Sequence[tuple[int, int]], chosen: Mapping[str, str]) -> str:
    parts, at = [], 0
    for start, end in places:
        parts += [text[at:start], chosen.get(text[start:end], text[start:end])]
        at = end
    return "".join([*parts, text[at:]])


def places_of(texts: Iterable[str], text: str, spans: Sequence[Span]) -> list[tuple[int, int]]:
    """Return where placeholders stand in a text, but not as a part of something longer; in order, without overlaps.

    Args:
        texts: The placeholders.
        text: The text.
        spans: What looks like a placeholder there.
    """
    wanted = frozenset(texts)
    places = [(start, end) for start, end, _ in spans if text[start:end] in wanted]
    rest = _without(text, places)
    longer = [span for span in spans if span.kind in _ENDS_SOMEWHERE]
    for placeholder in sorted(wanted, key=len, reverse=True):
        found = []
        at = rest.find(placeholder)
        while at >= 0:
            end = at + len(placeholder)
            if _is_whole(at, end, text) and not _is_part(at, end, text, longer):
                found.append((at, end))
            else:
                end = at + 1
            at = rest.find(placeholder, end)
        if found:
            places += found
            rest = _without(rest, found)
    return sorted(places)


def span_at(spans: Sequence[Span], place: int) -> Span | None:
    """Return the span that a character belongs to; the spans are in order, and do not overlap."""
    before = bisect_right(spans, place, key=itemgetter(0)) - 1
    return spans[before] if before >= 0 and place < spans[before].end else None


def _without(text: str, places: Sequence[tuple[int, int]]) -> str:
    """Return a text in which nothing is found at these places, which are in order, without overlaps."""
    parts, at = [], 0
    for start, end in places:
        parts += [text[at:start], _TAKEN * (end - start)]
        at = end
    return "".join([*parts, text[at:]])


def _is_whole(start: int, end: int, text: str) -> bool:
    """Return whether no letter, digit, backtick or percent sign goes on with one at the edge of a span."""
    edges = (text[start - 1 : start + 1] if start else "", text[end - 1 : end + 1])
    return not any(_GOES_ON.fullmatch(edge) for edge in edges)


def _is_part(start: int, end: int, text: str, spans: Sequence[Span]) -> bool:
    """Return whether a span is part of a longer one; letters of other scripts may follow without a space."""
    span = span_at(spans, start)
    if span is None or end > span.end or (span.start, span.end) == (start, end):
        return False
    return (text[span.start : start] + text[end : span.end]).isascii()
