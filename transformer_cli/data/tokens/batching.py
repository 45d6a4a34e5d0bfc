"""Batches of about equal work: sentences of like length together, so that little is padding."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from transformer_cli.data.tokens.encoded import EncodedCorpus, EncodedSide
from transformer_cli.errors import DataError
from transformer_cli.special_tokens import BOS_ID, PAD_ID

_Item = TypeVar("_Item")
_TENSORS = ("source", "source_mask", "decoder_input", "labels")


@dataclass(frozen=True, slots=True)
class Batch:
    """Some sentence pairs, padded to rectangles.

    Args:
        source: (B, S) int64, each row ends in eos, then padding.
        source_mask: (B, 1, 1, S) boolean, True where ``source`` is not padding.
        decoder_input: (B, T) int64, the target shifted right: begins with bos.
        labels: (B, T) int64, what is to be predicted: the target, then eos, then padding.
        source_tokens: Tokens of ``source`` that are not padding.
        target_tokens: Tokens of ``labels`` that are not padding.
    """

    source: Tensor
    source_mask: Tensor
    decoder_input: Tensor
    labels: Tensor
    source_tokens: int
    target_tokens: int

    @property
    def positions(self) -> int:
        """Places of both rectangles, padding included."""
        return self.source.numel() + self.labels.numel()

    def repeated(self, times: int) -> Batch:
        """Return a batch that has all rows of this one, in their order, ``times`` times."""
        tensors = {name: torch.cat([getattr(self, name)] * times) for name in _TENSORS}
        source_tokens, target_tokens = times * self.source_tokens, times * self.target_tokens
        return Batch(**tensors, source_tokens=source_tokens, target_tokens=target_tokens)

    def turned_round(self) -> Batch:
        """Return a batch of the same pairs in which the targets are the sources, and the sources the targets."""
        decoder_input = _shifted_right(self.source)
        mask = (self.labels != PAD_ID)[:, None, None, :]  # (B, T) -> (B, 1, 1, T)
        return Batch(self.labels, mask, decoder_input, self.source, self.target_tokens, self.source_tokens)

    def in_pieces(self, count: int) -> list[Batch]:
        """Return ``count`` batches, or as many as there are rows, that have the rows of this one in turn."""
        return [self] if count == 1 else [self.rows(slice(i, None, count)) for i in range(min(count, len(self.source)))]

    def rows(self, which: slice) -> Batch:
        """Return a batch that has some rows of this one, padded as they are here."""
        source_mask, labels = self.source_mask[which], self.labels[which]
        return Batch(
            self.source[which],
            source_mask,
            self.decoder_input[which],
            labels,
            source_tokens=int(source_mask.sum()),
            target_tokens=int((labels != PAD_ID).sum()),
        )

    def pinned(self) -> Batch:
        """Return the same batch in memory that a GPU can read by itself."""
        return replace(self, **{name: getattr(self, name).pin_memory() for name in _TENSORS})

    def to(self, device: torch.device) -> Batch:
        """Return the same batch with its tensors on ``device``."""
        return replace(self, **{name: getattr(self, name).to(device, non_blocking=True) for name in _TENSORS})


def token_batches(
    source_lengths: NDArray[np.int64],
    target_lengths: NDArray[np.int64],
    max_tokens: int,
    *,
    seed: int,
    epoch: int,
) -> list[NDArray[np.int64]]:
    """Divide a corpus into batches for one epoch.

    The pairs are shuffled, sorted by length (equal ones stay shuffled) and cut where the padded target rectangle would
    exceed ``max_tokens``, or the source's twice that; then the batches are shuffled. Target lengths go up in steps of
    two; within a step source lengths go up, within the next one down, so that neighbours are alike on both sides.

    Args:
        source_lengths: (sentences,) tokens of each source.
        target_lengths: (sentences,) tokens of each target.
        max_tokens: Target tokens of a batch, padding included.
        seed: With ``epoch`` decides the order; the same two give the same batches.
        epoch: Number of the pass over the corpus.

    Returns:
        Indices of each batch; every index occurs once. A pair too long for ``max_tokens`` is a batch of its own.
    """
    random = np.random.default_rng([seed, epoch])
    order = random.permutation(len(target_lengths))
    source, target = source_lengths[order], target_lengths[order]
    step = target // 2
    order = order[np.lexsort((target, np.where(step % 2, -source, source), step))]
    batches = _cut(order, source_lengths, target_lengths, max_tokens)
    return [batches[i] for i in random.permutation(len(batches))]


def _cut(
    order: NDArray[np.int64], source_lengths: NDArray[np.int64], target_lengths: NDArray[np.int64], max_tokens: int
) -> list[NDArray[np.int64]]:
    batches: list[NDArray[np.int64]] = []
    start = longest_source = longest_target = 0
    for end, (source, target) in enumerate(_pairs_of(source_lengths[order], target_lengths[order])):
        size = end - start + 1
        longest_source, longest_target = max(longest_source, source), max(longest_target, target)
        if size > 1 and (size * longest_target > max_tokens or size * longest_source > 2 * max_tokens):
            batches.append(order[start:end])
            start, longest_source, longest_target = end, source, target
    batches.append(order[start:])
    return [batch for batch in batches if len(batch)]


def _pairs_of(first: NDArray[np.int64], second: NDArray[np.int64], at_once: int = 10_000) -> Iterator[tuple[int, int]]:
    """Yield the numbers of two arrays, some at a time: as Python's own they take several times the memory."""
    for begin in range(0, len(first), at_once):
        part = slice(begin, begin + at_once)
        yield from zip(first[part].tolist(), second[part].tolist(), strict=True)


def make_batch(corpus: EncodedCorpus, indices: Sequence[int] | NDArray[np.int64]) -> Batch:
    """Collate the sentence pairs ``indices`` of ``corpus``."""
    source, source_tokens = _pad(corpus.source, indices)
    labels, target_tokens = _pad(corpus.target, indices)
    decoder_input = _shifted_right(labels)
    mask = (source != PAD_ID)[:, None, None, :]  # (B, S) -> (B, 1, 1, S)
    return Batch(source, mask, decoder_input, labels, source_tokens, target_tokens)


def _shifted_right(labels: Tensor) -> Tensor:
    """Return what the decoder is given so that it predicts ``labels`` (B, T)."""
    decoder_input = torch.full_like(labels, PAD_ID)
    decoder_input[:, 0] = BOS_ID
    # A row's eos moves one place past its end: where the row is padded nothing may see it, so it is not cleared.
    decoder_input[:, 1:] = labels[:, :-1]
    return decoder_input


def _pad(side: EncodedSide, indices: Sequence[int] | NDArray[np.int64]) -> tuple[Tensor, int]:
    rows = [side[int(i)] for i in indices]
    padded = np.full((len(rows), max(map(len, rows))), PAD_ID, dtype=np.int64)
    for row, ids in zip(padded, rows, strict=True):
        row[: len(ids)] = ids
    return torch.from_numpy(padded), sum(map(len, rows))


def _without_tokens(batch: Batch) -> Batch:
    """Return a batch of the same shape from which nothing can be learned, for a process that has no row of its own."""
    return replace(batch, labels=torch.full_like(batch.labels, PAD_ID), source_tokens=0, target_tokens=0)


class BatchStream:
    """An endless stream of training batches, epoch after epoch, that can be stopped and taken up anywhere.

    Args:
        corpus: What to train on.
        max_tokens: Target tokens of one batch, padding included.
        max_length: Pairs with a side of more tokens are left out; `left_out` counts them.
        seed: Decides the order.
        weights: (pairs,) How often an epoch has each pair, in the mean; None: once.
        rank: Number of this process among those that train together; it gets its share of the rows of each batch.
        world_size: How many there are. Batches, and a place among them, are the same for any number.
        encode_anew: Given the pairs of a batch and a number that stands for its place in the training, returns their
            ids cut into other subwords; None: the ids are always those of ``corpus``.
        pinned_for: A GPU that is to fetch the batches while the processor goes on; None: they stay on the CPU.

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
        """Number of the present pass over the corpus, from 0."""
        return self._epoch

    @property
    def batches_per_epoch(self) -> int:
        """Batches of the present epoch."""
        return len(self._batches)

    def _divide(self, epoch: int) -> list[NDArray[np.int64]]:
        drawn = self._draw(epoch)
        source_lengths, target_lengths = self._source_lengths[drawn], self._target_lengths[drawn]
        batches = token_batches(source_lengths, target_lengths, self._max_tokens, seed=self._seed, epoch=epoch)
        return [drawn[batch] for batch in batches]

    def _draw(self, epoch: int) -> NDArray[np.int64]:
        """Return the indices of an epoch's pairs, each as often as its weight says; fractions by lot."""
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
        """Yield each batch with what the stream is to remember once that is taken; changes nothing of it before."""
        batches, epoch, position = self._batches, self._epoch, self._position
        while True:
            if position == len(batches):
                epoch, position = epoch + 1, 0
                batches = self._divide(epoch)
            batch = self._collate(batches[position], [epoch, position])
            position += 1
            yield batch, batches, epoch, position

    def _collate(self, indices: NDArray[np.int64], place: list[int]) -> Batch:
        # Rows are sorted by length, so that every other one is half of the tokens.
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
        with torch.cuda.device(self._pinned_for):  # a thread of its own begins with the first GPU
            return batch.pinned()

    def largest_batches(self) -> list[Batch]:
        """Return the largest batch of the present epoch, one each for targets up to 1, 3, 7, 15 ... tokens."""
        largest: dict[int, tuple[int, int]] = {}
        for position, indices in enumerate(self._batches):
            longest = int(self._target_lengths[indices].max())
            places = len(indices) * (longest + int(self._source_lengths[indices].max()))
            order = longest.bit_length()
            largest[order] = max(largest.get(order, (0, 0)), (places, position))
        return [self._collate(self._batches[position], [self._epoch, position]) for _, position in largest.values()]

    def state_dict(self) -> dict[str, int]:
        """Return where the stream stands: after the last batch it gave."""
        return {"epoch": self._epoch, "position": self._position}

    def load_state_dict(self, state: dict[str, int]) -> None:
        """Go to where a stream over the same corpus with the same settings stood."""
        self._epoch, self._position = state["epoch"], state["position"]
        self._batches = self._divide(self._epoch)


def _ahead(items: Iterator[_Item], depth: int = 2) -> Iterator[_Item]:
    """Yield what an endless iterator yields, of which a thread of its own makes ``depth`` items ahead."""
    with ThreadPoolExecutor(1, "batches") as thread:
        waiting = deque(thread.submit(next, items) for _ in range(depth))
        while True:
            item = waiting.popleft().result()
            waiting.append(thread.submit(next, items))
            yield item
