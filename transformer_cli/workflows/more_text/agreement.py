"""How probable a model of the other direction finds a text, given the translation that was made of it."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from pathlib import Path

from transformer_cli.artifacts.model_directory import open_model
from transformer_cli.data.corpora.tags import CorpusTags
from transformer_cli.device import choose_device
from transformer_cli.workflows.score.score_pairs import score_texts

Score = Callable[[Sequence[str], Sequence[str]], list[float]]
"""Gives each target, with its source, the mean log-probability of its tokens, or NaN if the pair is too long."""


def scorer(model: Path, device: str, tags: CorpusTags) -> Callable[[], Score]:
    """Return a function that loads a model as a scorer.

    Args:
        model: The model directory; its direction is that of the pairs to score.
        device: The device.
        tags: Tags that may stand before the texts that are targets here and sources elsewhere.
    """

    def load() -> Score:
        opened = open_model(model, choose_device(device))

        def score(sources: Sequence[str], targets: Sequence[str]) -> list[float]:
            found = score_texts(opened, sources, [tags.without(target) for target in targets])
            return [math.nan if each.log_prob is None else each.log_prob / each.tokens for each in found]

        return score

    return load
