"""Cleans a corpus in chunks, in as many processes as there are cores; the result does not depend on their number."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields
from itertools import chain, islice
from operator import attrgetter
from typing import Any

import numpy as np
import pyarrow as pa

from transformer_cli.cores import available_cores, has_linux
from transformer_cli.data.arrow_arrays import number_array, text_array
from transformer_cli.data.cleaning.match_keys import fold, hash_pair, hash_text
from transformer_cli.data.cleaning.near_twins import hashes_of_halves
from transformer_cli.data.cleaning.rules import NEIGHBOURS, CleaningReport, PairCleaner
from transformer_cli.data.corpora import SentencePair
from transformer_cli.text.normalization import normalize
from transformer_cli.worker_processes import WorkerProcesses

TEXTS = ("source", "target", "place")
_HASHES = ("pair", "source_key", "target_key", "first_half", "last_half")
SCHEMA = pa.schema([*((name, pa.string()) for name in TEXTS), *((name, pa.uint64()) for name in _HASHES)])
"""The columns of clean pairs: text, and the hashes of the pair, of its folded sentences and of the source's halves."""

PAIRS_AT_ONCE = NEIGHBOURS
"""The number of pairs in a chunk."""

# Pickled lists of the values of each field need a sixth of the time of pickled objects.
_FIELDS = [attrgetter(field.name) for field in fields(SentencePair)]
_Chunk = list[list[Any]]
_Row = tuple[str, str, str, int, int, int, int, int]


@dataclass(frozen=True, slots=True)
class CleanedChunk:
    """Neighbouring pairs of a corpus after cleaning.

    Args:
        clean: The clean pairs, with the columns of `SCHEMA`.
        dropped: A line for each dropped pair: rule, place, source and target, with tabs between them.
        report: The counts.
        mended: The number of clean pairs whose text each rule changed.
        foreign_letters: The number of times that each letter of another script occurs in clean sources, and targets.
    """

    clean: pa.RecordBatch
    dropped: str
    report: CleaningReport
    mended: Counter[str]
    foreign_letters: tuple[Counter[str], Counter[str]]


def clean_in_chunks(
    pairs: Iterable[SentencePair], cleaner: PairCleaner, *, cores: int | None = None
) -> Iterator[CleanedChunk]:
    """Clean a corpus; the chunks come in its order.

    Worker processes take part if there are several cores and more than one chunk. Each holds one chunk at a time.

    Args:
        pairs: The pairs of the corpus; they are read in this process.
        cleaner: Judges them.
        cores: The number of worker processes; None: that of the cores.

    Raises:
        TfmError: A worker was killed.
    """

    def clean(chunk: _Chunk) -> CleanedChunk:
        return _clean(list(map(SentencePair, *chunk)), cleaner)

    chunks = _chunks(pairs)
    first = list(islice(chunks, 2))
    cores = cores or available_cores()
    if len(first) < 2 or cores < 2 or not has_linux():
        yield from map(clean, chain(first, chunks))
        return
    workers = WorkerProcesses(
        clean, number=cores, work="cleaning", remedy="if the memory ran out, set OMP_NUM_THREADS=1 for a single process"
    )
    try:
        yield from workers.answers_in_order(chain(first, chunks))
    finally:
        workers.close()


def _chunks(pairs: Iterable[SentencePair]) -> Iterator[_Chunk]:
    remaining = iter(pairs)
    while chunk := list(islice(remaining, PAIRS_AT_ONCE)):
        yield [list(map(field, chunk)) for field in _FIELDS]


def _clean(pairs: list[SentencePair], cleaner: PairCleaner) -> CleanedChunk:
    rows: list[_Row] = []
    dropped: list[str] = []
    report = CleaningReport()
    mended: Counter[str] = Counter()
    cleaner.foreign_letters = (Counter(), Counter())
    for judgement in cleaner.judge(pairs):
        report.read += 1
        source, target = judgement.source, judgement.target
        if judgement.rule is not None:
            report.dropped[judgement.rule] = report.dropped.get(judgement.rule, 0) + 1
            dropped.append(f"{judgement.rule}\t{normalize(judgement.place)}\t{source}\t{target}\n")
            continue
        report.kept += 1
        if judgement.mended:
            mended.update(judgement.mended)
        folded = fold(source, numbers=cleaner.fold_numbers)
        target_key = hash_text(fold(target, numbers=cleaner.fold_numbers))
        hashes = hash_pair(source, target), hash_text(folded), target_key, *hashes_of_halves(cleaner.cut_source(folded))
        rows.append((source, target, judgement.place, *hashes))
    return CleanedChunk(_batch(rows), "".join(dropped), report, mended, cleaner.foreign_letters)


def _batch(rows: list[_Row]) -> pa.RecordBatch:
    columns = [list(column) for column in zip(*rows, strict=True)] or [[] for _ in SCHEMA]
    # A file name may hold bytes that are not UTF-8.
    columns[2] = [place.encode("utf-8", "backslashreplace").decode() for place in columns[2]]
    texts = [text_array(column) for column in columns[:3]]
    hashes = [number_array(np.array(column, dtype=np.uint64)) for column in columns[3:]]
    return pa.RecordBatch.from_arrays([*texts, *hashes], schema=SCHEMA)
