"""How probable the live version finds the target of a pair that the reverse model made."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from transformer_cli.artifacts.model_directory import open_model
from transformer_cli.artifacts.model_manifest import missing_file
from transformer_cli.artifacts.run_directory import RunDirectory
from transformer_cli.device import choose_device
from transformer_cli.workflows.score.score_pairs import score_texts

Score = Callable[[Sequence[str], Sequence[str]], list[float]]
"""Gives each target, with its source, the mean log-probability of its tokens, or NaN if the pair is too long."""


def live_scorer(run: RunDirectory, device: str) -> Callable[[], Score] | None:
    """Return a function that loads the live version of a run as a scorer, or None if there is no whole live version."""
    if run.live_version() is None or missing_file(run.live_model) is not None:
        return None

    def load() -> Score:
        live = open_model(run.live_model, choose_device(device))

        def score(sources: Sequence[str], targets: Sequence[str]) -> list[float]:
            found = score_texts(live, sources, targets)
            return [math.nan if each.log_prob is None else each.log_prob / each.tokens for each in found]

        return score

    return load
