"""The prepared data of a run, read from a memory map; `split_writing` says what there is."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import overload

import datasets
import numpy as np
import pyarrow as pa
import pyarrow.ipc
from numpy.typing import NDArray

from transformer_cli.errors import DamagedFileError

_READ_AT_ONCE = 1000


class Texts(Sequence[str]):
    """The texts of a column, each read when it is asked for.

    Args:
        table: The split.
        name: Of the column, which is of type string.
        files: What the split consists of, in its order.
    """

    def __init__(self, table: pa.Table, name: str, files: Sequence[Path]) -> None:
        self._column = table.column(name)
        self._name = name
        self._files = files

    def __len__(self) -> int:
        return len(self._column)

    @overload
    def __getitem__(self, index: int) -> str: ...
    @overload
    def __getitem__(self, index: slice) -> list[str]: ...
    def __getitem__(self, index: int | slice) -> str | list[str]:
        found: str | list[str]
        if isinstance(index, slice):
            start, stop, step = index.indices(len(self))
            found = self._column.take(pa.array(range(start, stop, step), pa.int64())).to_pylist()
        else:
            found = self._column[index].as_py()
        return found

    def __iter__(self) -> Iterator[str]:
        # Not by way of the memory map: every page of it that was touched would count as memory of the process.
        for path in self._files:
            with pa.OSFile(str(path)) as file, pyarrow.ipc.open_stream(file) as batches:
                for batch in batches:
                    for first in range(0, len(batch), _READ_AT_ONCE):
                        yield from batch.column(self._name).slice(first, _READ_AT_ONCE).to_pylist()


@dataclass(frozen=True, slots=True)
class Corpus:
    """Aligned sentences of one split.

    Args:
        sources: Normalised sentences, those of training with the tag of their corpus.
        targets: Their translations, as many.
        origins: For training: (pairs,) int32, the place of each pair's corpus in ``data.train``.
    """

    sources: Sequence[str]
    targets: Sequence[str]
    origins: NDArray[np.int32] | None = None

    def __len__(self) -> int:
        return len(self.sources)


def read_split(folder: Path, split: str) -> Corpus:
    """Open one split; its texts stay on the disk until they are asked for.

    Raises:
        DamagedFileError: It is not there, or not as it was written.
    """
    table = _load_split(folder, split).data
    origins = table.column("corpus").to_numpy() if "corpus" in table.column_names else None
    files = sorted((folder / split).glob("data-*.arrow"))
    return Corpus(Texts(table, "source", files), Texts(table, "target", files), origins)


def _load_split(folder: Path, split: str) -> datasets.Dataset:
    try:
        table = datasets.load_from_disk(str(folder / split))
        missing = {"source", "target"} - set(table.column_names)
        if missing:
            raise KeyError(f"no column {missing.pop()}")
        return table
    except (FileNotFoundError, KeyError, ValueError, OSError) as error:
        reason = str(error).splitlines()[0]
        raise DamagedFileError(f"{folder / split} cannot be read ({reason}); run `tfm prepare` again") from None


@dataclass(frozen=True, slots=True)
class SampledColumn:
    """Sentences of one side of a split, evenly spread over it; read from the disk anew each time they are gone through.

    Args:
        table: The split.
        column: "source" or "target".
        at_most: How many; all if there are no more.
    """

    table: datasets.Dataset
    column: str
    at_most: int

    def __len__(self) -> int:
        return min(self.at_most, len(self.table))

    def __iter__(self) -> Iterator[str]:
        column = self.table.select_columns([self.column])
        for first in range(0, len(self), _READ_AT_ONCE):
            numbers = range(first, min(first + _READ_AT_ONCE, len(self)))
            yield from column[[number * len(self.table) // len(self) for number in numbers]][self.column]


def sample_split(folder: Path, split: str, at_most: int) -> tuple[SampledColumn, SampledColumn]:
    """Return source and target of ``at_most`` pairs of one split, always the same ones.

    Raises:
        DamagedFileError: It is not there, or not as it was written.
    """
    table = _load_split(folder, split)
    return SampledColumn(table, "source", at_most), SampledColumn(table, "target", at_most)
