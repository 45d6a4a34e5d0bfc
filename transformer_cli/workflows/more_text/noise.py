"""Noise in made sources: words that are missing, and neighbours that have changed places."""

from __future__ import annotations

import random

from transformer_cli.data.cleaning.match_keys import hash_text
from transformer_cli.text.protected import placeholder_spans

_MISSING = 0.1
_FARTHEST = 3


def noised(text: str, seed: int) -> str:
    """Return a text without a tenth of its words, and with the others up to three places from theirs.

    It is the noise of Edunov et al. 2018, "Understanding Back-Translation at Scale", without their filler in the place
    of further words. Placeholders are never left out, for they stand in the target. A text and a seed always give the
    same.

    Args:
        text: Words with single spaces between.
        seed: Seed of the draws.
    """
    draw = random.Random(hash_text(f"{seed}\t{text}"))
    spans = placeholder_spans(text)
    words, start = [], 0
    for word in text.split(" "):
        end = start + len(word)
        is_kept = any(a < end and start < b for a, b, _ in spans)
        if draw.random() >= _MISSING or is_kept:
            words.append(word)
        start = end + 1
    places = [place + draw.uniform(0, _FARTHEST + 1) for place in range(len(words))]
    return " ".join(words[place] for place in sorted(range(len(words)), key=places.__getitem__)) or text
