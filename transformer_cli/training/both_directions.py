"""Learning both directions first (BiT, Ding et al. 2021): a batch whose targets become the sources, and back.

A model that has learned to copy names, and to tell where words belong, from both sides of each pair starts its own
direction with more than half as many pairs could teach it. No mark tells the directions apart: the text of the source
does.
"""

from __future__ import annotations

import random
from collections.abc import Sequence

from transformer_cli.data.tokens.batching import Batch


def some_turned_round(batches: Sequence[Batch], *, seed: int, step: int) -> list[Batch]:
    """Turn each batch round with a probability of one half; seed and step alone decide which."""
    chance = random.Random(f"{seed} {step}")
    # One without tokens stands for a process that has no share of the batch: it can be no source.
    return [batch.turned_round() if chance.random() < 0.5 and batch.target_tokens else batch for batch in batches]
