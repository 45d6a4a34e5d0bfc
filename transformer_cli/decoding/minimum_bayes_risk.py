"""Minimum Bayes risk: of several candidates, the one that agrees best with all the others.

Each candidate is scored by chrF with every candidate as its reference, as often as it was drawn, so that a translation
that most others resemble comes before one that is more probable by itself but stands alone (Eikema and Aziz 2020,
"Is MAP Decoding All You Need?").
"""

from __future__ import annotations

from dataclasses import replace

from sacrebleu.metrics.chrf import CHRF

from transformer_cli.decoding.translator import Translation


def by_agreement(translation: Translation) -> Translation:
    """Return the same candidates, the one with the least risk first; equal ones keep their order and come once."""
    candidates = [translation, *translation.alternatives]
    if len(candidates) == 1:
        return translation
    metric = CHRF()
    texts = [candidate.text for candidate in candidates]
    distinct = dict(zip(reversed(texts), reversed(candidates), strict=True))  # the first of equal ones
    agreement = {
        text: sum(100.0 if text == other else metric.sentence_score(text, [other]).score for other in texts)
        for text in dict.fromkeys(texts)
    }
    best, *others = (distinct[text] for text in sorted(agreement, key=lambda text: -agreement[text]))
    bare = [replace(other, alternatives=()) for other in others]
    return replace(best, alternatives=tuple(bare))
