"""How training text writes words that have capitals or accents: learned once, looked up where a line lacks them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence

from transformer_cli.text.spelling.letter_case import lower, upper, without_accents

MOST_WORDS = 4000
"""The largest number of words that are kept, the most frequent ones; as text some 40 KB."""

COMMON_WORDS = 50
"""The number of words without which there is hardly a sentence."""

WORD = re.compile(r"[^\W\d_]+(?:[\u0300-\u036f]+[^\W\d_]*)*")
"""A run of letters."""

_SHARE_OF_CASE = 0.5
_SHARE_OF_ACCENTS = 0.99


def learn_word_forms(texts: Iterable[str], language: str) -> tuple[str, ...]:
    """Return the words that are mostly written with a capital, or nearly always with an accent, most frequent first.

    The capital of a first word says nothing about it.

    Args:
        texts: Training text of one side.
        language: Its language.
    """
    counts: Counter[str] = Counter()  # of words as they are written, but for first words
    everywhere: Counter[str] = Counter()  # of words in lower case
    for text in texts:
        words = WORD.findall(text)
        counts.update(words[1:])
        everywhere.update(lower(word, language) for word in words[:1])
    inside: Counter[str] = Counter()
    commonest: dict[str, str] = {}
    for word, count in counts.items():
        small = lower(word, language)
        inside[small] += count
        if count > counts[commonest.setdefault(small, word)]:
            commonest[small] = word
    everywhere.update(inside)
    of_bare: Counter[str] = Counter()
    for small, count in everywhere.items():
        of_bare[_bare(small, language)] += count
    learned = []
    for small, count in everywhere.items():
        word, bare = commonest.get(small, small), _bare(small, language)
        has_capital = word != small and counts[word] > _SHARE_OF_CASE * inside[small]
        if has_capital or (bare != small and count >= _SHARE_OF_ACCENTS * of_bare[bare]):
            learned.append(word if has_capital else small)
    return tuple(sorted(learned, key=lambda word: (-everywhere[lower(word, language)], word))[:MOST_WORDS])


def learn_common_words(texts: Iterable[str]) -> tuple[str, ...]:
    """Return the words that are most often written in small letters inside a text: articles, pronouns, prepositions.

    Args:
        texts: Training text of one side.
    """
    counts = Counter(word for text in texts for word in WORD.findall(text)[1:] if word.islower())
    return tuple(sorted(counts, key=lambda word: (-counts[word], word))[:COMMON_WORDS])


class WordForms:
    """Looks up how a word is written.

    Args:
        words: The result of `learn_word_forms`.
        language: Their language.
    """

    def __init__(self, words: Sequence[str], language: str) -> None:
        self._by_case: dict[str, str] = {}
        self._by_accents: dict[str, str] = {}
        for word in words:
            small, bare = lower(word, language), _bare(word, language)
            self._by_case.setdefault(small, word)
            if bare != small:
                self._by_accents.setdefault(bare, word)

    def of(self, word: str) -> str:
        """Return the form of a word that is given in lower case, with or without its accents."""
        return self._by_case.get(word) or self._by_accents.get(word, word)

    def has_capital(self, word: str) -> bool:
        """Return whether a word, given in lower case, is mostly written with a capital."""
        return self._by_case.get(word, word) != word

    def with_accents(self, word: str) -> str:
        """Return a word with the accents that it nearly always has; it comes without any, in any case."""
        form = self._by_accents.get(word)
        return word if form is None else form


def replace_words(text: str, replace: Callable[[str], str], protected: Sequence[tuple[int, int]] = ()) -> str:
    """Replace each word outside of protected spans.

    Args:
        text: The text.
        replace: Returns what comes in the place of a word.
        protected: Starts and ends of spans that stay as they are, in order.
    """
    parts, at = [], 0
    for start, end in (*protected, (len(text), len(text))):
        parts += [WORD.sub(lambda word: replace(word[0]), text[at:start]), text[start:end]]
        at = end
    return "".join(parts)


def _bare(word: str, language: str) -> str:
    """Return a word as someone writes it who has neither capitals nor accents; ß is ss, as it is in capitals."""
    return without_accents(lower(upper(word, language), language))
