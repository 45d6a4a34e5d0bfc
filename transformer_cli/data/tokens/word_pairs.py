"""Words that are translations of each other, learned from sentence pairs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np
import regex
from numpy.typing import NDArray

from transformer_cli.data.tokens.hints import are_forms

_UNSPACED = r"\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}"
_WORD = regex.compile(rf"(?V1)[\p{{L}}--[{_UNSPACED}]][[\p{{L}}\p{{M}}]--[{_UNSPACED}]]+")
"""Words of languages that have spaces between them."""
_FEWEST_LETTERS = 4
"""Shorter words are mostly articles, pronouns and the like, for which nobody writes a glossary."""

_FEWEST = 3
"""Words that stand together in fewer pairs may do so by chance."""

_LEAST_DICE = 0.1
"""Of words with many forms each has a small share."""

_LEAST_OF_BEST = 0.2
_MOST_WORDS = 60
"""Longer texts are left out: they have the square of that in pairs of words, and say little of each."""

_AT_ONCE = 1 << 20  # pairs of words
_MOST_AT_ALL = 1 << 21
"""Where more different pairs of words are counted, those that have occurred only once so far are forgotten."""


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
    def learn(cls, sources: Iterable[str], targets: Iterable[str], hide: Callable[[str], str] = str) -> WordPairs:
        """Learn from sentence pairs.

        Args:
            sources: Their sources; they are read twice.
            targets: Their targets.
            hide: Returns a text without what is no words in it.
        """
        counts = [Counter[str](), Counter[str]()]
        forms = Counter[str]()
        for source, target in zip(sources, targets, strict=True):
            for own, text in zip(counts, (source, target), strict=True):
                own.update(_words(hide(text)))
            forms.update(_WORD.findall(hide(target))[1:])  # the first word has a capital for its place
        ids = [
            {word: i for i, word in enumerate(word for word, count in own.items() if count >= _FEWEST)}
            for own in counts
        ]
        words = [list(own) for own in ids]
        likeness: dict[str, dict[str, float]] = {}
        for key, number in zip(*_counted(_together(sources, targets, ids, hide)), strict=True):
            source, target = words[0][key // len(words[1])], words[1][key % len(words[1])]
            likeness.setdefault(source, {})[target] = 2 * number / (counts[0][source] + counts[1][target])
        written = {word: word for word in ids[1]}
        written |= {form.lower(): form for form, _ in sorted(forms.items(), key=lambda item: (item[1], item[0]))}
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
        return self._written[max(forms, key=lambda form: (own[form], form))]


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


def _words(text: str) -> list[str]:
    """Return the different words of a text, sorted: the order of a set is another one in each process."""
    return sorted({*_WORD.findall(text.lower())})


def _single_words(text: str) -> dict[str, tuple[int, int]]:
    """Return the places of the words that stand in a text once."""
    found = [(each[0].lower(), each.span()) for each in _WORD.finditer(text)]
    counts = Counter(word for word, _ in found)
    return {word: place for word, place in found if counts[word] == 1}


def _together(
    sources: Iterable[str], targets: Iterable[str], ids: Sequence[Mapping[str, int]], hide: Callable[[str], str]
) -> Iterator[NDArray[np.int64]]:
    """Yield for each sentence pair a number for each pair of words that it has."""
    for texts in zip(sources, targets, strict=True):
        own, other = (
            np.array(sorted(known[word] for word in _words(hide(text)) if word in known), dtype=np.int64)
            for known, text in zip(ids, texts, strict=True)
        )
        if max(len(own), len(other)) <= _MOST_WORDS:
            yield (own[:, None] * len(ids[1]) + other).ravel()


def _counted(arrays: Iterable[NDArray[np.int64]]) -> tuple[list[int], list[int]]:
    """Return the different numbers of all arrays that occur often enough, and how often."""
    numbers, counts = np.empty(0, np.int64), np.empty(0, np.int64)
    for some in _blocks(arrays):
        new, how_often = np.unique(some, return_counts=True)
        numbers, places = np.unique(np.concatenate([numbers, new]), return_inverse=True)
        counts = np.bincount(places, weights=np.concatenate([counts, how_often])).astype(np.int64)
        if len(numbers) > _MOST_AT_ALL:
            numbers, counts = numbers[counts > 1], counts[counts > 1]
    is_often = counts >= _FEWEST
    return numbers[is_often].tolist(), counts[is_often].tolist()


def _blocks(arrays: Iterable[NDArray[np.int64]]) -> Iterator[NDArray[np.int64]]:
    """Yield arrays joined to larger ones."""
    waiting: list[NDArray[np.int64]] = []
    size = 0
    for array in arrays:
        waiting.append(array)
        size += len(array)
        if size >= _AT_ONCE:
            yield np.concatenate(waiting)
            waiting, size = [], 0
    if waiting:
        yield np.concatenate(waiting)
