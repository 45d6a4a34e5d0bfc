"""Divides the clean pairs of all corpora into training, validation and test set, and reports on it."""

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
from transformer_cli.data.arrow_arrays import number_array, numbers_of
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
    unrelated: NDArray[np.bool_] | None = None,
) -> Selection:
    """Decide the fate of each clean pair.

    Args:
        corpora: The corpora of ``data.train``.
        recipe: The rules, and the number of pairs to hold out.
        separate: The sets with their own files.
        earlier: The pairs that were held out before.
        unrelated: For each clean pair whether its sides mean different things, if that is known.

    Raises:
        DataError: There are fewer pairs than the recipe wants to hold out, or none is left for training.
    """
    sizes = {part: size for part in ("valid", "test") if isinstance(size := getattr(recipe.data, part), int)}
    keys = {part: pairs.keys for part, pairs in separate.items()}
    try:
        selection = select(corpora, recipe.cleaning, separate=keys, sizes=sizes, earlier=earlier, unrelated=unrelated)
    except TooFewPairsError as error:
        total = sum(count_fates(corpora, recipe, error.selection).values(), CleaningReport())
        raise (too_few(recipe, total, error.usable, sizes) if error.usable else nothing_left(recipe, total)) from None
    if not (selection.fates == KEPT).any():
        raise nothing_left(recipe, sum(count_fates(corpora, recipe, selection).values(), CleaningReport()))
    return selection


def count_fates(corpora: Sequence[CleanedCorpus], recipe: Recipe, selection: Selection) -> dict[str, CleaningReport]:
    """Count the pairs of each corpus that were read, kept and dropped.

    Args:
        corpora: The corpora of ``data.train``.
        recipe: Names the corpora.
        selection: The fate of their clean pairs.

    Returns:
        The counts by the name of the corpus; if a recipe names a corpus twice, the second name gets a number.
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
    """Writes the splits, and the examples, lengths and letters of the report.

    Args:
        data: The folder of all splits.
        recipe: The languages, and the tags of the corpora.
        fingerprint: The fingerprint of the prepared data.
        report: Receives examples, lengths and letters.
        rejected: Receives a line for each dropped pair, or None if these lines are not wanted.
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
        """Write ``train`` and the sets held out of it."""
        lengths = {side: np.zeros(len(LENGTH_EDGES) + 1, np.int64) for side in ("source", "target")}
        held_out = np.sort(np.concatenate([np.empty(0, np.int64), *selection.held_out.values()]))
        first = 0
        with split_writer(self._files(TRAIN), fingerprint=self._fingerprint) as write:
            for number, (corpus, config) in enumerate(zip(corpora, self._recipe.data.train, strict=True)):
                self._take_dropped(corpus)
                for batch in corpus.batches():
                    fates = selection.fates[first : first + len(batch)]
                    kept = batch.take(number_array(np.flatnonzero(fates == KEPT)))
                    write(_training_batch(kept, config, number))
                    for side, counts in lengths.items():
                        counts += _length_classes(kept.column(side))
                    self._take_selected_against(batch, fates)
                    begin, end = np.searchsorted(held_out, [first, first + len(batch)])
                    self._take_held_out(batch, config, held_out[begin:end], first)
                    first += len(batch)
        self._report.lengths = {side: counts.tolist() for side, counts in lengths.items()}
        for part, indices in selection.held_out.items():
            pairs = (self._held_out[index] for index in indices.tolist())
            write_pairs(self._files(part), pairs, fingerprint=self._fingerprint)

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
        if self._rejected is None:  # then only a few pairs are needed, as examples
            some = [np.flatnonzero(fates == fate)[:_MAX_SHOWN] for fate, _ in enumerate(SELECTION_RULES, start=1)]
            rows = np.concatenate(some)
        for row in rows.tolist():
            rule = SELECTION_RULES[fates[row] - 1]
            source, target, place = (batch.column(name)[row].as_py() for name in ("source", "target", "place"))
            self._report.add_example(rule, place, source, target)
            if self._rejected is not None:
                self._rejected.write(f"{rule}\t{normalize(place)}\t{source}\t{target}\n".encode())

    def _take_held_out(
        self, batch: pa.RecordBatch, config: CorpusConfig, indices: NDArray[np.int64], first: int
    ) -> None:
        for index in indices.tolist():
            source, target = (batch.column(side)[index - first].as_py() for side in ("source", "target"))
            self._held_out[index] = (_tagged(source, config.tag), target)

    def _files(self, part: str) -> SplitFiles:
        return SplitFiles(self._data, part, self._recipe.languages)


def _tagged(source: str, tag: str | None) -> str:
    return source if tag is None else f"{normalize(tag)} {source}"


def _training_batch(pairs: pa.RecordBatch, config: CorpusConfig, number: int) -> pa.RecordBatch:
    sources = pairs.column("source")
    if config.tag is not None:
        sources = pc.binary_join_element_wise(_tagged("", config.tag), sources, "")
    origin = number_array(np.full(len(pairs), number, np.int32))
    return pa.record_batch({"source": sources, "target": pairs.column("target"), "corpus": origin})


def _length_classes(texts: pa.Array) -> NDArray[np.int64]:
    lengths = numbers_of(pc.utf8_length(texts))
    classes = np.searchsorted(LENGTH_EDGES, lengths)
    return np.bincount(classes, minlength=len(LENGTH_EDGES) + 1)
