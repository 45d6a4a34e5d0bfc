"""The fate of each clean pair among all others: trained on, held out, or dropped.

Only hashes are compared. That takes at most 50 bytes a pair; the result takes one byte a pair.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from transformer_cli.config import CleaningConfig
from transformer_cli.data.cleaning.cache import CleanedCorpus
from transformer_cli.data.cleaning.held_out import HeldOut

Hashes = NDArray[np.uint64]
Flags = NDArray[np.bool_]

KEPT = 0
SELECTION_RULES = ("unrelated", "leakage", "duplicate", "held_out", "near_duplicate", "source_repeats")
"""The reasons not to train on a clean pair, in the order of the checks; a pair's fate is an index here, from 1."""

_FATE = {rule: number for number, rule in enumerate(SELECTION_RULES, start=1)}
_PARTS = ("test", "valid")
_AT_ONCE = 1 << 18
_LOW_BITS = np.uint64((1 << 20) - 1)


@dataclass(frozen=True, slots=True)
class HeldOutKeys:
    """The sentences of a validation or test set.

    Args:
        sources: The sorted hashes of the folded sources.
        targets: The sorted hashes of the folded targets.
    """

    sources: Hashes
    targets: Hashes


@dataclass(slots=True)
class Selection:
    """The fate of each clean pair of all corpora, one after the other.

    Args:
        fates: (pairs,) uint8: `KEPT`, or the index of a rule in `SELECTION_RULES`, from 1.
        held_out: For "valid" and "test", where the recipe gives a number: the indices of the pairs in the set, in the
            order of their hashes.
        held_out_pairs: The pairs of these sets, to be held out the next time as well.
        leakage: For each set, the number of training pairs whose source, and whose target, is in it.
    """

    fates: NDArray[np.uint8]
    held_out: dict[str, NDArray[np.int64]] = field(default_factory=dict)
    held_out_pairs: dict[str, HeldOut] = field(default_factory=dict)
    leakage: dict[str, dict[str, int]] = field(default_factory=dict)

    def counts(self, first: int = 0, end: int | None = None) -> dict[str, int]:
        """Return the number of pairs that each rule dropped, among all pairs or among a range of indices."""
        counts = np.bincount(self.fates[first:end], minlength=len(SELECTION_RULES) + 1).tolist()
        return dict(zip(SELECTION_RULES, counts[1:], strict=True))


class TooFewPairsError(ValueError):
    """There are too few pairs to hold out as many as the recipe asks for.

    Args:
        usable: The number of pairs that are neither repeated nor dropped.
        selection: The fate of the others.
    """

    def __init__(self, usable: int, selection: Selection) -> None:
        super().__init__(usable)
        self.usable = usable
        self.selection = selection


def select(
    corpora: Sequence[CleanedCorpus],
    config: CleaningConfig,
    *,
    separate: Mapping[str, HeldOutKeys],
    sizes: Mapping[str, int],
    earlier: Mapping[str, HeldOut],
    unrelated: Flags | None = None,
) -> Selection:
    """Decide the fate of every clean pair.

    Args:
        corpora: The corpora of ``data.train`` in the recipe's order: of equal pairs the first one stays.
        config: The rules.
        separate: The sets that have files of their own.
        sizes: The number of pairs to hold out for "valid" or "test".
        earlier: The pairs that were held out before. They stay held out while the number is the same. Others join them
            if the number has changed, or if fewer than half of them are left.
        unrelated: For each pair whether its sides mean different things; None: that is not known of any.

    Raises:
        TooFewPairsError: After holding out, no pair would be left to train on.
    """
    pairs = _all(corpora, "pair")
    selection = Selection(np.zeros(len(pairs), np.uint8))
    fates = selection.fates
    if unrelated is not None:
        fates[unrelated] = _FATE["unrelated"]
    repeated = _later_occurrences(pairs)
    sources, targets = _all(corpora, "source_key"), _all(corpora, "target_key")
    if config.leakage:
        _drop_leaking(selection, separate, sources, targets)
    if config.duplicate:
        fates[repeated & (fates == KEPT)] = _FATE["duplicate"]
    # Sentences that may be in both training and held-out sets may also be in two held-out sets.
    keys = (sources, targets) if config.leakage else None
    keys_of_sets = _hold_out(selection, pairs, repeated, keys, sizes=sizes, earlier=earlier)
    del pairs, repeated
    if config.leakage:
        _drop_leaking(selection, keys_of_sets, sources, targets)
    if config.near_duplicate:
        kept = np.flatnonzero(fates == KEPT)
        fates[kept[_later_occurrences(_combined(sources[kept], targets[kept]))]] = _FATE["near_duplicate"]
    if config.source_repeats:
        kept = np.flatnonzero(fates == KEPT)
        fates[kept[_later_occurrences(sources[kept], after=config.source_repeats)]] = _FATE["source_repeats"]
    return selection


def held_out_keys(sources: Sequence[int] | Hashes, targets: Sequence[int] | Hashes) -> HeldOutKeys:
    """Return the keys of a set, given the hashes of its folded sentences."""
    return HeldOutKeys(np.unique(np.asarray(sources, np.uint64)), np.unique(np.asarray(targets, np.uint64)))


def _all(corpora: Sequence[CleanedCorpus], name: str) -> Hashes:
    hashes = np.empty(sum(corpus.kept for corpus in corpora), np.uint64)
    first = 0
    for corpus in corpora:
        hashes[first : first + corpus.kept] = corpus.hashes(name)
        first += corpus.kept
    return hashes


def _later_occurrences(keys: Hashes, *, after: int = 1) -> Flags:
    """Return for each key whether it occurs at least ``after`` times before."""
    order = np.argsort(keys, kind="stable")
    ordered = keys[order]
    flags = np.zeros(len(keys), np.bool_)
    flags[order[after:][ordered[after:] == ordered[: max(0, len(keys) - after)]]] = True
    return flags


def _combined(sources: Hashes, targets: Hashes) -> Hashes:
    # The product distinguishes the two sides; an odd factor maps no two hashes to one.
    mixed: Hashes = sources ^ (targets * np.uint64(0x9E3779B97F4A7C15))
    return mixed


def is_among(values: Hashes, keys: Hashes) -> Flags:
    """Return for each value whether it is among the sorted ``keys``."""
    flags = np.zeros(len(values), np.bool_)
    if len(keys):
        # A table of the low bits rules out nearly all values, much faster than a search among the keys.
        may_be = np.zeros(int(_LOW_BITS) + 1, np.bool_)
        may_be[keys & _LOW_BITS] = True
        for first in range(0, len(values), _AT_ONCE):
            part = values[first : first + _AT_ONCE]
            places = np.flatnonzero(may_be[part & _LOW_BITS])
            found = part[places]
            flags[first + places] = keys[np.searchsorted(keys, found).clip(max=len(keys) - 1)] == found
    return flags


def _drop_leaking(selection: Selection, sets: Mapping[str, HeldOutKeys], sources: Hashes, targets: Hashes) -> None:
    candidates = selection.fates == KEPT
    for name, keys in sets.items():
        by_source, by_target = (
            is_among(sources, keys.sources) & candidates,
            is_among(targets, keys.targets) & candidates,
        )
        selection.leakage[name] = {"source": int(by_source.sum()), "target": int(by_target.sum())}
        selection.fates[by_source | by_target] = _FATE["leakage"]


def _hold_out(
    selection: Selection,
    pairs: Hashes,
    repeated: Flags,
    keys: tuple[Hashes, Hashes] | None,
    *,
    sizes: Mapping[str, int],
    earlier: Mapping[str, HeldOut],
) -> dict[str, HeldOutKeys]:
    """Hold out pairs for each set, each pair once: the earlier ones, otherwise those of the lowest ranks.

    If several pairs share a sentence by ``keys``, only the first is held out, for all sets together.

    Returns:
        The keys of the sets.
    """
    taken: tuple[set[int], set[int]] = (set(), set())
    keys_of_sets: dict[str, HeldOutKeys] = {}
    usable = int(((selection.fates == KEPT) & ~repeated).sum())
    for part in (part for part in _PARTS if part in sizes):
        number, ranks = sizes[part], pairs if part == "test" else ~pairs
        candidates = (selection.fates == KEPT) & ~repeated
        before = earlier.get(part)
        stays = before is not None and before.number == number
        indices: list[int] = []
        is_new = candidates
        for group in before.groups if before else []:
            was_held_out = is_new & is_among(pairs, _sorted(group))
            indices += _first_by_rank(was_held_out, ranks, keys, taken, at_most=number - len(indices))
            is_new = is_new & ~was_held_out
        joining: list[int] = []
        if not stays or 2 * len(indices) < number:
            joining = _first_by_rank(is_new, ranks, keys, taken, at_most=number - len(indices))
            indices += joining
            if len(indices) < number:
                raise TooFewPairsError(usable, selection)
        if before is None or not stays:
            held_out = HeldOut(number=number, pairs=frozenset(pairs[indices].tolist()))
        else:
            held_out = before.joined_by(pairs[joining].tolist())
        is_reserved = is_among(pairs, _sorted(held_out.reserved))
        if not (candidates & ~is_reserved).any():
            raise TooFewPairsError(usable, selection)
        selection.fates[is_reserved & (selection.fates == KEPT)] = _FATE["held_out"]
        selection.held_out[part] = np.array(indices, np.int64)
        selection.held_out_pairs[part] = held_out
        if keys is not None:
            keys_of_sets[part] = held_out_keys(keys[0][indices], keys[1][indices])
    return keys_of_sets


def _first_by_rank(
    which: Flags, ranks: Hashes, keys: tuple[Hashes, Hashes] | None, taken: tuple[set[int], set[int]], *, at_most: int
) -> list[int]:
    """Take some of ``which`` as `_new_sentences` does, in the order of their ranks, and return their indices."""
    return _new_sentences(_by_rank(np.flatnonzero(which), ranks), keys, taken, at_most=at_most)


def _sorted(hashes: Collection[int]) -> Hashes:
    return np.sort(np.fromiter(hashes, np.uint64, len(hashes)))


def _by_rank(indices: NDArray[np.int64], ranks: Hashes) -> NDArray[np.int64]:
    ordered: NDArray[np.int64] = indices[np.argsort(ranks[indices], kind="stable")]
    return ordered


def _new_sentences(
    indices: NDArray[np.int64],
    keys: tuple[Hashes, Hashes] | None,
    taken: tuple[set[int], set[int]],
    *,
    at_most: int,
) -> list[int]:
    """Take pairs of which no side is taken yet, and return their indices; without ``keys``, take all."""
    if keys is None:
        return [int(index) for index in indices[:at_most]]
    new_indices: list[int] = []
    for index in indices:
        if len(new_indices) == at_most:
            break
        sentences = [int(side[index]) for side in keys]
        if not any(sentence in taken_side for sentence, taken_side in zip(sentences, taken, strict=True)):
            new_indices.append(int(index))
            for sentence, taken_side in zip(sentences, taken, strict=True):
                taken_side.add(sentence)
    return new_indices
