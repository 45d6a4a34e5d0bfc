"""The endless stream of training batches: each epoch has a new order, and the stream can resume at any place."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
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
EncodeAnew = Callable[[NDArray[np.int64], int], EncodedCorpus]

_WINDOW = 64
"""Number of batches whose pairs are cut into other subwords together, and divided by their new lengths."""


class BatchStream:
    """An endless stream of training batches, epoch after epoch, that can stop and resume at any batch.

    Args:
        corpus: The training corpus.
        max_tokens: The most target tokens of one batch, padding included.
        max_length: The most tokens of a side. Longer pairs are left out; `left_out` counts them.
        seed: The seed of the order.
        longest_target: The most tokens of a target; one with more than ``max_tokens`` is a batch of its own. None:
            that many.
        weights: (pairs,) The mean number of times that each pair occurs in an epoch, or None for once.
        rank: Number of this process among those that train together; it gets its share of the rows of each batch.
        world_size: The number of these processes. Batches and their order are the same for any number.
        encode_anew: A function from the indices of some pairs, and a number for their place in the training, to their
            ids with other subwords; or None if the ids are always those of ``corpus``.
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
        longest_target: int | None = None,
        weights: NDArray[np.float64] | None = None,
        rank: int = 0,
        world_size: int = 1,
        encode_anew: EncodeAnew | None = None,
        pinned_for: torch.device | None = None,
    ) -> None:
        self.corpus = corpus
        self._max_tokens = max_tokens
        self._seed = seed
        self._rank, self._world_size = rank, world_size
        source_lengths, target_lengths = corpus.source.lengths, corpus.target.lengths
        fits = (source_lengths <= max_length) & (target_lengths <= min(max_length, longest_target or max_tokens))
        self._indices = np.flatnonzero(fits)
        self.left_out = len(corpus) - len(self._indices)
        if not len(self._indices):
            raise DataError(
                f"none of the {len(corpus)} training pairs fits into model.max_length ({max_length} tokens) "
                f"and training.batch_tokens ({longest_target or max_tokens})"
            )
        self._source_lengths, self._target_lengths = source_lengths, target_lengths
        self._weights = None if weights is None else weights[fits]
        self._encode_anew = encode_anew
        self._pinned_for = pinned_for
        self._epoch = 0
        self._position = 0
        self._within = 0
        self._batches = self._divide(0)

    @property
    def epoch(self) -> int:
        """Number of the current pass over the corpus, from 0."""
        return self._epoch

    @property
    def batches_per_epoch(self) -> int:
        """Number of batches in the current epoch; there are more if the pairs are cut into other subwords."""
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
        for batch, batches, epoch, position, within in _ahead(self._batches_from_here()):
            self._batches, self._epoch, self._position, self._within = batches, epoch, position, within
            yield batch

    def _batches_from_here(self) -> Iterator[tuple[Batch, list[NDArray[np.int64]], int, int, int]]:
        """Yield each batch with the state of the stream after it; the stream itself is not changed."""
        batches, epoch, position, within = self._batches, self._epoch, self._position, self._within
        while True:
            if position == len(batches):
                epoch, position = epoch + 1, 0
                batches = self._divide(epoch)
            if self._encode_anew is None:
                position += 1
                yield self._collate(self.corpus, batches[position - 1]), batches, epoch, position, 0
                continue
            together = batches[position : position + _WINDOW]
            corpus, window = self._cut_anew(self._encode_anew, together, [epoch, position])
            for number in range(within, len(window) - 1):
                yield self._collate(corpus, window[number]), batches, epoch, position, number + 1
            position, within = position + len(together), 0
            yield self._collate(corpus, window[-1]), batches, epoch, position, within

    def _cut_anew(
        self, encode_anew: EncodeAnew, batches: Sequence[NDArray[np.int64]], place: Sequence[int]
    ) -> tuple[EncodedCorpus, list[NDArray[np.int64]]]:
        """Return the pairs of some batches with other subwords, and their division by the lengths that they have now.

        In the batches of the usual lengths, a third of the places would be padding.
        """
        subwords, order = np.random.SeedSequence([self._seed, *place]).generate_state(2).tolist()
        corpus = encode_anew(np.concatenate(batches), subwords)
        lengths = corpus.source.lengths, corpus.target.lengths
        return corpus, token_batches(*lengths, self._max_tokens, seed=order, epoch=0)

    def _collate(self, corpus: EncodedCorpus, indices: NDArray[np.int64]) -> Batch:
        # Rows are sorted by length, so every second row holds about half of the tokens.
        share = indices[self._rank :: self._world_size]
        batch = make_batch(corpus, share) if len(share) else _without_tokens(make_batch(corpus, indices))
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
        return [self._collate(self.corpus, self._batches[position]) for _, position in largest.values()]

    def state_dict(self) -> dict[str, int]:
        """Return the position of the stream, after the last batch it gave."""
        return {"epoch": self._epoch, "position": self._position, "within": self._within}

    def load_state_dict(self, state: dict[str, int]) -> None:
        """Go to the saved position of a stream over the same corpus with the same settings."""
        self._epoch, self._position = state["epoch"], state["position"]
        self._within = state["within"]
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
