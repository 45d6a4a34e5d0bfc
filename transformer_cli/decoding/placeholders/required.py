"""What a source requires of its translation: each placeholder as often as it has it, and tags that nest as in it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import regex

from transformer_cli.decoding.placeholders.glossary import TermSpan, is_between_words
from transformer_cli.documents.content import TagKind, kinds_of_pairs
from transformer_cli.text.placeholders import OWN, Find, places_of, span_at
from transformer_cli.text.protected import Span, placeholder_spans
from transformer_cli.text.spelling.capitals import begins_with_capital
from transformer_cli.text.spelling.letter_case import with_capital

_BEGINNING = regex.compile(r"(?:^|[.!?…]\s)[\p{P}\s]*+$")  # of a sentence: what may stand before its first word
_OF_PROGRAMS = frozenset(["printf", "braces", "variable", "tag", "entity", OWN])
_BRACES = frozenset("{}")
_NUMBER = re.compile(r"[0-9](?=%(?!-[A-Za-z])[^%])")  # "5%-a" is a percentage of Hungarian
# "%5" of Turkish, "%20a" of Basque, "5%e".
_PERCENTAGE = re.compile(r"(?<!\d)(?:%(?P<behind>\d{1,4})[A-Za-z]?|(?P<before>\d{1,4})%[A-Za-z])")
_SMALL_NUMBER = re.compile(r"(?<!\d)\d{1,4}(?!\d)")
_WAYS_OF_CAPITALS = ("en", "tr", "nl")  # of languages that begin a word with other capitals than most
_TAG = re.compile(r"<(?P<end>/?)(?P<name>[A-Za-z][\w:.-]*|[0-9]+)(?:.*[^/])?>", re.DOTALL)  # not <br/>


class Placeholder(NamedTuple):
    """A span of a source, and what it has to be in the translation.

    Attributes:
        start: Its first character in the source.
        end: The character after its last one.
        text: The string that the translation must have for it.
        is_tag: Whether it is a tag of markup, which has to nest with the others.
        is_term: Whether it is a word: it may stand there more often, and with a capital at its beginning.
    """

    start: int
    end: int
    text: str
    is_tag: bool = False
    is_term: bool = False


@dataclass(frozen=True, slots=True)
class Reading:
    """What a translation has of the placeholders of its source.

    Args:
        places: For each placeholder, by its index, where it stands; a missing one has no entry.
        strays: Places of placeholders that the source does not have, or not so often, in order.
        is_nested: Whether the tags nest as in the source.
    """

    places: dict[int, tuple[int, int]]
    strays: list[tuple[int, int]]
    is_nested: bool


_NOTHING = Reading({}, [], is_nested=True)


class Required:
    """The placeholders of a source.

    Args:
        source: Normalised text.
        placeholders: Its placeholders, in order, without overlaps.
        find: Finds all spans of a text that look like placeholders; those in a translation are strays if the source
            does not have them.
    """

    def __init__(
        self,
        source: str,
        placeholders: Sequence[Placeholder],
        find: Find = placeholder_spans,
    ) -> None:
        self.source = source
        self.placeholders = tuple(placeholders)
        self._find = find
        self._indices: dict[str, list[int]] = {}
        for index, placeholder in enumerate(self.placeholders):
            self._indices.setdefault(placeholder.text, []).append(index)
        spans = find(source)
        self._edges = {(each.text, _braces_around(source, each.start, each.end, spans)) for each in self.placeholders}
        terms = {each.text for each in self.placeholders if each.is_term}
        forms = ((with_capital(text, language), text) for text in terms for language in _WAYS_OF_CAPITALS)
        self._terms = dict(forms) | {text: text for text in terms}
        self.kinds = self._kinds_of(range(len(self.placeholders)))

    @classmethod
    def of(cls, source: str, find: Find = placeholder_spans, terms: Sequence[TermSpan] = ()) -> Required | None:
        """Return the placeholders of a text, all to be kept as they are, and its terms, or None if it has neither."""
        spans = find(source)
        if not spans and not terms:
            return None
        tags = {source[start:end]: kind == "tag" for start, end, kind in spans}
        places = places_of(tags.keys(), source, spans)
        found = [Placeholder(start, end, source[start:end], tags[source[start:end]]) for start, end in places]
        found += [Placeholder(start, end, text, is_term=True) for start, end, text in terms]
        return cls(source, sorted(found), find)

    @classmethod
    def of_none(cls, source: str, find: Find = placeholder_spans) -> Required:
        """Return what a text without placeholders requires: that a program reads none into its translation.

        A link, a path or code may come of words.
        """
        return cls(source, (), lambda text: [span for span in find(text) if span.kind in _OF_PROGRAMS])

    def is_met(self, translation: str) -> bool:
        """Return whether a translation has each placeholder as often as the source, no other, and tags that nest."""
        reading = self.read(translation)
        return len(reading.places) == len(self.placeholders) and not reading.strays and reading.is_nested

    def is_swallowed(self, translation: str) -> bool:
        """Return whether what touches a placeholder reads as a part of it, as a letter does behind a link."""
        spans = self._find(translation)
        around = ((place, span_at(spans, place[0])) for place in self.read(translation).places.values())
        return any(span is not None and (span.start, span.end) != place for place, span in around)

    def missing(self, translation: str) -> tuple[str, ...]:
        """Return the placeholders that a translation lacks, and those it has too often or that the source lacks."""
        reading = self.read(translation)
        lacking = [each.text for index, each in enumerate(self.placeholders) if index not in reading.places]
        return (*lacking, *(translation[start:end] for start, end in reading.strays))

    def with_capitals(self, translation: str, language: str) -> str:
        """Return a translation in which terms have a capital that begin it, or a sentence as they do in the source.

        Args:
            translation: A translation that has the terms as the glossary writes them.
            language: Its language.
        """
        if not self._terms:
            return translation
        for index, (start, end) in self.read(translation).places.items():
            term = self.placeholders[index]
            written = self.source[term.start : term.end]
            before = _BEGINNING.search(translation, endpos=start)
            model = self.source if before and before.start() == 0 else written
            if term.is_term and before and written != term.text and begins_with_capital(model):
                text = with_capital(translation[start:end], language)
                translation = translation[:start] + text + translation[end:]
        return translation

    def read(self, translation: str) -> Reading:
        """Return where a translation has the placeholders; the n-th of equal ones belongs to the n-th of the source."""
        places: dict[int, tuple[int, int]] = {}
        strays: list[tuple[int, int]] = []
        found = self._spans_of(translation)
        if not found and not self.placeholders:  # most lines; time counts here
            return _NOTHING
        indices = {text: iter(own) for text, own in self._indices.items()}
        taken = [False] * len(translation)
        for start, end in places_of({*self._indices, *self._terms}, translation, found):
            text = translation[start:end]
            if text in self._terms and not is_between_words(translation, start, end):
                continue
            taken[start:end] = [True] * (end - start)
            before, after = _braces_around(translation, start, end, found)
            if (before or after) and (text, (before, after)) not in self._edges:
                strays.append((start - len(before), end + len(after)))  # "{x}}" is not read as "{x}"
                continue
            index = next(indices[self._terms.get(text, text)], None)
            if index is None and text not in self._terms:
                strays.append((start, end))
            elif index is None:
                taken[start:end] = [False] * (end - start)
            else:
                places[index] = (start, end)
        others = [span for span in found if not any(taken[span.start : span.end])]
        strays += [(start, end) for start, end, _ in self._without_percentages(others, translation)]
        order = sorted(places, key=places.__getitem__)
        return Reading(places, sorted(strays), self._opened(self._kinds_of(order)) == self._opened(self.kinds))

    def _spans_of(self, translation: str) -> Sequence[Span]:
        """Return what looks like a placeholder in a translation, also a conversion behind a number.

        There it is a percentage to a reader, and a placeholder to a program: one that the source has not is a stray.
        """
        found = self._find(translation)
        if _NUMBER.search(translation) is None:
            return found
        behind = (
            span
            for span in self._find(_NUMBER.sub("x", translation))
            if span.kind == "printf" and translation[span.start : span.end] not in self.source
        )
        free = (span for span in behind if all(span.end <= start or end <= span.start for start, end, _ in found))
        return sorted([*found, *free])

    def _without_percentages(self, spans: Sequence[Span], translation: str) -> Sequence[Span]:
        """Return spans of a translation but for those that are percentages: they have a number of the source."""
        percentages = list(_PERCENTAGE.finditer(translation)) if spans else []
        if not percentages:
            return spans
        edges = [0, *(edge for each in self.placeholders for edge in (each.start, each.end)), len(self.source)]
        words = " ".join(self.source[start:end] for start, end in zip(edges[::2], edges[1::2], strict=True))
        numbers = {int(number) for number in _SMALL_NUMBER.findall(words)}
        ends = {found.end() for found in percentages if int(found["behind"] or found["before"]) in numbers}
        return [span for span in spans if span.kind != "printf" or span.end not in ends]

    def _opened(self, kinds: dict[int, TagKind]) -> Counter[str]:
        """Return how often each tag surrounds text; equal ones cannot be told apart."""
        return Counter(self.placeholders[index].text for index, kind in kinds.items() if kind == "open")

    def _kinds_of(self, order: Sequence[int]) -> dict[int, TagKind]:
        """Return which placeholders are tags that surround text, if they stand in this order."""
        tags = ((i, _TAG.fullmatch(self.placeholders[i].text)) for i in order if self.placeholders[i].is_tag)
        return kinds_of_pairs((i, tag["name"], bool(tag["end"])) for i, tag in tags if tag)


def _braces_around(text: str, start: int, end: int, spans: Sequence[Span]) -> tuple[str, str]:
    """Return the braces that touch a span of a text on both sides and belong to no other of the ``spans``."""
    first, last = start, end
    while first and text[first - 1] in _BRACES and span_at(spans, first - 1) is None:
        first -= 1
    while text[last : last + 1] in _BRACES and span_at(spans, last) is None:
        last += 1
    return text[first:start], text[end:last]
