"""Sentences of validation and test sets with a near twin in training: the same words but for one.

That one word is changed, added or left out, so a near twin has a half of its words, the first or the last one, in
common with the sentence. The hashes of its halves are kept with each training source. Only sources with a hash that a
near twin would have are compared word by word.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence

from transformer_cli.data.cleaning.match_keys import hash_text
from transformer_cli.text.languages import language_name
from transformer_cli.text.writing_systems import WITHOUT_SPACES

_FEWEST_WORDS = 5
_FEWEST_CHARACTERS = 10


def word_cutter(language: str) -> Callable[[str], list[str]]:
    """Return a function that cuts a folded sentence into words; without spaces between words, into characters."""
    return _characters if language_name(language) in WITHOUT_SPACES else str.split


def _characters(folded: str) -> list[str]:
    return list(folded.replace(" ", ""))


def hashes_of_halves(words: Sequence[str]) -> tuple[int, int]:
    """Return the hashes of the first and of the last half of a sentence, which hold the number of its words too."""
    half = len(words) // 2
    return _hash(words[:half], len(words), "first"), _hash(words[half:], len(words), "last")


def _hash(words: Sequence[str], number: int, which: str) -> int:
    return hash_text(f"{number} {which} {' '.join(words)}")


def are_near_twins(words: Sequence[str], other: Sequence[str]) -> bool:
    """Return whether two sentences are equal but for at most one word that is changed, added or left out."""
    longer = max(len(words), len(other))
    if abs(len(words) - len(other)) > 1:
        return False
    alike = _alike(words, other)
    return alike + _alike(words[::-1], other[::-1]) >= longer - 1


def _alike(words: Sequence[str], other: Sequence[str]) -> int:
    """Return the number of equal words at the beginning."""
    number = 0
    for word, other_word in zip(words, other, strict=False):
        if word != other_word:
            break
        number += 1
    return number


class NearTwins:
    """The sentences of a set, and those that have a near twin among the sentences compared with them so far.

    Args:
        sentences: The words of each sentence. Sentences of less than five words, or of less than ten characters in a
            language without spaces, are left out: nearly each of them has a near twin in any large corpus.
        language: Their language.
    """

    def __init__(self, sentences: Iterable[list[str]], language: str) -> None:
        fewest = _FEWEST_CHARACTERS if word_cutter(language) is _characters else _FEWEST_WORDS
        self._sentences = [words for words in sentences if len(words) >= fewest]
        self._places: dict[int, list[int]] = {}
        for place, words in enumerate(self._sentences):
            for number in (len(words) - 1, len(words), len(words) + 1):  # of the words of a near twin
                half = number // 2
                first = _hash(words[:half], number, "first")
                last = _hash(words[len(words) - (number - half) :], number, "last")
                for value in (first, last):
                    self._places.setdefault(value, []).append(place)
        self._found: set[int] = set()

    def __len__(self) -> int:
        return len(self._sentences)

    @property
    def found(self) -> int:
        """The number of sentences with a near twin."""
        return len(self._found)

    def hashes(self) -> Collection[int]:
        """Return the hashes of halves that a near twin may have."""
        return self._places.keys()

    def compare(self, words: Sequence[str]) -> None:
        """Look for the sentences that ``words`` is a near twin of."""
        for value in hashes_of_halves(words):
            for place in self._places.get(value, ()):
                if place not in self._found and are_near_twins(words, self._sentences[place]):
                    self._found.add(place)
