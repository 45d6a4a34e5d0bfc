"""Words that are translations of each other, learned from sentence pairs."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from transformer_cli.data.tokens.hints import are_forms

_WORD = re.compile(r"[^\W\d_]{2,}")
_FEWEST_LETTERS = 4
"""Shorter words are mostly articles, pronouns and the like, for which nobody writes a glossary."""

_FEWEST = 3
"""Words that stand together in fewer pairs may do so by chance."""

_LEAST_DICE = 0.1
"""Of words with many forms each has a small share."""

_LEAST_OF_BEST = 0.2
_PAIRS_AT_ONCE = 10_000


class WordPair(NamedTuple):
    """A word of a source, and the word of the target that translates it.

    Attributes:
        source: (start, end) of the word in the source.
        target: (start, end) of the word in the target.
        usual: The form of the target's word that most often translates the source's.
    """

    source: tuple[int, int]
    target: tuple[int, int]
    usual: str


class WordPairs:
    """The words of two languages that are translations of each other.

    Args:
        likeness: For a word of the source language its translations, each with Dice's coefficient: twice the number of
            sentence pairs that have both, divided by the sum of the numbers of those that have one. All in small
            letters.
        written: How a word of the target language, in small letters, is written mostly.
    """

    def __init__(self, likeness: Mapping[str, Mapping[str, float]], written: Mapping[str, str]) -> None:
        self._likeness = likeness
        self._written = written
        self.targets = sorted({written[word] for own in likeness.values() for word in own})
        """The words of the target language, as they are written mostly."""

    @classmethod
    def learn(cls, sources: Iterable[str], targets: Iterable[str]) -> WordPairs:
        """Learn from sentence pairs; both sides are read twice."""
        counts = [Counter[str](), Counter[str]()]
        forms = Counter[str]()
        for source, target in zip(sources, targets, strict=True):
            for own, text in zip(counts, (source, target), strict=True):
                own.update(_words(text))
            forms.update(_WORD.findall(target)[1:])  # the first word has a capital for its place
        ids = [
            {word: i for i, word in enumerate(word for word, count in own.items() if count >= _FEWEST)}
            for own in counts
        ]
        words = [list(own) for own in ids]
        likeness: dict[str, dict[str, float]] = {}
        for key, number in zip(*_counted(_together(sources, targets, ids)), strict=True):
            source, target = words[0][key // len(words[1])], words[1][key % len(words[1])]
            likeness.setdefault(source, {})[target] = 2 * number / (counts[0][source] + counts[1][target])
        written = {word: word for word in ids[1]}
        written |= {form.lower(): form for form, _ in reversed(forms.most_common())}
        return cls(_best(likeness), written)

    def of(self, source: str, target: str) -> list[WordPair]:
        """Return the words of a sentence pair that translate each other, in the order of the source.

        The most alike are taken first, and each word belongs to one pair (Melamed 2000). A word that stands there
        twice, and one that is the same on both sides, belong to none.
        """
        own, other = _single_words(source), _single_words(target)
        found = sorted(
            (-dice, word, translation)
            for word in own
            for translation, dice in self._likeness.get(word, {}).items()
            if translation in other
        )
        pairs: list[WordPair] = []
        for _, word, translation in found:
            if word in own and translation in other:
                places = own.pop(word), other.pop(translation)
                if word != translation and min(len(word), len(translation)) >= _FEWEST_LETTERS:
                    pairs.append(WordPair(*places, self._usual(word, translation)))
        return sorted(pairs)

    def _usual(self, word: str, translation: str) -> str:
        own = self._likeness[word]
        forms = (form for form in own if are_forms(form, translation))
        return self._written[max(forms, key=own.__getitem__)]


def _best(likeness: Mapping[str, Mapping[str, float]]) -> dict[str, dict[str, float]]:
    """Return the translations that are not far less alike than the best one of either word."""
    best_of_target: dict[str, float] = {}
    for own in likeness.values():
        for target, dice in own.items():
            best_of_target[target] = max(dice, best_of_target.get(target, 0.0))
    kept = {}
    for source, own in likeness.items():
        best = max(own.values())
        kept[source] = {
            target: dice
            for target, dice in own.items()
            if dice >= max(_LEAST_DICE, _LEAST_OF_BEST * max(best, best_of_target[target]))
        }
    return kept


def _words(text: str) -> set[str]:
    return {*_WORD.findall(text.lower())}


def _single_words(text: str) -> dict[str, tuple[int, int]]:
    """Return the places of the words that stand in a text once."""
    found = [(each[0].lower(), each.span()) for each in _WORD.finditer(text)]
    counts = Counter(word for word, _ in found)
    return {word: place for word, place in found if counts[word] == 1}


def _together(
    sources: Iterable[str], targets: Iterable[str], ids: Sequence[Mapping[str, int]]
) -> Iterator[NDArray[np.int64]]:
    """Yield for each sentence pair a number for each pair of words that it has."""
    for texts in zip(sources, targets, strict=True):
        own, other = (
            np.array(sorted(known[word] for word in _words(text) if word in known), dtype=np.int64)
            for known, text in zip(ids, texts, strict=True)
        )
        yield (own[:, None] * len(ids[1]) + other).ravel()


def _counted(arrays: Iterable[NDArray[np.int64]]) -> tuple[list[int], list[int]]:
    """Return the different numbers of all arrays that occur often enough, and how often."""
    numbers, counts = np.empty(0, np.int64), np.empty(0, np.int64)
    remaining = iter(arrays)
    while some := list(islice(remaining, _PAIRS_AT_ONCE)):
        new, how_often = np.unique(np.concatenate(some), return_counts=True)
        numbers, places = np.unique(np.concatenate([numbers, new]), return_inverse=True)
        counts = np.bincount(places, weights=np.concatenate([counts, how_often])).astype(np.int64)
    is_often = counts >= _FEWEST
    return numbers[is_often].tolist(), counts[is_often].tolist()
