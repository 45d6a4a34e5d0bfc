"""The prepared data of a run: `datasets` folders with the columns ``source`` and ``target``, and plain text beside."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import datasets
import numpy as np
from numpy.typing import NDArray

from transformer_cli.config import LanguagesConfig
from transformer_cli.data.progress_bars import without_progress_bars
from transformer_cli.data.tokenizer import Tokenizer, TokenizerPair
from transformer_cli.errors import DamagedFileError
from transformer_cli.special_tokens import EOS_ID
from transformer_cli.textio import TEMPORARY_SUFFIX, explain_os_errors

_READ_AT_ONCE = 1000


@dataclass(frozen=True, slots=True)
class Corpus:
    """Aligned sentences of one split.

    Args:
        sources: Normalised sentences.
        targets: Their translations, as many.
    """

    sources: Sequence[str]
    targets: Sequence[str]

    def __len__(self) -> int:
        return len(self.sources)


def write_prepared(folder: Path, splits: Mapping[str, Iterable[tuple[str, str]]], languages: LanguagesConfig) -> None:
    """Write all splits below ``folder``; an older folder stays until the new one is whole.

    For all but ``train`` the two sides are written as plain text as well (``test.fr``, ``test.en``), for the shell.

    Args:
        folder: The ``data`` folder of the run.
        splits: (source, target) pairs of ``train``, ``valid``, ``test`` and each ``test-NAME``.
        languages: Name the plain text files.
    """
    beside = folder.with_name(folder.name + TEMPORARY_SUFFIX)
    with explain_os_errors(folder):
        shutil.rmtree(beside, ignore_errors=True)
        beside.mkdir(parents=True)
        try:
            for split, pairs in splits.items():
                _write_split(beside, split, *_unzip(pairs), languages)
            if folder.exists():
                shutil.rmtree(folder)
            beside.rename(folder)
        finally:
            shutil.rmtree(beside, ignore_errors=True)


def _write_split(folder: Path, split: str, sources: list[str], targets: list[str], languages: LanguagesConfig) -> None:
    table = datasets.Dataset.from_dict({"source": sources, "target": targets})
    with without_progress_bars():
        table.save_to_disk(folder / split)
    if split != "train":
        for code, lines in ((languages.source, sources), (languages.target, targets)):
            (folder / f"{split}.{code}").write_bytes("".join(f"{line}\n" for line in lines).encode())


def read_split(folder: Path, split: str) -> Corpus:
    """Read one split back.

    Raises:
        DamagedFileError: It is not there, or not as it was written.
    """
    table = _load_split(folder, split)
    return Corpus(list(table["source"]), list(table["target"]))


def _load_split(folder: Path, split: str) -> datasets.Dataset:
    try:
        table = datasets.load_from_disk(str(folder / split))
        return table.select_columns(["source", "target"])
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


def _unzip(pairs: Iterable[tuple[str, str]]) -> tuple[list[str], list[str]]:
    sources, targets = [], []
    for source, target in pairs:
        sources.append(source)
        targets.append(target)
    return sources, targets


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
