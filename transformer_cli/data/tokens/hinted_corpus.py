"""A corpus with hints in some of its sources; the texts that it is made from stay as they are."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from functools import cache
from random import Random

from transformer_cli.data.splits.read import Corpus, rewritten
from transformer_cli.data.tokens.hints import HINT_MARKS, hinted
from transformer_cli.data.tokens.word_pairs import WordPair, WordPairs

_MOST_HINTS = 3
_MADE_UP = 1 / 3
"""Share of the chosen pairs with a made-up word for one of the target, so that hints are worth heeding."""


def hinted_corpus(
    corpus: Corpus, share: float, learn: Callable[[], WordPairs], hide: Callable[[str], str] = str
) -> Corpus:
    """Return a corpus with hints in some of its pairs: which ones, and where, follows from their texts.

    Args:
        corpus: The corpus.
        share: The share of pairs to choose; those without a word that is known have no hint all the same.
        learn: Returns the words that translate each other; called once, and only if texts are read.
        hide: Returns a text with spaces in place of what is no words in it: tags, code, placeholders.
    """
    words = cache(learn)

    def hint(source: str, target: str) -> tuple[str, str]:
        digest = hashlib.blake2b(f"{source}\t{target}".encode(), digest_size=8).digest()
        number = int.from_bytes(digest)
        if number >= share * 2**64 or HINT_MARKS[0] in source:
            return source, target
        return with_hints(source, target, words(), Random(number), hide)

    return rewritten(corpus, hint)


def with_hints(
    source: str, target: str, words: WordPairs, random: Random, hide: Callable[[str], str] = str
) -> tuple[str, str]:
    """Return a sentence pair with hints for one to three of its words, or as it is if none is known.

    A hint is the usual form of the target's word; for a third of the pairs the first hint is a made-up word, which the
    target then has as well.
    """
    known = _phrases(source, target, words.of(hide(source), hide(target)), random)
    if not known:
        return source, target
    chosen = sorted(random.sample(known, min(len(known), random.randint(1, _MOST_HINTS))))
    hints = [each.usual for each in chosen]
    if random.random() < _MADE_UP:
        start, end = chosen[0].target
        hints[0] = _made_up(words.targets, random, begins_with_capital=target[start].isupper())
        target = target[:start] + hints[0] + target[end:]
    return hinted(source, [(*each.source, hint) for each, hint in zip(chosen, hints, strict=True)]), target


def _phrases(source: str, target: str, pairs: list[WordPair], random: Random) -> list[WordPair]:
    """Return word pairs, of which some that are neighbours on both sides are joined into phrases."""
    joined: list[WordPair] = []
    for pair in pairs:
        phrase = _phrase(source, target, joined[-1], pair) if joined else None
        if phrase is not None and random.random() < 0.5:
            joined[-1] = phrase
        else:
            joined.append(pair)
    return joined


def _phrase(source: str, target: str, first: WordPair, second: WordPair) -> WordPair | None:
    """Return two word pairs as one, or None if their words are not neighbours on both sides."""
    left, right = sorted((first, second), key=lambda pair: pair.target)
    gaps = (source[first.source[1] : second.source[0]], target[left.target[1] : right.target[0]])
    if gaps != (" ", " "):
        return None
    return WordPair(
        (first.source[0], second.source[1]), (left.target[0], right.target[1]), f"{left.usual} {right.usual}"
    )


def _made_up(words: list[str], random: Random, *, begins_with_capital: bool) -> str:
    """Return the beginning of one word and the end of another."""
    first, second = random.choice(words), random.choice(words)
    word = first[: (len(first) + 1) // 2] + second[len(second) // 2 :].lower()
    return word[0].upper() + word[1:] if begins_with_capital else word
