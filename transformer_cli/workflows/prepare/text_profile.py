"""Describes the training sources as far as `translate` reads lines by it: their sentences and abbreviations."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from transformer_cli.artifacts.text_profile import TextProfile
from transformer_cli.text.sentences import learn_abbreviations, sentence_spans

_LOOKED_AT = 50_000
_LEAST_SHARE = 0.01
_LEAST_LINES = 200


def describe_sources(sources: Sequence[str]) -> TextProfile:
    """Return the profile of the training sources, from at most 50,000 of them, evenly spaced.

    A number of sentences counts as learned if one per cent of the sources, and 200 of them, have as many or more.
    """
    lines = sources[:: max(1, len(sources) // _LOOKED_AT)]
    abbreviations = learn_abbreviations(lines)
    known = frozenset(abbreviations)
    counts = Counter(len(sentence_spans(line, known)) for line in lines)
    least = max(_LEAST_LINES, _LEAST_SHARE * len(lines))
    most, seen = 1, 0
    for number in sorted(counts, reverse=True):
        seen += counts[number]
        if seen >= least:
            most = max(1, number)
            break
    return TextProfile(max_sentences=most, abbreviations=tuple(abbreviations))
