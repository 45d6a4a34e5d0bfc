"""Minimum Bayes risk: of several candidates, the one that agrees best with all the others.

Each candidate is scored by chrF with every candidate as its reference, as often as it was drawn, so that a translation
that most others resemble comes before one that is more probable by itself but stands alone (Eikema and Aziz 2020,
"Is MAP Decoding All You Need?").
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from transformer_cli.decoding.line_translator import Translation

_LONGEST = 6
_BETA_SQUARED = 4

_NGrams = frozenset[str | tuple[str, int]]


def by_agreement(translation: Translation) -> Translation:
    """Return the same candidates, the one with the least risk first; equal ones keep their order and come once."""
    candidates = [translation, *translation.alternatives]
    if len(candidates) == 1:
        return translation
    first: dict[str, Translation] = {}
    times: dict[str, int] = {}
    for candidate in candidates:
        first.setdefault(candidate.text, candidate)
        times[candidate.text] = times.get(candidate.text, 0) + 1
    ngrams = {text: ngrams_by_length(text) for text in first}
    agreement = {
        text: sum(times[other] * (1.0 if other == text else chrf(ngrams[text], ngrams[other])) for other in first)
        for text in first
    }
    best, *others = (first[text] for text in sorted(first, key=lambda text: -agreement[text]))
    bare = [replace(other, alternatives=()) for other in others]
    return replace(best, alternatives=tuple(bare))


def chrf(hypothesis: list[_NGrams], reference: list[_NGrams]) -> float:
    """Return the character n-gram F-score, from 0 to 1, of what `ngrams_by_length` made of two texts.

    The same number as sacreBLEU's, Popović 2015 with beta 2, but for its factor of 100: candidates are compared pair
    by pair, and there each text would be taken apart again for every other.
    """
    orders = min(len(hypothesis), len(reference))
    if not orders:
        return 0.0
    pairs = list(zip(hypothesis, reference, strict=False))
    matches = [len(own & other) for own, other in pairs]
    precision = sum(match / len(own) for match, (own, _) in zip(matches, pairs, strict=True)) / orders
    recall = sum(match / len(other) for match, (_, other) in zip(matches, pairs, strict=True)) / orders
    if not precision + recall:
        return 0.0
    return (1 + _BETA_SQUARED) * precision * recall / (_BETA_SQUARED * precision + recall)


def ngrams_by_length(text: str) -> list[_NGrams]:
    """Return the n-grams of the characters of ``text`` without its spaces, for each length from 1 to 6 that it has."""
    characters = "".join(text.split())
    return [frozenset(_numbered(characters, n)) for n in range(1, min(_LONGEST, len(characters)) + 1)]


def _numbered(characters: str, n: int) -> Iterator[str | tuple[str, int]]:
    """Yield each n-gram, and where it comes again its number as well: so a set of them counts each as often."""
    seen: dict[str, int] = {}
    for begin in range(len(characters) - n + 1):
        ngram = characters[begin : begin + n]
        number = seen[ngram] = seen.get(ngram, 0) + 1
        yield ngram if number == 1 else (ngram, number)
