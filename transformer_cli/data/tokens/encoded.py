"""A corpus as token ids: in memory, or in a file of the run directory that batches are read from.

With the file, a training on a million pairs needs no more memory than one on fifty thousand: only lengths and offsets
are in memory. The file is read, not mapped, because the used pages of a mapped file count as the process's memory.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from transformer_cli.data.splits.read import Corpus
from transformer_cli.data.tokens.tokenizer import Tokenizer, TokenizerPair
from transformer_cli.files.atomic import atomic_write
from transformer_cli.files.os_errors import explain_os_errors
from transformer_cli.special_tokens import EOS_ID


class EncodedSide(Protocol):
    """The token ids of one language; each sentence ends in eos."""

    @property
    def lengths(self) -> NDArray[np.int64]:
        """(sentences,) int64, the number of tokens of each sentence, eos included."""

    def __getitem__(self, index: int, /) -> NDArray[np.integer]:
        """Return the ids of sentence ``index``."""


@dataclass(frozen=True, slots=True)
class SideInMemory:
    """All sentences in one array, one after the other.

    Args:
        ids: (number of tokens,) integers.
        offsets: (sentences + 1,) int64; sentence i is ``ids[offsets[i]:offsets[i + 1]]``.
    """

    ids: NDArray[np.integer]
    offsets: NDArray[np.int64]

    def __getitem__(self, index: int) -> NDArray[np.integer]:
        return self.ids[self.offsets[index] : self.offsets[index + 1]]

    @property
    def lengths(self) -> NDArray[np.int64]:
        """(sentences,) int64, the number of tokens of each sentence, eos included."""
        return np.diff(self.offsets)


class SideOnDisk:
    """All sentences in one file, one after the other.

    Args:
        ids: The file.
        offsets: (sentences + 1,) int64, as in `SideInMemory`.
        dtype: The type of the ids.
    """

    def __init__(self, ids: Path, offsets: NDArray[np.int64], dtype: np.dtype[np.integer]) -> None:
        self._offsets = offsets
        self._dtype = dtype
        self._file = ids.open("rb", buffering=0)

    def __getitem__(self, index: int) -> NDArray[np.integer]:
        begin, end = self._offsets[index : index + 2].tolist()
        size = self._dtype.itemsize
        # One call that moves no shared file position, because several threads may read.
        return np.frombuffer(os.pread(self._file.fileno(), (end - begin) * size, begin * size), dtype=self._dtype)

    def __del__(self) -> None:
        self._file.close()

    @property
    def lengths(self) -> NDArray[np.int64]:
        """(sentences,) int64, the number of tokens of each sentence, eos included."""
        return np.diff(self._offsets)


@dataclass(frozen=True, slots=True)
class EncodedCorpus:
    """Both sides of a corpus, encoded once for all epochs."""

    source: EncodedSide
    target: EncodedSide

    def __len__(self) -> int:
        return len(self.source.lengths)

    def length_ratio(self, share: float) -> float:
        """Return the smallest ratio of target to source tokens, eos included, that covers ``share`` of the pairs."""
        return float(np.quantile(self.target.lengths / self.source.lengths, share, method="inverted_cdf"))


def encode_corpus(corpus: Corpus, tokenizers: TokenizerPair) -> EncodedCorpus:
    """Return both sides of a small corpus as token ids, in memory."""
    return in_memory(tokenizers.source.encode_all(corpus.sources), tokenizers.target.encode_all(corpus.targets))


def in_memory(sources: Sequence[Sequence[int]], targets: Sequence[Sequence[int]]) -> EncodedCorpus:
    """Return a corpus of the given token ids; eos is added."""

    def side(rows: Sequence[Sequence[int]]) -> SideInMemory:
        return SideInMemory(_flat(rows, np.dtype(np.int32)), _offsets([len(ids) + 1 for ids in rows]))

    return EncodedCorpus(side(sources), side(targets))


def encode_to_disk(
    folder: Path, corpus: Corpus, tokenizers: TokenizerPair, *, data_fingerprint: str, at_once: int = 10_000
) -> EncodedCorpus:
    """Return a corpus with its token ids in ``folder``; they are written there unless they exist already.

    Args:
        folder: The folder; its other files are removed when new ids are written.
        corpus: The corpus; each side is read at most once.
        tokenizers: The tokenizers of the two sides.
        data_fingerprint: The fingerprint of the corpus.
        at_once: The number of sentences in memory at the same time.

    Raises:
        TfmError: The files cannot be written.
    """
    made_from = hashlib.sha256(f"{data_fingerprint} {tokenizers.fingerprint}".encode()).hexdigest()[:16]
    columns = {"source": (corpus.sources, tokenizers.source), "target": (corpus.targets, tokenizers.target)}
    sides = {}
    for name, (sentences, tokenizer) in columns.items():
        # Ids are written first: if the offsets exist, the side is whole.
        ids, offsets = (folder / f"{made_from}.{name}.{kind}" for kind in ("ids", "offsets.npy"))
        dtype: np.dtype[np.integer] = np.dtype(np.uint16) if tokenizer.vocab_size <= 1 << 16 else np.dtype(np.int32)
        places = _read_offsets(offsets, ids, dtype, len(corpus))
        if places is None:
            places = _write_side(ids, offsets, _pieces(sentences, at_once), tokenizer, dtype)
        sides[name] = SideOnDisk(ids, places, dtype)
    _remove_all_but(folder, made_from)
    return EncodedCorpus(sides["source"], sides["target"])


def _read_offsets(path: Path, ids: Path, dtype: np.dtype[np.integer], sentences: int) -> NDArray[np.int64] | None:
    """Return the offsets of a side, or None if the side is not whole."""
    try:
        offsets: NDArray[np.int64] = np.load(path, allow_pickle=False)
        is_whole = len(offsets) == sentences + 1 and ids.stat().st_size == int(offsets[-1]) * dtype.itemsize
    except (OSError, ValueError, EOFError):
        return None
    return offsets if is_whole else None


def _write_side(
    ids: Path,
    offsets: Path,
    pieces: Iterable[Sequence[str]],
    tokenizer: Tokenizer,
    dtype: np.dtype[np.integer],
) -> NDArray[np.int64]:
    lengths: list[NDArray[np.int32]] = []
    with explain_os_errors(ids):
        ids.parent.mkdir(parents=True, exist_ok=True)
        with atomic_write(ids) as out:
            for piece in pieces:
                rows = tokenizer.encode_all(piece)
                lengths.append(np.array([len(row) + 1 for row in rows], dtype=np.int32))
                out.write(_flat(rows, dtype).tobytes())
        places = _offsets(np.concatenate(lengths) if lengths else [])
        with atomic_write(offsets) as out:
            np.save(out, places, allow_pickle=False)
    return places


def _pieces(sentences: Iterable[str], size: int) -> Iterator[list[str]]:
    remaining = iter(sentences)
    while piece := list(islice(remaining, size)):
        yield piece


def _flat(rows: Sequence[Sequence[int]], dtype: np.dtype[np.integer]) -> NDArray[np.integer]:
    tokens: Iterator[int] = chain.from_iterable((*row, EOS_ID) for row in rows)
    return np.fromiter(tokens, dtype=dtype)


def _offsets(lengths: Sequence[int] | NDArray[np.int32]) -> NDArray[np.int64]:
    return np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(lengths, dtype=np.int64)])


def _remove_all_but(folder: Path, made_from: str) -> None:
    with explain_os_errors(folder):
        for path in folder.glob("*.*"):
            if not path.name.startswith((made_from, f".{made_from}")):
                path.unlink(missing_ok=True)
