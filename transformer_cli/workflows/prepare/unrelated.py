"""Finds the pairs of all corpora whose sides do not mean the same, for ``cleaning.unrelated``."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import compress, islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from transformer_cli.data.cleaning.cache import CleanedCorpus
from transformer_cli.data.cleaning.match_keys import hash_pair
from transformer_cli.data.cleaning.meaning import (
    PAIRS_AT_ONCE,
    Encoder,
    KnownSimilarities,
    Pair,
    choose_limit,
    similarities,
)

logger = logging.getLogger(__name__)

_SAMPLE = 5000
_FEWEST = 100
_LOGGED_EVERY = 50_000


def find_unrelated(
    corpora: Sequence[CleanedCorpus], encode: Encoder, folder: Path
) -> tuple[NDArray[np.bool_], float | None]:
    """Return whether each clean pair of all corpora is unrelated, and the similarity below which it is.

    The limit is chosen from the `_SAMPLE` pairs of the lowest hashes, and from the same sources with targets of other
    pairs. It is None, and no pair is unrelated, if there are fewer than `_FEWEST` or if both look alike to the encoder.

    Args:
        corpora: The corpora of ``data.train``.
        encode: The sentence encoder.
        folder: Keeps the similarities, so that only new pairs are compared the next time.

    Raises:
        TfmError: A process was killed, or the similarities cannot be written.
    """
    hashes = np.concatenate([np.empty(0, np.uint64), *(corpus.hashes("pair") for corpus in corpora)])
    sample = np.unique(hashes)[:_SAMPLE]
    if len(sample) < _FEWEST:
        logger.warning(f"cleaning.unrelated: {len(sample)} pairs are too few to choose a limit from; none is dropped")
        return np.zeros(len(hashes), np.bool_), None
    texts = _texts_of(corpora, hashes, sample)
    # In the order of their hashes, neighbours have nothing to do with each other.
    others = [(source, texts[(place + 1) % len(texts)][1]) for place, (source, _) in enumerate(texts)]
    other_hashes = np.array([hash_pair(*pair) for pair in others], np.uint64)

    known = KnownSimilarities(folder)
    values = known.of(np.concatenate([hashes, other_hashes]))
    keep = partial(known.write, np.concatenate([hashes, other_hashes]), values)
    _fill(values, hashes, corpora, others, encode, keep)
    keep()
    of_pairs, of_others = values[: len(hashes)], values[len(hashes) :]
    limit = choose_limit(of_pairs[np.isin(hashes, sample)], of_others)
    if limit is None:
        logger.warning("cleaning.unrelated: pairs cannot be told from mismatched ones; none is dropped")
        return np.zeros(len(hashes), np.bool_), None
    logger.info(
        f"unrelated: the sides of a pair have a similarity under {limit:.3f}, as {(of_others < limit).mean():.1%} "
        "of mismatched pairs have"
    )
    return of_pairs < limit, limit


def _fill(
    values: NDArray[np.float16],
    hashes: NDArray[np.uint64],
    corpora: Sequence[CleanedCorpus],
    others: Sequence[Pair],
    encode: Encoder,
    keep: Callable[[], None],
) -> None:
    """Compute the values that are NaN; pairs that occur twice are compared twice only if both are new.

    Now and then `keep` is called, so that a killed process has not compared for nothing.
    """
    missing = np.flatnonzero(np.isnan(values))
    if not len(missing):
        return
    logger.info(f"comparing the meanings of {len(missing):,} pairs, some hundred a second on each core")
    new = compress(_pairs(corpora), np.isnan(values[: len(hashes)]).tobytes())
    rest = (others[place - len(hashes)] for place in missing[missing >= len(hashes)].tolist())
    done = 0
    for found in similarities(_chunked(new, rest), encode):
        values[missing[done : done + len(found)]] = found
        if done // _LOGGED_EVERY != (done + len(found)) // _LOGGED_EVERY:
            logger.info(f"{done + len(found):,} of {len(missing):,} pairs compared so far")
            keep()
        done += len(found)


def _chunked(*pairs: Iterator[Pair]) -> Iterator[list[Pair]]:
    for part in pairs:
        while chunk := list(islice(part, PAIRS_AT_ONCE)):
            yield chunk


def _pairs(corpora: Sequence[CleanedCorpus]) -> Iterator[Pair]:
    for corpus in corpora:
        for batch in corpus.batches():
            yield from zip(batch.column("source").to_pylist(), batch.column("target").to_pylist(), strict=True)


def _texts_of(corpora: Sequence[CleanedCorpus], hashes: NDArray[np.uint64], sample: NDArray[np.uint64]) -> list[Pair]:
    """Return the texts of the pairs with these sorted hashes, in their order."""
    is_wanted = np.isin(hashes, sample)
    texts = {int(hashes[place]): pair for place, pair in enumerate(_pairs(corpora)) if is_wanted[place]}
    return [texts[pair] for pair in sample.tolist()]
