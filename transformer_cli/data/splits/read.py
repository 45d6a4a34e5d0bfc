"""Reads a split of the prepared data; its texts stay on the disk, in a memory map."""

from __future__ import annotations

from abc import ABC, abstractmethod
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import accumulate, chain
from pathlib import Path
from typing import overload

import numpy as np
import pyarrow as pa
import pyarrow.ipc
from numpy.typing import NDArray

from transformer_cli.data.arrow_arrays import number_array, numbers_of
from transformer_cli.data.splits.files import TEXTS, arrow_file, content_of
from transformer_cli.errors import DamagedFileError

_READ_AT_ONCE = 1000


class Texts(Sequence[str]):
    """The texts of a column; each is read when it is accessed.

    Args:
        column: The column, mapped into memory.
        name: Its name.
        file: The Arrow file that it lies in.
    """

    def __init__(self, column: pa.ChunkedArray, name: str, file: Path) -> None:
        self._column = column
        self._name = name
        self._file = file

    def __len__(self) -> int:
        return len(self._column)

    @overload
    def __getitem__(self, index: int) -> str: ...
    @overload
    def __getitem__(self, index: slice) -> list[str]: ...
    def __getitem__(self, index: int | slice) -> str | list[str]:
        texts: str | list[str]
        with _explain_damage(self._file):
            if isinstance(index, slice):
                start, stop, step = index.indices(len(self))
                texts = self._column.take(number_array(np.arange(start, stop, step))).to_pylist()
            else:
                texts = self._column[index].as_py()
        return texts

    def __iter__(self) -> Iterator[str]:
        for part in self._parts():
            for first in range(0, len(part), _READ_AT_ONCE):
                yield from part.slice(first, _READ_AT_ONCE).to_pylist()

    def read_at(self, places: NDArray[np.int64]) -> Iterator[str]:
        """Yield the texts of these indices, which rise; like an iteration, this leaves no pages in memory."""
        first = 0
        for part in self._parts():
            begin, end = np.searchsorted(places, [first, first + len(part)])
            yield from part.take(number_array(places[begin:end] - first)).to_pylist()
            first += len(part)

    def _parts(self) -> Iterator[pa.StringArray]:
        # Not read through the memory map, because its used pages would count as memory of the process.
        with (
            _explain_damage(self._file),
            pa.OSFile(str(self._file)) as file,
            pyarrow.ipc.open_stream(file) as batches,
        ):
            for batch in batches:
                part = batch.column(self._name)
                part.validate(full=True)  # places that are damaged would end the process
                yield part


@dataclass(frozen=True, slots=True)
class Corpus:
    """Aligned sentences of one split.

    Args:
        sources: Normalised sentences; training sentences have the tag of their corpus.
        targets: One translation for each source.
        origins: For training: (pairs,) int32, the index of each pair's corpus in ``data.train``.
        content: The checksum of the pairs, if it was written with them.
    """

    sources: Sequence[str]
    targets: Sequence[str]
    origins: NDArray[np.int32] | None = None
    content: str | None = None

    def __len__(self) -> int:
        return len(self.sources)


class TextSequence(Sequence[str], ABC):
    """Texts that are computed when they are accessed; a slice is a list of them."""

    __slots__ = ()

    @overload
    def __getitem__(self, index: int) -> str: ...
    @overload
    def __getitem__(self, index: slice) -> list[str]: ...
    def __getitem__(self, index: int | slice) -> str | list[str]:
        place = range(len(self))[index]
        return self._text(place) if isinstance(place, int) else list(map(self._text, place))

    @abstractmethod
    def _text(self, place: int) -> str:
        """Return the text at ``place``, counted from 0."""


class JoinedTexts(TextSequence):
    """The texts of several sequences, one after the other.

    Args:
        parts: The sequences.
    """

    def __init__(self, parts: Sequence[Sequence[str]]) -> None:
        self._parts = parts
        self._ends = list(accumulate(map(len, parts)))

    def __len__(self) -> int:
        return self._ends[-1]

    def _text(self, place: int) -> str:
        part = bisect_right(self._ends, place)
        return self._parts[part][place - self._ends[part] + len(self._parts[part])]

    def __iter__(self) -> Iterator[str]:
        return chain.from_iterable(self._parts)


class RewrittenTexts(TextSequence):
    """One side of a corpus whose pairs are changed when they are read.

    Args:
        corpus: The corpus; it stays as it is.
        side: 0 for the sources, 1 for the targets.
        rewrite: Returns a changed pair for a source and its target, always the same.
    """

    def __init__(self, corpus: Corpus, side: int, rewrite: Callable[[str, str], tuple[str, str]]) -> None:
        self._corpus = corpus
        self._side = side
        self._rewrite = rewrite

    def __len__(self) -> int:
        return len(self._corpus)

    def _text(self, place: int) -> str:
        return self._rewrite(self._corpus.sources[place], self._corpus.targets[place])[self._side]

    def __iter__(self) -> Iterator[str]:
        pairs = map(self._rewrite, self._corpus.sources, self._corpus.targets)
        return (pair[self._side] for pair in pairs)


def rewritten(corpus: Corpus, rewrite: Callable[[str, str], tuple[str, str]]) -> Corpus:
    """Return a corpus whose pairs are changed when they are read; see `RewrittenTexts`."""
    sources, targets = (RewrittenTexts(corpus, side, rewrite) for side in (0, 1))
    return Corpus(sources, targets, corpus.origins)


def joined(corpora: Sequence[Corpus]) -> Corpus:
    """Return the pairs of several corpora, one after the other; all must have origins."""
    if len(corpora) == 1:
        return corpora[0]
    origins = [corpus.origins for corpus in corpora if corpus.origins is not None]
    contents = [corpus.content for corpus in corpora if corpus.content is not None]
    return Corpus(
        JoinedTexts([corpus.sources for corpus in corpora]),
        JoinedTexts([corpus.targets for corpus in corpora]),
        np.concatenate(origins),
        " ".join(contents) if len(contents) == len(corpora) else None,
    )


def read_split(data: Path, split: str) -> Corpus:
    """Open one split of the prepared data; its texts stay on the disk until they are accessed.

    Raises:
        DamagedFileError: It is missing or was changed.
    """
    table, file = _open(data, split, ["source", "target"])
    origins = numbers_of(table.column("corpus")) if "corpus" in table.column_names else None
    sources, targets = (Texts(table.column(name), name, file) for name in ("source", "target"))
    return Corpus(sources, targets, origins, content_of(data, split))


def read_texts(data: Path, side: str) -> Texts:
    """Open the text of the language of one side of a pair; its sentences stay on the disk until they are accessed.

    Raises:
        DamagedFileError: It is missing or was changed.
    """
    table, file = _open(data, TEXTS[side], [side])
    return Texts(table.column(side), side, file)


def _open(data: Path, split: str, columns: list[str]) -> tuple[pa.Table, Path]:
    file = arrow_file(data, split)
    with _explain_damage(file):
        table = pyarrow.ipc.open_stream(pa.memory_map(str(file))).read_all()
        table.select(columns)
    return table, file


@contextmanager
def _explain_damage(file: Path) -> Iterator[None]:
    """Turn what is raised about a damaged Arrow file into one line with a way out.

    Raises:
        DamagedFileError: The body raised an error of the system, of Arrow or of UTF-8.
    """
    try:
        yield
    except (OSError, KeyError, ValueError) as error:  # Arrow's own and that of UTF-8 are ValueErrors
        reason = str(error).splitlines()[0]
        raise DamagedFileError(
            f"{file.parent} cannot be read ({reason}); delete it and run `tfm train`, which makes it again"
        ) from None


@dataclass(frozen=True, slots=True)
class SampledTexts(TextSequence):
    """An evenly spread sample of texts; each iteration reads it from the disk again.

    Args:
        texts: All texts.
        at_most: The most texts to take; fewer texts are all taken.
    """

    texts: Texts
    at_most: int

    def __len__(self) -> int:
        return min(self.at_most, len(self.texts))

    def _text(self, place: int) -> str:
        return self.texts[place * len(self.texts) // len(self)]

    def __iter__(self) -> Iterator[str]:
        return self.texts.read_at(np.arange(len(self)) * len(self.texts) // max(1, len(self)))


def sample_split(data: Path, split: str, at_most: int) -> tuple[SampledTexts, SampledTexts]:
    """Return sources and targets of ``at_most`` pairs of one split, always the same ones.

    Raises:
        DamagedFileError: It is missing or was changed.
    """
    table, file = _open(data, split, ["source", "target"])
    sources, targets = (Texts(table.column(name), name, file) for name in ("source", "target"))
    return SampledTexts(sources, at_most), SampledTexts(targets, at_most)
