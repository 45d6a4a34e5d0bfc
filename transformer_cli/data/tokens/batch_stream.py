"""The endless stream of training batches: each epoch has a new order, and the stream can resume at any place."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TypeVar

import numpy as np
import torch
from numpy.typing import NDArray

from transformer_cli.data.tokens.batching import Batch, make_batch, token_batches
from transformer_cli.data.tokens.encoded import EncodedCorpus
from transformer_cli.errors import DataError
from transformer_cli.special_tokens import PAD_ID

_Item = TypeVar("_Item")


class BatchStream:
    """An endless stream of training batches, epoch after epoch, that can stop and resume at any batch.

    Args:
        corpus: The training corpus.
        max_tokens: The most target tokens of one batch, padding included.
        max_length: The most tokens of a side. Longer pairs are left out; `left_out` counts them.
        seed: The seed of the order.
        weights: (pairs,) The mean number of times that each pair occurs in an epoch, or None for once.
        rank: Number of this process among those that train together; it gets its share of the rows of each batch.
        world_size: The number of these processes. Batches and their order are the same for any number.
        encode_anew: A function from the pairs of a batch, and a number for its place in the training, to their ids
            with other subwords; or None if the ids are always those of ``corpus``.
        pinned_for: A GPU that fetches the batches while the CPU continues, or None if they stay on the CPU.

    Raises:
        DataError: Nothing is left to train on.
    """

    def __init__(
        self,
        corpus: EncodedCorpus,
        *,
        max_tokens: int,
        max_length: int,
        seed: int,
        weights: NDArray[np.float64] | None = None,
        rank: int = 0,
        world_size: int = 1,
        encode_anew: Callable[[NDArray[np.int64], int], EncodedCorpus] | None = None,
        pinned_for: torch.device | None = None,
    ) -> None:
        self.corpus = corpus
        self._max_tokens = max_tokens
        self._seed = seed
        self._rank, self._world_size = rank, world_size
        source_lengths, target_lengths = corpus.source.lengths, corpus.target.lengths
        fits = (source_lengths <= max_length) & (target_lengths <= min(max_length, max_tokens))
        self._indices = np.flatnonzero(fits)
        self.left_out = len(corpus) - len(self._indices)
        if not len(self._indices):
            raise DataError(
                f"none of the {len(corpus)} training pairs fits into model.max_length ({max_length} tokens) "
                f"and training.batch_tokens ({max_tokens} a part)"
            )
        self._source_lengths, self._target_lengths = source_lengths, target_lengths
        self._weights = None if weights is None else weights[fits]
        self._encode_anew = encode_anew
        self._pinned_for = pinned_for
        self._epoch = 0
        self._position = 0
        self._batches = self._divide(0)

    @property
    def epoch(self) -> int:
        """Number of the current pass over the corpus, from 0."""
        return self._epoch

    @property
    def batches_per_epoch(self) -> int:
        """Number of batches in the current epoch."""
        return len(self._batches)

    def _divide(self, epoch: int) -> list[NDArray[np.int64]]:
        drawn = self._draw(epoch)
        source_lengths, target_lengths = self._source_lengths[drawn], self._target_lengths[drawn]
        batches = token_batches(source_lengths, target_lengths, self._max_tokens, seed=self._seed, epoch=epoch)
        return [drawn[batch] for batch in batches]

    def _draw(self, epoch: int) -> NDArray[np.int64]:
        """Return the indices of an epoch's pairs, each as often as its weight; fractions are drawn at random."""
        if self._weights is None:
            return self._indices
        random = np.random.default_rng([self._seed, epoch, 1])
        times = np.floor(self._weights + random.random(len(self._weights))).astype(np.int64)
        drawn = np.repeat(self._indices, times)
        return drawn if len(drawn) else self._indices

    def __iter__(self) -> Iterator[Batch]:
        for batch, batches, epoch, position in _ahead(self._batches_from_here()):
            self._batches, self._epoch, self._position = batches, epoch, position
            yield batch

    def _batches_from_here(self) -> Iterator[tuple[Batch, list[NDArray[np.int64]], int, int]]:
        """Yield each batch with the state of the stream after it; the stream itself is not changed."""
        batches, epoch, position = self._batches, self._epoch, self._position
        while True:
            if position == len(batches):
                epoch, position = epoch + 1, 0
                batches = self._divide(epoch)
            batch = self._collate(batches[position], [epoch, position])
            position += 1
            yield batch, batches, epoch, position

    def _collate(self, indices: NDArray[np.int64], place: list[int]) -> Batch:
        # Rows are sorted by length, so every second row holds about half of the tokens.
        share = indices[self._rank :: self._world_size]
        used = share if len(share) else indices
        if self._encode_anew is None:
            batch = make_batch(self.corpus, used)
        else:
            seed = np.random.SeedSequence([self._seed, *place, self._rank]).generate_state(1)[0]
            batch = make_batch(self._encode_anew(used, int(seed)), range(len(used)))
        batch = batch if len(share) else _without_tokens(batch)
        if self._pinned_for is None:
            return batch
        with torch.cuda.device(self._pinned_for):  # a new thread starts with the first GPU
            return batch.pinned()

    def largest_batches(self) -> list[Batch]:
        """Return the largest batches of the current epoch, one each for targets up to 1, 3, 7, 15 ... tokens."""
        largest: dict[int, tuple[int, int]] = {}
        for position, indices in enumerate(self._batches):
            longest = int(self._target_lengths[indices].max())
            places = len(indices) * (longest + int(self._source_lengths[indices].max()))
            order = longest.bit_length()
            largest[order] = max(largest.get(order, (0, 0)), (places, position))
        return [self._collate(self._batches[position], [self._epoch, position]) for _, position in largest.values()]

    def state_dict(self) -> dict[str, int]:
        """Return the position of the stream, after the last batch it gave."""
        return {"epoch": self._epoch, "position": self._position}

    def load_state_dict(self, state: dict[str, int]) -> None:
        """Go to the saved position of a stream over the same corpus with the same settings."""
        self._epoch, self._position = state["epoch"], state["position"]
        self._batches = self._divide(self._epoch)


def _ahead(items: Iterator[_Item], depth: int = 2) -> Iterator[_Item]:
    """Yield the items of an endless iterator; a separate thread prepares ``depth`` items ahead."""
    with ThreadPoolExecutor(1, "batches") as thread:
        waiting = deque(thread.submit(next, items) for _ in range(depth))
        while True:
            item = waiting.popleft().result()
            waiting.append(thread.submit(next, items))
            yield item


def _without_tokens(batch: Batch) -> Batch:
    """Return a batch of the same shape that teaches nothing, for a process that has no row of its own."""
    return replace(batch, labels=torch.full_like(batch.labels, PAD_ID), source_tokens=0, target_tokens=0)
