"""The rules for single pairs: each is small and has a name, and each dropped pair is counted.

The rules about a pair among others (duplicates, sentences of a test set) are in `selection`.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache
from itertools import chain, islice
from typing import Any

from transformer_cli.config import CleaningConfig, LanguagesConfig
from transformer_cli.data.cleaning.leftovers import (
    have_subword_marks,
    is_numbered_alone,
    without_line_numbers,
    without_markup,
)
from transformer_cli.data.cleaning.near_twins import word_cutter
from transformer_cli.data.corpora import SentencePair
from transformer_cli.text.languages import language_name
from transformer_cli.text.normalization import normalize
from transformer_cli.text.tokenized import has_spaced_stops
from transformer_cli.text.writing_systems import alphabet_of

Predicate = Callable[[str, str], bool]

_LETTER = re.compile(r"[^\W\d_]")
_LINK = re.compile(r"//|www\.|@")
_RATIO_MARGIN = 15
_LOOKED_AT = 128
NEIGHBOURS = 4096
"""The number of neighbouring pairs that are looked at together."""

# A character of these languages carries as much meaning as several letters of others.
_LETTERS_PER_CHARACTER = {"zh": 3.0, "yue": 3.0, "wuu": 3.0, "lzh": 3.0, "ja": 2.0, "ko": 2.0}


@dataclass(slots=True)
class CleaningReport:
    """The numbers of pairs of a corpus that were read, kept, and dropped by each rule."""

    read: int = 0
    kept: int = 0
    dropped: dict[str, int] = field(default_factory=dict)

    def __add__(self, other: CleaningReport) -> CleaningReport:
        rules = {
            rule: self.dropped.get(rule, 0) + other.dropped.get(rule, 0) for rule in {**self.dropped, **other.dropped}
        }
        return CleaningReport(self.read + other.read, self.kept + other.kept, rules)


@dataclass(frozen=True, slots=True)
class Judgement:
    """A normalised pair and the rule that it breaks.

    Args:
        source: The normalised source.
        target: The normalised target.
        place: Where it stands: file and line, or file and unit.
        rule: The first rule that it breaks, or None if it is clean.
        mended: The rules by which its text was mended.
    """

    source: str
    target: str
    place: str
    rule: str | None
    mended: tuple[str, ...] = ()


def _markup(_: str, __: LanguagesConfig) -> Predicate:
    return lambda source, target: without_markup(source, target, lambda: False) is not None


def _subword_marks(_: bool, __: LanguagesConfig) -> Predicate:
    return have_subword_marks


def _numbering(_: bool, __: LanguagesConfig) -> Predicate:
    return is_numbered_alone


def _too_short(least: int, _: LanguagesConfig) -> Predicate:
    return lambda source, target: len(source) < least or len(target) < least


def _too_long(most: int, _: LanguagesConfig) -> Predicate:
    return lambda source, target: len(source) > most or len(target) > most


def _non_text(_: bool, __: LanguagesConfig) -> Predicate:
    return lambda source, target: not _has_letters(source) or not _has_letters(target)


def _has_letters(text: str) -> bool:
    if _LINK.search(text):
        text = " ".join(word for word in text.split() if not _LINK.search(word))
    return _LETTER.search(text) is not None


def _identical(words: int, _: LanguagesConfig) -> Predicate:
    return lambda source, target: (
        len(source) == len(target) and source.casefold() == target.casefold() and len(source.split()) >= words
    )


def _length_ratio(most: float, languages: LanguagesConfig) -> Predicate:
    weight, other_weight = (_LETTERS_PER_CHARACTER.get(language_name(each), 1.0) for each in _both(languages))

    def is_broken(source: str, target: str) -> bool:
        length, other = len(source) * weight, len(target) * other_weight
        return (length if length > other else other) > most * (other if length > other else length) + _RATIO_MARGIN

    return is_broken


def _wrong_script(share: float, languages: LanguagesConfig) -> Predicate:
    alphabet, other = map(alphabet_of, _both(languages))
    return lambda source, target: alphabet.share(source) < share or other.share(target) < share


def _wrong_language(_: bool, languages: LanguagesConfig) -> Predicate:
    from transformer_cli.data.cleaning.language_identification import other_language_detector

    is_other, is_other_than_target = (other_language_detector(each) for each in _both(languages))
    return lambda source, target: is_other(source) or is_other_than_target(target)


def _both(languages: LanguagesConfig) -> tuple[str, str]:
    return languages.source, languages.target


RULES: dict[str, Callable[[Any, LanguagesConfig], Predicate]] = {
    "subword_marks": _subword_marks,
    "markup": _markup,
    "numbering": _numbering,
    "too_short": _too_short,
    "too_long": _too_long,
    "non_text": _non_text,
    "identical": _identical,
    "length_ratio": _length_ratio,
    "wrong_script": _wrong_script,
    "wrong_language": _wrong_language,
}
"""For each rule a function from its value in ``[cleaning]`` to its predicate, in the order in which they are applied.

A pair counts under the first rule that it breaks. A fault found by a reader, ``not_utf8`` and ``empty`` come before. A
rule with the value "mend" drops no pair.
"""

LOCAL_RULES = ("not_utf8", *RULES, "fold_numbers")
"""The keys of ``[cleaning]`` that decide what `CleanedCorpus` holds: the rules for single pairs, and the hashes."""


class PairCleaner:
    """Judges the pairs of a corpus one by one.

    Args:
        config: The rules and their limits.
        languages: The languages of the two sides.

    Raises:
        RecipeError: A rule needs a package that is not installed.
    """

    def __init__(self, config: CleaningConfig, languages: LanguagesConfig) -> None:
        self.fold_numbers = config.fold_numbers
        self.cut_source = word_cutter(languages.source)
        self._wants_utf8 = config.not_utf8
        self._mends_markup = config.markup == "mend"
        self._mends_numbering = config.numbering
        values = {rule: getattr(config, rule) for rule in RULES}
        self._predicates = [
            (rule, RULES[rule](value, languages)) for rule, value in values.items() if value not in (False, "mend")
        ]
        self._alphabets = [alphabet_of(each) for each in _both(languages)]
        self.foreign_letters: tuple[Counter[str], Counter[str]] = (Counter(), Counter())
        """The number of times that each letter of another script occurred in clean sources, and in clean targets."""

    def judge(self, pairs: Iterable[SentencePair]) -> Iterator[Judgement]:
        """Yield every pair, normalised and mended, with the rule that it breaks.

        Some thousand pairs are taken in advance, because whether lines are numbered shows in many of them only.

        Args:
            pairs: The pairs of a corpus, in its order.
        """
        remaining = iter(pairs)
        while neighbours := list(islice(remaining, NEIGHBOURS)):
            yield from self._judge(neighbours)

    def _judge(self, pairs: list[SentencePair]) -> Iterator[Judgement]:
        texts = [(normalize(pair.source), normalize(pair.target)) for pair in pairs]
        unnumbered = self._without_line_numbers(texts)
        is_tokenized = cache(lambda: has_spaced_stops([*chain.from_iterable(texts[:_LOOKED_AT])]))
        for pair, before, after in zip(pairs, texts, unnumbered, strict=True):
            source, target = after
            mended = () if after is before else ("numbering",)
            if self._mends_markup and (changed := without_markup(source, target, is_tokenized)) is not None:
                source, target = changed
                mended = (*mended, "markup")
            rule = pair.fault or self._broken_rule(source, target, pair.is_utf8)
            if rule is None:
                self._count_foreign(source, target)
            yield Judgement(source, target, pair.place, rule, mended)

    def _without_line_numbers(self, texts: list[tuple[str, str]]) -> list[tuple[str, str]]:
        if not self._mends_numbering:
            return texts
        sides = [[text[side] for text in texts] for side in (0, 1)]
        unnumbered = [without_line_numbers(side) for side in sides]
        if unnumbered == [None, None]:
            return texts
        changed = zip(*(after or before for before, after in zip(sides, unnumbered, strict=True)), strict=True)
        return [before if before == after else after for before, after in zip(texts, changed, strict=True)]

    def _broken_rule(self, source: str, target: str, is_utf8: bool) -> str | None:
        if not is_utf8 and self._wants_utf8:
            return "not_utf8"
        if not source or not target:
            return "empty"
        for rule, is_broken in self._predicates:
            if is_broken(source, target):
                return rule
        return None

    def _count_foreign(self, source: str, target: str) -> None:
        for text, alphabet, counter in zip((source, target), self._alphabets, self.foreign_letters, strict=True):
            if letters := alphabet.foreign_letters(text):
                counter.update(letters)
