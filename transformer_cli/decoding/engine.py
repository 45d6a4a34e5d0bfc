"""The interface of an engine, which translates token ids into token ids. This module does not import torch.

`LineTranslator` handles the rest: text, overlong lines, blank lines and the order of the results.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from transformer_cli.config import DecodingConfig
from transformer_cli.config.decoding import STEEPEST_PENALTY, WIDEST_BEAM
from transformer_cli.decoding.hypothesis import Hypothesis
from transformer_cli.errors import UsageError


@dataclass(frozen=True, slots=True)
class Sampling:
    """Draw translations at random instead of searching for the best.

    Args:
        temperature: Divisor of the logits; below 1 sharpens the distribution, above 1 flattens it.
        top_k: Number of the most probable tokens to draw from, or None for all.
        top_p: Total probability of the most probable tokens to draw from, or None for all tokens.
        seed: Seed of the draws. A seed and a source always give the same draws, regardless of the other sources.
    """

    temperature: float = 1.0
    top_k: int | None = None
    top_p: float | None = None
    seed: int = 1


@dataclass(frozen=True, slots=True)
class SearchOptions:
    """Options of one search, in addition to the engine's settings.

    Args:
        n_best: Number of hypotheses for each source.
        beam_size: Beam size in place of the engine's, or None.
        with_attention: Whether to return the attention of each token to the source.
        sampling: Settings for drawing at random, or None to search for the best.
    """

    n_best: int = 1
    beam_size: int | None = None
    with_attention: bool = False
    sampling: Sampling | None = None


BEST_ONLY = SearchOptions()
"""Options for one translation of each source and nothing else."""

Prefixes = Sequence[Sequence[int]]
"""The given beginnings of translations: one for each source, which may be empty, or nothing at all."""


class Engine(Protocol):
    """Searches for translations with its own model. Several threads may call `search` at the same time."""

    @property
    def limit(self) -> int:
        """Largest number of tokens of a source, without eos."""
        ...

    @property
    def beam_size(self) -> int:
        """Beam size of searches whose options give none."""
        ...

    @property
    def can_align(self) -> bool:
        """Whether it returns attention and takes prefixes."""
        ...

    def search(
        self, sources: Sequence[Sequence[int]], options: SearchOptions, prefixes: Prefixes = ()
    ) -> list[list[Hypothesis]]:
        """Translate a window of sentences; the engine decides how to batch them.

        Args:
            sources: Token ids of each source, without eos: at least 1 and at most `limit`.
            options: Options of this search.
            prefixes: Token ids at the beginning of every translation of each source, or nothing if none is given.

        Returns:
            For each source, in order, at least one and at most ``n_best`` hypotheses, best first. A source's
            hypotheses do not depend on the sources beside it.

        Raises:
            UsageError: The engine does not support an option.
        """
        ...

    def close(self) -> None:
        """Free the engine's resources other than memory; do not use the engine afterwards."""
        ...


def longest_translation(config: DecodingConfig, source: Sequence[int]) -> int:
    """Return the largest number of tokens of a translation, eos included.

    Args:
        config: ``[decoding]``.
        source: Token ids without eos.
    """
    return config.longest_translation(len(source) + 1)


def check_search(*, beam_size: int, length_penalty: float, n_best: int) -> None:
    """Refuse settings that no beam search supports.

    Raises:
        UsageError: ``beam_size`` is not in 1 to `WIDEST_BEAM`, ``n_best`` is below 1 or above ``beam_size``, or
            ``length_penalty`` is not in -10 to 10.
    """
    if not 1 <= beam_size <= WIDEST_BEAM:
        raise UsageError(f"a beam size of {beam_size} cannot search; give 1 to {WIDEST_BEAM}")
    if not 1 <= n_best <= beam_size:
        raise UsageError(
            f"a beam of {beam_size} cannot give {n_best} best translations; ask for 1 to {beam_size}, or widen the beam"
        )
    if not -STEEPEST_PENALTY <= length_penalty <= STEEPEST_PENALTY:
        raise UsageError(
            f"a length penalty of {length_penalty} is out of range; give -{STEEPEST_PENALTY} to {STEEPEST_PENALTY}"
        )
