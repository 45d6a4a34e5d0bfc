"""What is told while a corpus is read: how far it is, so that nobody takes the program for dead, and what is odd."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator

from transformer_cli.data.corpora import SentencePair
from transformer_cli.data.corpora.names import TABLES, kind_of

_SECONDS_BETWEEN = 15.0
_LOOKED_EVERY = 1024


def tell_of_reading(
    pairs: Iterable[SentencePair],
    name: str,
    note: Callable[[str], None],
    *,
    clock: Callable[[], float] = time.monotonic,
) -> Iterator[SentencePair]:
    """Yield ``pairs``, and every quarter of a minute tell how many there were.

    Args:
        pairs: A corpus.
        name: What it is called in the recipe.
        note: Told so.
        clock: Gives the time in seconds.
    """
    told = clock()
    for number, pair in enumerate(pairs, start=1):
        if number % _LOOKED_EVERY == 0 and clock() - told >= _SECONDS_BETWEEN:
            note(f"{name}: {number:,} pairs read so far")
            told = clock()
        yield pair


def warning_of_figures(corpus: str) -> str:
    """Return the warning that a corpus is taken though none of its pairs has letters on both sides."""
    columns = "; if other columns are meant, set source_column and target_column" if kind_of(corpus) in TABLES else ""
    return f"warning: no pair of {corpus} has letters on both sides; it is taken without the rule non_text{columns}"
