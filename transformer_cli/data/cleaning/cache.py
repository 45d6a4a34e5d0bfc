"""A cache of cleaned corpora: the clean pairs of one corpus on disk, with their hashes, until the corpus changes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from transformer_cli.data.arrow_arrays import numbers_of
from transformer_cli.data.cleaning.chunks import SCHEMA, TEXTS, CleanedChunk, clean_in_chunks
from transformer_cli.data.cleaning.rules import CleaningReport, PairCleaner
from transformer_cli.data.corpora import SentencePair
from transformer_cli.files.atomic import atomic_folder
from transformer_cli.files.checksum import checksum_of_file
from transformer_cli.files.record import Record

_PAIRS = "pairs.arrow"
_DROPPED = "dropped.tsv"
_REPORT = "report.json"


@dataclass(frozen=True, slots=True)
class CleanedCorpus:
    """The clean pairs of one corpus.

    Args:
        folder: The folder that holds them.
        read: The number of pairs in the corpus.
        kept: The number of clean pairs.
        dropped: The number of dropped pairs for each rule; a pair counts for the first rule it breaks.
        mended: The number of clean pairs whose text each rule changed.
        foreign_letters: The number of times that each letter of another script occurs in clean sources, and targets.
    """

    folder: Path
    read: int
    kept: int
    dropped: dict[str, int]
    mended: dict[str, int]
    foreign_letters: tuple[dict[str, int], dict[str, int]]

    def hashes(self, name: str) -> NDArray[np.uint64]:
        """Return (kept,) uint64 hashes: ``pair``, or ``source_key`` and ``target_key`` for the folded sentences."""
        parts = [numbers_of(batch.column(0)) for batch in self._read([SCHEMA.get_field_index(name)])]
        return np.concatenate([np.empty(0, np.uint64), *parts])

    def batches(self) -> Iterator[pa.RecordBatch]:
        """Yield the pairs, some thousands at a time, with the columns source, target and place."""
        return self._read([SCHEMA.get_field_index(name) for name in TEXTS])

    def halves(self) -> Iterator[pa.RecordBatch]:
        """Yield the sources, with the hashes of their halves in the columns ``first_half`` and ``last_half``."""
        return self._read([SCHEMA.get_field_index(name) for name in ("source", "first_half", "last_half")])

    def dropped_lines(self) -> Iterator[str]:
        """Yield a line for each dropped pair: rule, place, source and target, with tabs between them."""
        with (self.folder / _DROPPED).open(encoding="utf-8", newline="\n") as file:
            yield from file

    def _read(self, columns: list[int]) -> Iterator[pa.RecordBatch]:
        # Not memory-mapped, because pages that were read stay in the process' memory.
        with pa.OSFile(str(self.folder / _PAIRS)) as file:
            reader = pa.ipc.open_file(file, options=pa.ipc.IpcReadOptions(included_fields=columns))
            for index in range(reader.num_record_batches):
                yield reader.get_batch(index)


class _Description(Record):
    """``report.json``: the counts, and the checksums of the other files."""

    read: int
    kept: int
    dropped: dict[str, int]
    mended: dict[str, int]
    foreign_letters: tuple[dict[str, int], dict[str, int]]
    checksums: dict[str, str]


def open_cleaned(folder: Path) -> CleanedCorpus | None:
    """Return the corpus that `write_cleaned` wrote to ``folder``, or None if not all of it is there as it was."""
    report = _Description.read_from(folder / _REPORT)
    try:
        return _cleaned(folder, report) if report and report.checksums == _checksums(folder) else None
    except OSError:
        return None


def write_cleaned(folder: Path, pairs: Iterable[SentencePair], cleaner: PairCleaner) -> CleanedCorpus:
    """Write the clean pairs, and the others with the rule that they break; the folder appears whole or not at all.

    Args:
        folder: The folder to make; an existing one is not whole and is removed.
        pairs: The pairs of the corpus.
        cleaner: Judges the pairs.
    """
    with atomic_folder(folder) as beside:
        description = _write(beside, clean_in_chunks(pairs, cleaner))
        description.write_to(beside / _REPORT)
    return _cleaned(folder, description)


def _checksums(folder: Path) -> dict[str, str]:
    return {name: checksum_of_file(folder / name) for name in (_PAIRS, _DROPPED)}


def _cleaned(folder: Path, report: _Description) -> CleanedCorpus:
    return CleanedCorpus(folder, report.read, report.kept, report.dropped, report.mended, report.foreign_letters)


def _write(folder: Path, chunks: Iterable[CleanedChunk]) -> _Description:
    """Write the chunks; return what describes them."""
    report = CleaningReport()
    mended: Counter[str] = Counter()
    letters: tuple[Counter[str], Counter[str]] = (Counter(), Counter())
    options = pa.ipc.IpcWriteOptions(compression="lz4")
    with (
        (folder / _PAIRS).open("wb") as pairs_file,
        (folder / _DROPPED).open("w", encoding="utf-8", errors="backslashreplace", newline="\n") as dropped_file,
        pa.ipc.new_file(pairs_file, SCHEMA, options=options) as writer,
    ):
        for chunk in chunks:
            if chunk.report.kept:
                writer.write_batch(chunk.clean)
            dropped_file.write(chunk.dropped)
            report += chunk.report
            mended.update(chunk.mended)
            for counter, more in zip(letters, chunk.foreign_letters, strict=True):
                counter.update(more)
    return _Description(
        read=report.read,
        kept=report.kept,
        dropped=report.dropped,
        mended=dict(mended),
        foreign_letters=(dict(letters[0].most_common()), dict(letters[1].most_common())),
        checksums=_checksums(folder),
    )
