"""How training text writes words that have capitals: learned once, looked up where a line lacks them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence

from transformer_cli.text.spelling.letter_case import lower

MOST_WORDS = 4000
"""The largest number of words that are kept, the most frequent ones; as text some 40 KB."""

COMMON_WORDS = 50
"""The number of words without which there is hardly a sentence."""

WORD = re.compile(r"[^\W\d_]+(?:[\u0300-\u036f]+[^\W\d_]*)*")
"""A run of letters."""

_SHARE_OF_CASE = 0.5


def learn_word_forms(texts: Iterable[str], language: str) -> tuple[str, ...]:
    """Return the words that are mostly written with a capital, most frequent first.

    The capital of a first word says nothing about it.

    Args:
        texts: Training text of one side.
        language: Its language.
    """
    counts: Counter[str] = Counter()  # of words as they are written, but for first words
    frequencies: Counter[str] = Counter()  # of words in lower case
    for text in texts:
        words = WORD.findall(text)
        counts.update(words[1:])
        frequencies.update(lower(word, language) for word in words[:1])
    inside: Counter[str] = Counter()
    commonest: dict[str, str] = {}
    for word, count in counts.items():
        small = lower(word, language)
        inside[small] += count
        if count > counts[commonest.setdefault(small, word)]:
            commonest[small] = word
    frequencies.update(inside)
    learned = [
        word for small, word in commonest.items() if word != small and counts[word] > _SHARE_OF_CASE * inside[small]
    ]
    return tuple(sorted(learned, key=lambda word: (-frequencies[lower(word, language)], word))[:MOST_WORDS])


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
        for word in words:
            self._by_case.setdefault(lower(word, language), word)

    def of(self, word: str) -> str:
        """Return the form of a word that is given in lower case."""
        return self._by_case.get(word, word)

    def has_capital(self, word: str) -> bool:
        """Return whether a word, given in lower case, is mostly written with a capital."""
        return self.of(word) != word


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
