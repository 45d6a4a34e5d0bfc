"""Terms of a glossary in a source: which ones stand where, and what the translation must have for them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import regex

from transformer_cli.documents.words import is_unspaced
from transformer_cli.text.protected import Span
from transformer_cli.text.spelling.letter_case import upper

_SAME_LENGTH = str.maketrans({"’": "'", "\u00a0": " ", "\u202f": " "})
_LETTER_BEFORE, _LETTER_AFTER = r"(?<![\p{L}\p{M}\p{N}_])", r"(?![\p{L}\p{M}\p{N}_])"


class TermSpan(NamedTuple):
    """A term in a text.

    Attributes:
        start: Its first character, counted from 0.
        end: The character after its last one.
        text: The term of the other language that the translation must have.
    """

    start: int
    end: int
    text: str


class Glossary:
    """Pairs of terms.

    A term matches between words, never inside one; in a script without spaces it matches anywhere. One without capitals
    matches in any case, one with capitals as it is written. Of two that overlap, the one that begins first counts, then
    the longer one.

    Args:
        terms: The terms of the source language, each with its translation.
        language: The target language.
    """

    def __init__(self, terms: Mapping[str, str], language: str) -> None:
        self.language = language
        self._translations: dict[str, str] = {}
        groups: dict[tuple[bool, bool, bool], list[str]] = {}
        for term, translation in terms.items():
            known = " ".join(term.translate(_SAME_LENGTH).split())
            self._translations.setdefault(known, translation)
            kind = (known == known.lower(), is_unspaced(known[0]), is_unspaced(known[-1]))
            groups.setdefault(kind, []).append(known)
        self._patterns = [_pattern(kind, names) for kind, names in groups.items()]
        self._by_small_letters = {term.casefold(): term for term in reversed(self._translations)}

    def spans(self, text: str, protected: Sequence[Span]) -> list[TermSpan]:
        """Return the terms of a text in order, without overlaps.

        Args:
            text: A normalised text.
            protected: Spans in which no term is looked for.
        """
        found = sorted(self._matches(text.translate(_SAME_LENGTH)), key=lambda span: (span.start, -span.end))
        chosen: list[TermSpan] = []
        for span in found:
            is_free = all(span.end <= start or end <= span.start for start, end, _ in protected)
            if is_free and (not chosen or chosen[-1].end <= span.start):
                chosen.append(span)
        return chosen

    def _matches(self, text: str) -> Iterator[TermSpan]:
        for pattern in self._patterns:
            for match in pattern.finditer(text):
                written = match[0]
                term = written if written in self._translations else self._by_small_letters[written.casefold()]
                translation = self._translations[term]
                is_in_capitals = len(written) > 1 and written.isupper() and not term.isupper()
                string = upper(translation, self.language) if is_in_capitals else translation
                yield TermSpan(match.start(), match.end(), string)


def _pattern(kind: tuple[bool, bool, bool], terms: Sequence[str]) -> regex.Pattern[str]:
    in_any_case, begins_anywhere, ends_anywhere = kind
    before, after = "" if begins_anywhere else _LETTER_BEFORE, "" if ends_anywhere else _LETTER_AFTER
    # Longest first: of several that match at a place, the first one is taken.
    either = "|".join(regex.escape(term, literal_spaces=True) for term in sorted(terms, key=len, reverse=True))
    return regex.compile(f"{before}(?:{either}){after}", regex.IGNORECASE if in_any_case else 0)
