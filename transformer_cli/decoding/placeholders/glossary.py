"""Terms of a glossary in a source: which ones stand where, and what the translation must have for them."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import regex

from transformer_cli.data.tokens.hints import are_forms
from transformer_cli.documents.words import is_unspaced
from transformer_cli.text.protected import Span
from transformer_cli.text.spelling.capitals import is_in_capitals
from transformer_cli.text.spelling.letter_case import upper, with_small_i

_WORD = regex.compile(r"[\p{L}\p{M}\p{N}_]+")
_HYPHENS = frozenset("-\u2010\u2011")
_JOINING = frozenset("_\u200c\u200d")  # the invisible ones stand inside words, in Persian before a plural
_SAME_LENGTH = str.maketrans({"’": "'", "\u00a0": " ", "\u202f": " "})


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

    A term matches between words, never inside one, as "mail" stands in "e-mail"; in a script without spaces it matches
    anywhere. One without capitals matches in any case, one with capitals as it is written, and in a text in capitals.
    Of two that overlap, the one that begins first counts, then the longer one.

    Args:
        terms: The terms of the source language, each with its translation; of equal ones the first counts.
        language: The target language.
        source: The source language.
    """

    def __init__(self, terms: Mapping[str, str], language: str, source: str = "und") -> None:
        self.language = language
        self._source = source
        self._as_written: dict[str, str] = {}
        self._in_any_case: dict[str, str] = {}
        self._in_capitals: dict[str, str] = {}
        self._shouted: dict[str, str] = {}
        lengths: dict[str, set[int]] = {}
        for term, translation in terms.items():
            known = " ".join(term.translate(_SAME_LENGTH).split())
            folded = _folded(known, source)
            own, key = (self._in_any_case, folded) if known == known.lower() else (self._as_written, known)
            own.setdefault(key, translation)
            # "ΛΟΓΟΣ" lacks an accent and "STRASSE" a letter of the small form. One letter alone is another word.
            shouted = upper(known, source) if len(known) > 1 else known
            if own is self._in_any_case:
                self._shouted.setdefault(shouted, translation)
            for form in {folded, _folded(shouted, source)} - {""}:
                self._in_capitals.setdefault(form, translation)
                lengths.setdefault(form[0], set()).add(len(form))
        # Looked up by each length of a term with the same first character: their number does not matter.
        self._lengths = {first: sorted(own, reverse=True) for first, own in lengths.items()}

    def spans(self, text: str, protected: Sequence[Span], *, as_written: bool = False) -> list[TermSpan]:
        """Return the terms of a text in order, without overlaps.

        Args:
            text: A normalised text.
            protected: Spans in which no term is looked for.
            as_written: Whether translations are those of the glossary also where the text has a term in capitals.
        """
        plain = text.translate(_SAME_LENGTH)
        folded = _folded(plain, self._source)
        taken = {place for start, end, _ in protected for place in range(start, end)}
        all_capitals = is_in_capitals(text)
        spans: list[TermSpan] = []
        at = 0
        while at < len(text):
            ends = (at + length for length in self._lengths.get(folded[at], ()))
            found = (
                (end, translation)
                for end in ends
                if (translation := self._translation(plain[at:end], folded[at:end], all_capitals)) is not None
                and is_between_words(plain, at, end)
                and not _is_hyphenated(plain, at, end)
                and taken.isdisjoint(range(at, end))
            )
            end, translation = next(found, (at + 1, None))
            if translation is not None:
                string = translation if as_written else self._in_its_case(translation, plain[at:end])
                spans.append(TermSpan(at, end, string))
            at = end
        return spans

    def _translation(self, written: str, folded: str, all_capitals: bool) -> str | None:
        known = self._as_written.get(written, self._in_any_case.get(folded, self._shouted.get(written)))
        return self._in_capitals.get(folded) if known is None and all_capitals else known

    def _in_its_case(self, translation: str, written: str) -> str:
        is_shouted = len(written) > 1 and written.isupper() and written not in self._as_written
        return upper(translation, self.language) if is_shouted else translation


def has_form(text: str, term: str) -> bool:
    """Return whether a text has a term or, for each of its words, one that begins like it, as its other forms do."""
    text, term = text.casefold(), term.casefold()
    words = _WORD.findall(term)
    if not words or any(map(is_unspaced, term)):
        return term in text
    return all(any(are_forms(word, other) for other in _WORD.findall(text)) for word in words)


def is_between_words(text: str, start: int, end: int) -> bool:
    """Return whether a part of a text that is not empty is no part of a longer word.

    Korean particles follow their word without a space, also a Latin one, so Hangul may follow.
    """
    if end > len(text) or (end < len(text) and unicodedata.category(text[end])[0] == "M"):
        return False
    following = text[end : end + 1]
    goes_on = _are_one_word(following, text[end - 1]) and not _is_hangul(following)
    return not goes_on and not _are_one_word(text[max(start - 1, 0) : start], text[start])


def _is_hyphenated(text: str, start: int, end: int) -> bool:
    """Return whether a hyphen joins a part of a text that is not empty to a single letter, as in "e-mail"."""
    before, behind = text[max(start - 3, 0) : start], text[end : end + 3]
    return _is_joined(text[start], before[::-1]) or _is_joined(text[end - 1], behind)


def _is_joined(edge: str, outside: str) -> bool:
    """Return whether a term's edge, a hyphen and a single character behind it are letters of one word."""
    if len(outside) < 2 or outside[0] not in _HYPHENS or not _are_one_word(outside[1], edge):
        return False
    if outside[2:].isalnum():
        return False
    return all(unicodedata.category(character)[0] in "LM" for character in (edge, outside[1]))


def _are_one_word(outside: str, edge: str) -> bool:
    """Return whether a character beside a term, or none, can belong to a word with the one at the term's edge."""
    if not outside or is_unspaced(outside) or is_unspaced(edge):
        return False
    return outside.isalnum() or outside in _JOINING or unicodedata.category(outside)[0] == "M"


def _is_hangul(character: str) -> bool:
    return "가" <= character <= "힣"


def _folded(text: str, language: str) -> str:
    """Return a text in small letters, each in the place of its own; one that has no small form of one letter stays."""
    text = with_small_i(text, language)
    folded = text.lower()
    if len(folded) != len(text):
        folded = "".join(small if len(small := letter.lower()) == 1 else letter for letter in text)
    return folded.replace("\u03c2", "\u03c3")  # of the two small letters sigma, one stands at ends of words
