"""Messages while a corpus is read: the number of pairs so far, which shows that the program works, and warnings."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Iterator

from transformer_cli.data.corpora import SentencePair
from transformer_cli.data.corpora.names import TABLES, kind_of

logger = logging.getLogger(__name__)

_SECONDS_BETWEEN = 15.0
_LOOKED_EVERY = 1024


def log_reading(
    pairs: Iterable[SentencePair],
    name: str,
    *,
    clock: Callable[[], float] = time.monotonic,
) -> Iterator[SentencePair]:
    """Yield ``pairs``, log their number every 15 seconds, and warn of those that are not UTF-8.

    Args:
        pairs: A corpus.
        name: Its name in the recipe.
        clock: Returns the time in seconds.
    """
    logged = clock()
    damaged, first_damaged = 0, ""
    for number, pair in enumerate(pairs, start=1):
        if not pair.is_utf8:
            damaged += 1
            first_damaged = first_damaged or pair.place
        if number % _LOOKED_EVERY == 0 and clock() - logged >= _SECONDS_BETWEEN:
            logger.info(f"{name}: {number:,} pairs read so far")
            logged = clock()
        yield pair
    if damaged:
        some = "pair has" if damaged == 1 else "pairs have"
        logger.warning(
            f"{name}: {damaged:,} {some} bytes that are no text, the first at {first_damaged}; see cleaning.not_utf8"
        )


def warn_of_figures(corpus: str) -> None:
    """Log that a corpus is used although none of its pairs has letters on both sides."""
    columns = "; if other columns are meant, set source_column and target_column" if kind_of(corpus) in TABLES else ""
    logger.warning(
        f"{corpus}: no pair has letters on both sides; the rule non_text is switched off for this corpus{columns}"
    )
