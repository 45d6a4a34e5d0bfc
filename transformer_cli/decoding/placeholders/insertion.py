"""Repairs a translation: what the source does not have is removed, and what is missing inserted by word alignment."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice, pairwise

from transformer_cli.decoding.placeholders.required import Required
from transformer_cli.documents.content import Content, Tag, flatten
from transformer_cli.documents.projection import project
from transformer_cli.documents.words import is_unspaced

Links = Sequence[tuple[int, int]]
"""Pairs (word of the source, word of the translation), counted from 0; words are separated by spaces."""

_FIRST_MARK = 0xF0000  # private use: no letter, no punctuation, and no space
_SIGNS = re.compile(r"[^\w\s.,;?!]|(?<=www)\.")
_WORD = re.compile(r"[^ ]+")
_LETTERS = re.compile(r"\w(?:.*\w)?")  # without the marks around a word
_OPENING = frozenset("([{«“„‘\"'¿¡「『（《〈")
_CLOSING = frozenset(")]}»”’\"'.,;:!?…。，、！？；：」』）》〉")


@dataclass(frozen=True, slots=True)
class Inserted:
    """A repaired translation.

    Args:
        text: The translation.
        words: For each word of the translation as it was, the number of its word here, or None if it is gone.
        links: Pairs (word of the source, word here) of what was inserted.
        end: The character after the last placeholder that was inserted; 0 if none was.
    """

    text: str
    words: list[int | None]
    links: list[tuple[int, int]]
    end: int

    def moved(self, links: Links) -> list[tuple[int, int]]:
        """Return the alignment of the repaired translation, from that of the translation as it was."""
        places = ((i, self.words[j]) for i, j in links if j < len(self.words))
        return sorted({*((i, j) for i, j in places if j is not None), *self.links})


def insert(required: Required, translation: str, links: Links | None) -> Inserted:
    """Return a translation that has the placeholders of its source.

    Those that it has stay where they are, except tags that do not nest. The others are inserted where `project` puts
    tags, so none stands inside a word.

    Args:
        required: The placeholders.
        translation: Normalised text.
        links: The alignment of its words with those of the source, or None if unknown.
    """
    inserted = _Repair(required, translation, links).result()
    if required.is_met(inserted.text) and not required.is_swallowed(inserted.text):
        return inserted
    # What stands beside a placeholder can look like a part of it. Then none is kept, and all have spaces around.
    loose = _Repair(required, translation, links, is_loose=True)
    inserted = loose.result()
    if required.is_met(inserted.text):
        return inserted
    # A tag that ends before it begins could come to stand behind the other. In the source's order none does.
    inserted = loose.result(in_order=True)
    if required.is_met(inserted.text):
        return inserted
    # What is left looks like placeholders: it can be so only in a text that is none.
    return _Repair(required, _SIGNS.sub(" ", translation), links, is_loose=True).result(in_order=True)


class _Repair:
    """A source and a translation in which each placeholder that stays is one character, and the others are gone."""

    def __init__(self, required: Required, translation: str, links: Links | None, *, is_loose: bool = False) -> None:
        reading = required.read(translation)
        self._kept, gone = dict(reading.places), list(reading.strays)
        for index in [*self._kept]:
            if is_loose or (required.placeholders[index].is_tag and not reading.is_nested):
                gone.append(self._kept.pop(index))
        self._required = required
        self._is_loose = is_loose
        self._translation = translation
        gone += self._other_renderings(links or (), [*self._kept.values(), *gone])
        self._marks = _unused_characters(len(required.placeholders), required.source + translation)
        target, self._origins = self._marked_translation(gone)
        content, source_origins = self._content()
        sources = _word_numbers(flatten(content)[0], source_origins, required.source)
        targets = _word_numbers(target, self._origins, translation)
        known = None if links is None else _links_of_parts(links, sources, targets)
        self._projected = project(content, target, known)

    def _other_renderings(self, links: Links, taken: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
        """Return the places of the words that a translation has for the terms that it lacks."""
        source = self._required.source
        found: list[tuple[int, int]] = []
        words = [match.span() for match in _WORD.finditer(self._translation)]
        for index, term in enumerate(self._required.placeholders):
            if term.is_term and index not in self._kept:
                first, last = source.count(" ", 0, term.start), source.count(" ", 0, term.end)
                for j in sorted({j for i, j in links if first <= i <= last and j < len(words)}):
                    start, end = words[j]
                    core = _LETTERS.search(self._translation, start, end)
                    if core and all(core.end() <= a or b <= core.start() for a, b in (*taken, *found)):
                        found.append(core.span())
        return found

    def result(self, *, in_order: bool = False) -> Inserted:
        """Return the repaired translation.

        Args:
            in_order: Whether what is inserted takes the places that there are in the order of the source.
        """
        builder = _TextBuilder()
        origins = iter(self._origins)
        inserted = []
        indices = {mark: index for index, mark in enumerate(self._marks)}
        projected = self._in_order() if in_order else self._projected
        for piece, following in pairwise([*projected, ""]):
            if isinstance(piece, Tag):
                index = int(piece.source)
                before, after = self._spaces(index, piece, builder.text[-1:], self._first_character(following))
                builder.add(before)
                inserted.append((index, len(builder.text)))
                builder.add(self._required.placeholders[index].text)
                builder.add(after)
                continue
            for character in piece:
                place = None if character == " " else next(origins)
                index_of_kept = indices.get(character)
                kept = character if index_of_kept is None else self._required.placeholders[index_of_kept].text
                builder.add(kept, place)
        return self._counted(builder, inserted)

    def _in_order(self) -> Content:
        """Return what was projected, with the placeholders in the order of the source, each standing alone."""
        numbers = iter(sorted(int(piece.source) for piece in self._projected if isinstance(piece, Tag)))
        return tuple(
            Tag("single", str(next(numbers))) if isinstance(piece, Tag) else piece for piece in self._projected
        )

    def _counted(self, builder: _TextBuilder, inserted: Sequence[tuple[int, int]]) -> Inserted:
        """Return the text, and numbers of words in place of places of characters."""
        text, source = builder.text.rstrip(" "), self._required.source
        words: list[int | None] = [None] * (self._translation.count(" ") + 1)
        for place, origin in builder.places:
            word = self._translation.count(" ", 0, origin)
            if words[word] is None:
                words[word] = text.count(" ", 0, place)
        placeholders = self._required.placeholders
        links = [(source.count(" ", 0, placeholders[i].start), text.count(" ", 0, place)) for i, place in inserted]
        end = max((place + len(placeholders[i].text) for i, place in inserted), default=0)
        return Inserted(text, words, links, end)

    def _marked_translation(self, gone: Sequence[tuple[int, int]]) -> tuple[str, list[int]]:
        """Return the translation with marks, and the places where its characters but spaces stood."""
        cuts = [
            *((*place, self._marks[index]) for index, place in self._kept.items()),
            *((*place, " ") for place in gone),
        ]
        end_of_all = len(self._translation)
        text, at = "", 0
        origins: list[int] = []
        for start, end, mark in (*sorted(cuts), (end_of_all, end_of_all, "")):
            text += self._translation[at:start] + mark
            origins += [place for place in range(at, start) if self._translation[place] != " "]
            origins += [start] * (mark not in ("", " "))
            at = end
        return " ".join(filter(None, text.split(" "))), origins

    def _content(self) -> tuple[Content, list[int]]:
        """Return the source with marks, and tags for what is missing, and the places of its characters but spaces."""
        source, at = self._required.source, 0
        pieces: list[str | Tag] = []
        origins: list[int] = []
        for index, placeholder in enumerate(self._required.placeholders):
            pieces.append(source[at : placeholder.start])
            origins += range(at, placeholder.start)
            at = placeholder.end
            if index in self._kept:
                pieces.append(self._marks[index])
                origins.append(placeholder.start)
            else:
                pieces.append(Tag(self._required.kinds.get(index, "single"), str(index)))
        pieces.append(source[at:])
        origins += range(at, len(source))
        return tuple(piece for piece in pieces if piece), [place for place in origins if source[place] != " "]

    def _first_character(self, piece: str | Tag) -> str:
        text = self._required.placeholders[int(piece.source)].text if isinstance(piece, Tag) else piece
        if text[:1] in self._marks and text:
            text = self._required.placeholders[self._marks.index(text[0])].text
        return text[:1]

    def _spaces(self, index: int, tag: Tag, before: str, after: str) -> tuple[str, str]:
        """Return what stands before and after an inserted placeholder, between these characters."""
        if tag.kind != "single":
            return "", ""
        source, (start, end, *_) = self._required.source, self._required.placeholders[index]
        sides = (
            (before, source[start - 1 : start] if start else "", _OPENING),
            (after, source[end : end + 1], _CLOSING),
        )
        first, second = (" " if self._has_space(character, own, marks) else "" for character, own, marks in sides)
        return first, second

    def _has_space(self, character: str, own: str, touching: frozenset[str]) -> bool:
        if character in ("", " "):
            return False
        if self._is_loose:
            return True
        if is_unspaced(character):
            return False
        if own in ("", " "):
            return character not in touching
        return character.isalnum() and own != character  # "%dkm" keeps its unit; another word is none


class _TextBuilder:
    """Joins texts without double spaces.

    Attributes:
        text: The text so far.
        places: Pairs (place in the text, place in another text).
    """

    def __init__(self) -> None:
        self.text = ""
        self.places: list[tuple[int, int]] = []

    def add(self, text: str, origin: int | None = None) -> None:
        """Add a text; ``origin`` is where it stood in the other one."""
        if text == " " and self.text[-1:] in ("", " "):
            return
        if origin is not None:
            self.places += [(len(self.text) + i, origin + i) for i in range(len(text)) if text[i] != " "]
        self.text += text


def _unused_characters(number: int, text: str) -> list[str]:
    unused = (chr(code) for code in range(_FIRST_MARK, 0x10FFFF) if chr(code) not in text)
    return list(islice(unused, number))


def _word_numbers(text: str, origins: Sequence[int], original: str) -> list[int]:
    """Return for each word of a text the number of its word in the original.

    Args:
        text: The text.
        origins: The places in the original of its characters but spaces.
        original: The original.
    """
    lengths = [len(word) for word in text.split(" ") if word]
    return [original.count(" ", 0, origins[sum(lengths[:i])]) for i in range(len(lengths))]


def _links_of_parts(links: Links, sources: Sequence[int], targets: Sequence[int]) -> list[tuple[int, int]]:
    """Return the links of words that are numbered ``sources`` and ``targets`` in the texts that ``links`` are of."""
    known = set(links)
    return [(i, j) for i, source in enumerate(sources) for j, target in enumerate(targets) if (source, target) in known]
