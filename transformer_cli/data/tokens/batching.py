"""Batches of about equal work: sentences of similar length together, so that little is padding."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from transformer_cli.data.tokens.encoded import EncodedCorpus, EncodedSide
from transformer_cli.special_tokens import BOS_ID, PAD_ID

_TENSORS = ("source", "source_mask", "decoder_input", "labels")


@dataclass(frozen=True, slots=True)
class Batch:
    """Some sentence pairs, padded to rectangles.

    Args:
        source: (B, S) int64, each row ends with eos, then padding.
        source_mask: (B, 1, 1, S) boolean, True where ``source`` is not padding.
        decoder_input: (B, T) int64, the target shifted right; it begins with bos.
        labels: (B, T) int64, the tokens to predict: the target, then eos, then padding.
        source_tokens: The number of tokens in ``source`` that are not padding.
        target_tokens: The number of tokens in ``labels`` that are not padding.
    """

    source: Tensor
    source_mask: Tensor
    decoder_input: Tensor
    labels: Tensor
    source_tokens: int
    target_tokens: int

    @property
    def positions(self) -> int:
        """The number of positions in both rectangles, padding included."""
        return self.source.numel() + self.labels.numel()

    def repeated(self, times: int) -> Batch:
        """Return a batch with all rows of this one, in their order, repeated ``times`` times."""
        tensors = {name: torch.cat([getattr(self, name)] * times) for name in _TENSORS}
        source_tokens, target_tokens = times * self.source_tokens, times * self.target_tokens
        return Batch(**tensors, source_tokens=source_tokens, target_tokens=target_tokens)

    def in_pieces(self, count: int) -> list[Batch]:
        """Return ``count`` batches, or one per row if there are fewer rows; the rows are dealt out in turn."""
        return [self] if count == 1 else [self.rows(slice(i, None, count)) for i in range(min(count, len(self.source)))]

    def rows(self, which: slice) -> Batch:
        """Return a batch with some rows of this one, with the same padding."""
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
        """Return the same batch in pinned memory, which a GPU can read directly."""
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
    exceed ``max_tokens``, or the source rectangle twice that. Then the batches are shuffled. Target lengths rise in
    steps of two. Source lengths rise within one step and fall within the next, so neighbours are similar on both sides.

    Args:
        source_lengths: (sentences,) the number of tokens of each source.
        target_lengths: (sentences,) the number of tokens of each target.
        max_tokens: The most target tokens of a batch, padding included.
        seed: The seed of the order, together with ``epoch``; the same two give the same batches.
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
    """Yield pairs of numbers from two arrays, converted in blocks: Python's numbers take several times the memory."""
    for begin in range(0, len(first), at_once):
        part = slice(begin, begin + at_once)
        yield from zip(first[part].tolist(), second[part].tolist(), strict=True)


def make_batch(corpus: EncodedCorpus, indices: Sequence[int] | NDArray[np.int64]) -> Batch:
    """Collate the sentence pairs ``indices`` of ``corpus``."""
    source, source_tokens = _pad(corpus.source, indices)
    labels, target_tokens = _pad(corpus.target, indices)
    decoder_input = torch.full_like(labels, PAD_ID)
    decoder_input[:, 0] = BOS_ID
    # A row's eos moves one place past its end. In a padded row that place is masked, so eos need not be cleared.
    decoder_input[:, 1:] = labels[:, :-1]
    mask = (source != PAD_ID)[:, None, None, :]  # (B, S) -> (B, 1, 1, S)
    return Batch(source, mask, decoder_input, labels, source_tokens, target_tokens)


def _pad(side: EncodedSide, indices: Sequence[int] | NDArray[np.int64]) -> tuple[Tensor, int]:
    rows = [side[int(i)] for i in indices]
    padded = np.full((len(rows), max(map(len, rows))), PAD_ID, dtype=np.int64)
    for row, ids in zip(padded, rows, strict=True):
        row[: len(ids)] = ids
    return torch.from_numpy(padded), sum(map(len, rows))
