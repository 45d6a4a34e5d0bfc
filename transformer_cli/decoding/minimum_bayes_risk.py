"""Minimum Bayes risk decoding: selects the candidate that agrees best with all the others.

Each candidate is scored by chrF against every candidate as reference; a candidate drawn several times counts several
times. A translation similar to most others therefore ranks above a more probable one that is unlike the others (Eikema
and Aziz 2020, "Is MAP Decoding All You Need?").
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from transformer_cli.decoding.line_translator import Translation

_LONGEST = 6
_BETA_SQUARED = 4

_NGrams = frozenset[str | tuple[str, int]]


def by_agreement(translation: Translation) -> Translation:
    """Return the candidates sorted by risk, lowest first; duplicates are removed, ties keep their order."""
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
    """Return the character n-gram F-score, from 0 to 1, of two texts, given by `ngrams_by_length`.

    The score is that of sacreBLEU (Popović 2015, beta 2) without the factor of 100. SacreBLEU would compute the n-grams
    of each text again for every pair of candidates; here they are computed once.
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
    """Return the character n-grams of ``text`` without spaces, for each length from 1 to 6 that fits into it."""
    characters = "".join(text.split())
    return [frozenset(_numbered(characters, n)) for n in range(1, min(_LONGEST, len(characters)) + 1)]


def _numbered(characters: str, n: int) -> Iterator[str | tuple[str, int]]:
    """Yield each n-gram; repeats carry their number, so that a set holds every occurrence."""
    seen: dict[str, int] = {}
    for begin in range(len(characters) - n + 1):
        ngram = characters[begin : begin + n]
        number = seen[ngram] = seen.get(ngram, 0) + 1
        yield ngram if number == 1 else (ngram, number)
