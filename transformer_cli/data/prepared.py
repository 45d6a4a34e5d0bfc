"""The prepared data of a run, read from a memory map; `split_writing` says what there is."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import overload

import datasets
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from transformer_cli.data.tokenizer import Tokenizer, TokenizerPair
from transformer_cli.errors import DamagedFileError
from transformer_cli.special_tokens import EOS_ID

_READ_AT_ONCE = 1000


class Texts(Sequence[str]):
    """The texts of a column, each read when it is asked for.

    Args:
        column: Of type string.
    """

    def __init__(self, column: pa.ChunkedArray) -> None:
        self._column = column

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
        for chunk in self._column.chunks:
            for first in range(0, len(chunk), _READ_AT_ONCE):
                yield from chunk.slice(first, _READ_AT_ONCE).to_pylist()


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
    return Corpus(Texts(table.column("source")), Texts(table.column("target")), origins)


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


@dataclass(frozen=True, slots=True)
class EncodedSide:
    """The token ids of one language, laid end to end; each sentence ends in eos.

    Args:
        ids: (number of tokens,) int32.
        offsets: (sentences + 1,) int64; sentence i is ``ids[offsets[i]:offsets[i + 1]]``.
    """

    ids: NDArray[np.int32]
    offsets: NDArray[np.int64]

    def __getitem__(self, index: int) -> NDArray[np.int32]:
        return self.ids[self.offsets[index] : self.offsets[index + 1]]

    @property
    def lengths(self) -> NDArray[np.int64]:
        """(sentences,) int64, tokens of each sentence, eos included."""
        return np.diff(self.offsets)


@dataclass(frozen=True, slots=True)
class EncodedCorpus:
    """A corpus as token ids, encoded once for all epochs."""

    source: EncodedSide
    target: EncodedSide

    def __len__(self) -> int:
        return len(self.source.offsets) - 1


def encode_corpus(corpus: Corpus, tokenizers: TokenizerPair) -> EncodedCorpus:
    """Turn both sides into token ids."""
    return EncodedCorpus(
        _encode_side(corpus.sources, tokenizers.source), _encode_side(corpus.targets, tokenizers.target)
    )


def _encode_side(sentences: Sequence[str], tokenizer: Tokenizer) -> EncodedSide:
    encoded = tokenizer.encode_all(sentences)
    offsets = np.zeros(len(encoded) + 1, dtype=np.int64)
    np.cumsum([len(ids) + 1 for ids in encoded], out=offsets[1:])
    flat = np.fromiter((i for ids in encoded for i in (*ids, EOS_ID)), dtype=np.int32, count=int(offsets[-1]))
    return EncodedSide(flat, offsets)
