"""The interface of an engine, which translates token ids into token ids. No torch here.

`LineTranslator` does the rest: text, over-long lines, blank lines, the order of the results.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from transformer_cli.config import DecodingConfig
from transformer_cli.decoding.hypothesis import Hypothesis
from transformer_cli.errors import UsageError


@dataclass(frozen=True, slots=True)
class Sampling:
    """Draw translations at random instead of searching for the best.

    Args:
        temperature: Logits are divided by this; below 1 sharpens the distribution, above 1 flattens it.
        top_k: Only so many of the most probable tokens may be drawn; None: all.
        top_p: Only the most probable tokens that together have this probability may be drawn; None: all.
        seed: The same seed draws the same translation of the same source, whatever stands beside it.
    """

    temperature: float = 1.0
    top_k: int | None = None
    top_p: float | None = None
    seed: int = 1


@dataclass(frozen=True, slots=True)
class SearchOptions:
    """What is asked of an engine beside the settings it was made with.

    Args:
        n_best: How many hypotheses of each source.
        with_attention: Whether to return what each token attends to in the source.
        prefix: Token ids that every translation begins with.
        sampling: How to draw; None: search.
    """

    n_best: int = 1
    with_attention: bool = False
    prefix: tuple[int, ...] = ()
    sampling: Sampling | None = None


WIDEST_BEAM = 1000
"""Far beyond where a wider beam still finds something better, and still within memory."""

BEST_ONLY = SearchOptions()
"""One translation of each source, nothing more."""


class Engine(Protocol):
    """Searches translations with a model that it holds. Several threads may call `search` at the same time."""

    @property
    def limit(self) -> int:
        """Most tokens of a source, its eos not counted."""
        ...

    def search(self, sources: Sequence[Sequence[int]], options: SearchOptions) -> list[list[Hypothesis]]:
        """Translate a window of sentences; how they are batched is up to the engine.

        Args:
            sources: Token ids of each, not empty, at most `limit`, without eos.
            options: What is asked.

        Returns:
            For each source, in order, at least one and at most ``n_best`` hypotheses, best first. A source's
            hypotheses do not depend on the sources beside it.

        Raises:
            UsageError: The engine does not support an option.
        """
        ...

    def close(self) -> None:
        """Free what the engine holds beside memory; it is not used afterwards."""
        ...


def longest_translation(config: DecodingConfig, source: Sequence[int]) -> int:
    """Return the most tokens of a translation, eos included.

    Args:
        config: ``[decoding]``.
        source: Token ids without eos.
    """
    return config.longest_translation(len(source) + 1)


def check_search(*, beam_size: int, length_penalty: float, n_best: int) -> None:
    """Refuse what no beam search can do.

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
    if not -10 <= length_penalty <= 10:  # float32 holds n ** 10 for every length n
        raise UsageError(f"a length penalty of {length_penalty} is out of range; give -10 to 10")
