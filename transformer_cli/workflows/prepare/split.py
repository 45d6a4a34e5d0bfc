"""From the fit pairs of all corpora to training, validation and test set, and the report of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import BinaryIO

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from transformer_cli.artifacts.preparation_report import LENGTH_EDGES, PreparationReport
from transformer_cli.config import CorpusConfig, Recipe
from transformer_cli.data.cleaning.cache import CleanedCorpus
from transformer_cli.data.cleaning.held_out import HeldOut
from transformer_cli.data.cleaning.rules import CleaningReport
from transformer_cli.data.cleaning.selection import (
    KEPT,
    SELECTION_RULES,
    Selection,
    TooFewPairsError,
    select,
)
from transformer_cli.data.splits.files import TRAIN, SplitFiles
from transformer_cli.data.splits.write import split_writer, write_pairs
from transformer_cli.text.normalization import normalize
from transformer_cli.workflows.prepare.messages import nothing_left, too_few
from transformer_cli.workflows.prepare.separate_sets import SeparateSet

Pair = tuple[str, str]
_MAX_SHOWN = 3


def select_pairs(
    corpora: Sequence[CleanedCorpus],
    recipe: Recipe,
    separate: Mapping[str, SeparateSet],
    earlier: Mapping[str, HeldOut],
) -> Selection:
    """Decide what becomes of each fit pair.

    Args:
        corpora: The corpora of ``data.train``.
        recipe: The rules, and the number of pairs to hold out.
        separate: The sets that have files of their own.
        earlier: The pairs that were held out before.

    Raises:
        DataError: There are too few to hold out as many as the recipe asks for, or none is left to learn from.
    """
    sizes = {part: size for part in ("valid", "test") if isinstance(size := getattr(recipe.data, part), int)}
    keys = {part: pairs.keys for part, pairs in separate.items()}
    try:
        selection = select(corpora, recipe.cleaning, separate=keys, sizes=sizes, earlier=earlier)
    except TooFewPairsError as error:
        total = sum(count_fates(corpora, recipe, error.selection).values(), CleaningReport())
        raise (too_few(recipe, total, error.usable, sizes) if error.usable else nothing_left(recipe, total)) from None
    if not (selection.fates == KEPT).any():
        raise nothing_left(recipe, sum(count_fates(corpora, recipe, selection).values(), CleaningReport()))
    return selection


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
        counts = selection.counts(first, first + corpus.kept)
        report.kept = corpus.kept - sum(counts.values())
        report.dropped |= {rule: count for rule, count in counts.items() if count}
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
        with split_writer(self._files(TRAIN), fingerprint=self._fingerprint) as write:
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
            some = [np.flatnonzero(fates == fate)[:_MAX_SHOWN] for fate, _ in enumerate(SELECTION_RULES, start=1)]
            rows = np.concatenate(some)
        for row in rows.tolist():
            rule = SELECTION_RULES[fates[row] - 1]
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
        write_pairs(self._files(part), pairs, fingerprint=self._fingerprint)

    def _files(self, part: str) -> SplitFiles:
        return SplitFiles(self._data, part, self._recipe.languages)


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
