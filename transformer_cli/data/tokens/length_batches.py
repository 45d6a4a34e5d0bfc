"""Batches of sentences of similar length, so that little of a batch is padding."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence


def batches_by_length(
    lengths: Sequence[int], *, max_tokens: float = math.inf, max_sentences: float = math.inf
) -> Iterator[list[int]]:
    """Sort sentences by length and cut them into batches.

    Args:
        lengths: The length of each sentence.
        max_tokens: The most tokens of a batch, padding included; a longer sentence is a batch of its own.
        max_sentences: The most sentences of a batch.

    Yields:
        Indices into ``lengths``, the shortest sentences first; sentences of equal length keep their order.
    """
    batch: list[int] = []
    for i in sorted(range(len(lengths)), key=lengths.__getitem__):
        # Shortest first: sentence i is the longest of its batch.
        if batch and (len(batch) >= max_sentences or (len(batch) + 1) * lengths[i] > max_tokens):
            yield batch
            batch = []
        batch.append(i)
    if batch:
        yield batch
