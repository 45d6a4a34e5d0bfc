"""From the fit pairs of all corpora to training, validation and test set, and the report."""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from transformer_cli.artifacts.preparation_report import LENGTH_EDGES, PreparationReport
from transformer_cli.config import CorpusConfig, Recipe
from transformer_cli.data.cleaning.cache import CleanedCorpus
from transformer_cli.data.cleaning.match_keys import fold, hash_text
from transformer_cli.data.cleaning.rules import CleaningReport
from transformer_cli.data.cleaning.selection import (
    KEPT,
    RULES,
    HeldOut,
    HeldOutKeys,
    Selection,
    TooFewPairsError,
    held_out_keys,
    select,
)
from transformer_cli.data.corpora import read_corpus
from transformer_cli.data.splits.write import TRAIN, split_writer, write_pairs
from transformer_cli.errors import DataError
from transformer_cli.text.normalization import normalize

Pair = tuple[str, str]
_MAX_SHOWN = 3
_ALIKE_RULES = ("leakage", "near_duplicate", "source_repeats")
_SAME = "case, punctuation and numbers aside"


@dataclass(frozen=True, slots=True)
class GivenSet:
    """A validation or test set that has files of its own.

    Args:
        count: Pairs in it.
        keys: Its sentences.
    """

    count: int
    keys: HeldOutKeys


def write_given_sets(data: Path, recipe: Recipe, folder: Path, *, fingerprint: str) -> dict[str, GivenSet]:
    """Write the sets that have files of their own; every pair counts, only those with an empty side are left out.

    Args:
        data: The folder of all splits.
        recipe: Names the sets.
        folder: What the names are relative to.
        fingerprint: Stands for the prepared data.

    Raises:
        DataError: A set cannot be used or is empty.
    """
    named = {"valid": recipe.data.valid, "test": recipe.data.test, **recipe.data.named_tests()}
    given = {}
    for part, corpus in named.items():
        if isinstance(corpus, str):
            keys = array("Q"), array("Q")
            pairs = _read_set(recipe, corpus, folder, part, keys)
            count = write_pairs(data, part, pairs, recipe.languages, fingerprint=fingerprint)
            if not count:
                key = part.replace("test-", "tests.", 1)
                raise DataError(f"data.{key}: {corpus} holds no sentence pairs")
            given[part] = GivenSet(count, held_out_keys(*(np.frombuffer(side, np.uint64) for side in keys)))
    return given


def _read_set(
    recipe: Recipe, corpus: str, folder: Path, part: str, keys: tuple[array[int], array[int]]
) -> Iterator[Pair]:
    for pair in read_corpus(corpus, recipe.languages, folder, part=part if part == "valid" else "test"):
        sides = normalize(pair.source), normalize(pair.target)
        if all(sides):
            for side, side_keys in zip(sides, keys, strict=True):
                side_keys.append(hash_text(fold(side, numbers=recipe.cleaning.fold_numbers)))
            yield sides


def select_pairs(
    corpora: Sequence[CleanedCorpus],
    recipe: Recipe,
    given: Mapping[str, GivenSet],
    known: Mapping[str, HeldOut],
) -> Selection:
    """Decide what becomes of each fit pair.

    Raises:
        DataError: There are too few to hold out what is wanted, or none is left to learn from.
    """
    numbers = {part: getattr(recipe.data, part) for part in ("valid", "test")}
    wanted = {part: number for part, number in numbers.items() if isinstance(number, int)}
    keys = {part: each.keys for part, each in given.items()}
    try:
        selection = select(corpora, recipe.cleaning, given=keys, wanted=wanted, known=known)
    except TooFewPairsError as error:
        total = sum(count_fates(corpora, recipe, error.selection).values(), CleaningReport())
        raise (
            _too_few(recipe, total, error.usable, wanted) if error.usable else _nothing_left(recipe, total)
        ) from None
    if not (selection.fates == KEPT).any():
        raise _nothing_left(recipe, sum(count_fates(corpora, recipe, selection).values(), CleaningReport()))
    return selection


def _nothing_left(recipe: Recipe, total: CleaningReport) -> DataError:
    reason = f"{_words_for_dropped(total)}; {_way_out(recipe, total)}" if total.read else "the files are empty"
    return DataError(f"no training pairs are left of {', '.join(recipe.data.train_paths)}; {reason}")


def _too_few(recipe: Recipe, total: CleaningReport, usable: int, wanted: Mapping[str, int]) -> DataError:
    numbers = " and ".join(f"data.{part} = {number}" for part, number in wanted.items())
    if usable > sum(wanted.values()):
        return DataError(
            f"too many of the {usable} usable pairs share a sentence, {_SAME}, to hold out {numbers}; "
            f"{_tell_apart(recipe)}else lower the number, or set cleaning.leakage = false"
        )
    others = f"; {_words_for_dropped(total)}" if total.dropped else ""
    return DataError(
        f"only {usable} usable pairs: too few to hold out {numbers} and train on the rest; lower the number{others}"
    )


def _tell_apart(recipe: Recipe) -> str:
    if not recipe.cleaning.fold_numbers:
        return ""
    return "if numbers are what your sentences differ in, set cleaning.fold_numbers = false; "


def _words_for_dropped(total: CleaningReport) -> str:
    dropped = ", ".join(f"{rule}: {count}" for rule, count in total.dropped.items())
    return f"of {total.read} pairs were dropped {dropped}"


def _way_out(recipe: Recipe, total: CleaningReport) -> str:
    if total.dropped.get("leakage"):
        return (
            f"leakage: a sentence of theirs is in data.valid or data.test, {_SAME}; {_tell_apart(recipe)}"
            "else name other sets, or set cleaning.leakage = false"
        )
    return "each rule is a key of [cleaning]"


def warning_of_sameness(recipe: Recipe, selection: Selection) -> str | None:
    """Return a warning if most of the fit pairs are not learned from because they are much like others."""
    counts = np.bincount(selection.fates, minlength=len(RULES) + 1).tolist()
    alike = sum(counts[RULES.index(rule) + 1] for rule in _ALIKE_RULES)
    if 2 * alike <= len(selection.fates):
        return None
    return (
        f"warning: {alike} of {len(selection.fates)} fit pairs are not learned from, for a sentence of theirs is held "
        f"out or repeated, {_SAME}; {_tell_apart(recipe)}else see {', '.join(_ALIKE_RULES)} in [cleaning]"
    )


def count_fates(corpora: Sequence[CleanedCorpus], recipe: Recipe, selection: Selection) -> dict[str, CleaningReport]:
    """Count for each corpus what was read, kept and dropped; if one is named twice, with a number.

    Args:
        corpora: The corpora of ``data.train``.
        recipe: Has their names.
        selection: What was decided about their fit pairs.
    """
    counted: dict[str, CleaningReport] = {}
    first = 0
    for corpus, path in zip(corpora, recipe.data.train_paths, strict=True):
        report = CleaningReport(corpus.read, corpus.kept, dict(corpus.dropped))
        counts = np.bincount(selection.fates[first : first + corpus.kept], minlength=len(RULES) + 1).tolist()
        report.kept = counts[KEPT]
        report.dropped |= {rule: count for rule, count in zip(RULES, counts[1:], strict=True) if count}
        first += corpus.kept
        number = sum(name == path or name.startswith(f"{path} (") for name in counted) + 1
        counted[path if number == 1 else f"{path} ({number})"] = report
    return counted


class SplitMaker:
    """Writes what was selected, gathers examples and lengths, and tells of every dropped pair.

    Args:
        data: The folder of all splits.
        recipe: Languages, tags, which sets.
        fingerprint: Stands for the prepared data.
        report: Examples, lengths and letters go here.
        rejected: A line for each dropped pair goes here.
    """

    def __init__(
        self, data: Path, recipe: Recipe, *, fingerprint: str, report: PreparationReport, rejected: BinaryIO | None
    ) -> None:
        self._data = data
        self._recipe = recipe
        self._fingerprint = fingerprint
        self._report = report
        self._rejected = rejected
        self._held_out: dict[int, Pair] = {}

    def write(self, corpora: Sequence[CleanedCorpus], selection: Selection) -> None:
        """Write ``train`` and the sets that are held out of it."""
        lengths = {side: np.zeros(len(LENGTH_EDGES) + 1, np.int64) for side in ("source", "target")}
        held_out = np.sort(np.concatenate([np.empty(0, np.int64), *selection.held_out.values()]))
        first = 0
        with split_writer(self._data, TRAIN, self._recipe.languages, fingerprint=self._fingerprint) as write:
            for number, (corpus, config) in enumerate(zip(corpora, self._recipe.data.train, strict=True)):
                self._take_dropped(corpus)
                for batch in corpus.batches():
                    fates = selection.fates[first : first + len(batch)]
                    kept = batch.filter(pa.array(fates == KEPT))
                    write(_training_batch(kept, config, number))
                    for side, counts in lengths.items():
                        counts += _length_classes(kept.column(side))
                    self._take_selected_against(batch, fates)
                    places = held_out[np.searchsorted(held_out, first) : np.searchsorted(held_out, first + len(batch))]
                    self._take_held_out(batch, config, places, first)
                    first += len(batch)
        self._report.lengths = {side: counts.tolist() for side, counts in lengths.items()}
        for part, places in selection.held_out.items():
            self._write_held_out(part, places)

    def _take_dropped(self, corpus: CleanedCorpus) -> None:
        for side, letters in zip(("source", "target"), corpus.foreign_letters, strict=True):
            self._report.add_foreign_letters(side, letters)
        for line in corpus.dropped_lines():
            rule, place, source, target = line[:-1].split("\t")
            self._report.add_example(rule, place, source, target)
            if self._rejected is not None:
                self._rejected.write(line.encode())

    def _take_selected_against(self, batch: pa.RecordBatch, fates: NDArray[np.uint8]) -> None:
        rows = np.flatnonzero(fates != KEPT)
        if self._rejected is None:  # then only examples are wanted
            rows = np.concatenate([np.flatnonzero(fates == fate)[:_MAX_SHOWN] for fate in range(1, len(RULES) + 1)])
        for row in rows.tolist():
            rule = RULES[fates[row] - 1]
            source, target, place = (batch.column(name)[row].as_py() for name in ("source", "target", "place"))
            self._report.add_example(rule, place, source, target)
            if self._rejected is not None:
                self._rejected.write(f"{rule}\t{normalize(place)}\t{source}\t{target}\n".encode())

    def _take_held_out(
        self, batch: pa.RecordBatch, config: CorpusConfig, places: NDArray[np.int64], first: int
    ) -> None:
        for place in places.tolist():
            source, target = (batch.column(side)[place - first].as_py() for side in ("source", "target"))
            self._held_out[place] = (_tagged(source, config.tag), target)

    def _write_held_out(self, part: str, places: NDArray[np.int64]) -> None:
        pairs = (self._held_out[place] for place in places.tolist())
        write_pairs(self._data, part, pairs, self._recipe.languages, fingerprint=self._fingerprint)


def _tagged(source: str, tag: str | None) -> str:
    return source if tag is None else f"{normalize(tag)} {source}"


def _training_batch(pairs: pa.RecordBatch, config: CorpusConfig, number: int) -> pa.RecordBatch:
    sources = pairs.column("source")
    if config.tag is not None:
        sources = pc.binary_join_element_wise(_tagged("", config.tag), sources, "")
    origin = pa.array(np.full(len(pairs), number, np.int32))
    return pa.record_batch({"source": sources, "target": pairs.column("target"), "corpus": origin})


def _length_classes(texts: pa.Array) -> NDArray[np.int64]:
    lengths = pc.utf8_length(texts).to_numpy(zero_copy_only=False)
    classes = np.searchsorted(LENGTH_EDGES, lengths)
    return np.bincount(classes, minlength=len(LENGTH_EDGES) + 1)
