"""Counts the sentences of validation and test sets that have a near twin among the training sources."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import chain
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from transformer_cli.artifacts.preparation_report import NearTwinCount
from transformer_cli.config import Recipe
from transformer_cli.data.arrow_arrays import numbers_of
from transformer_cli.data.cleaning.cache import CleanedCorpus
from transformer_cli.data.cleaning.match_keys import fold
from transformer_cli.data.cleaning.near_twins import NearTwins, word_cutter
from transformer_cli.data.cleaning.selection import KEPT, is_among
from transformer_cli.data.splits.read import sample_split
from transformer_cli.text.normalization import normalize

_MOST_SENTENCES = 1000


def count_near_twins(
    data: Path, recipe: Recipe, corpora: Sequence[CleanedCorpus], fates: NDArray[np.uint8]
) -> dict[str, NearTwinCount]:
    """Return the counts for each set; of a large set an evenly spread sample is compared.

    Args:
        data: The folder of the prepared data.
        recipe: Names the sets.
        corpora: The corpora of ``data.train``.
        fates: The fate of each of their clean pairs.
    """
    parts = ["valid", *(["test"] if recipe.data.test is not None else []), *recipe.data.named_tests()]
    sets = {part: NearTwins(_sentences(data, part, recipe), recipe.languages.source) for part in parts}
    _compare(sets, recipe, corpora, fates)
    return {part: NearTwinCount(len(near_twins), near_twins.found) for part, near_twins in sets.items()}


def _sentences(data: Path, part: str, recipe: Recipe) -> list[list[str]]:
    sources, _ = sample_split(data, part, _MOST_SENTENCES)
    tags = [f"{normalize(corpus.tag)} " for corpus in recipe.data.train if corpus.tag is not None]
    without = (next((text[len(tag) :] for tag in tags if text.startswith(tag)), text) for text in sources)
    cut = word_cutter(recipe.languages.source)
    return [cut(fold(text, numbers=recipe.cleaning.fold_numbers)) for text in without]


def _compare(
    sets: Mapping[str, NearTwins], recipe: Recipe, corpora: Sequence[CleanedCorpus], fates: NDArray[np.uint8]
) -> None:
    hashes = np.unique(np.fromiter(chain.from_iterable(each.hashes() for each in sets.values()), np.uint64))
    cut = word_cutter(recipe.languages.source)
    first = 0
    for corpus in corpora:
        for batch in corpus.halves():
            kept = fates[first : first + len(batch)] == KEPT
            first += len(batch)
            halves = (numbers_of(batch.column(name)) for name in ("first_half", "last_half"))
            alike = [is_among(values, hashes) for values in halves]
            for row in np.flatnonzero(kept & (alike[0] | alike[1])).tolist():
                words = cut(fold(batch.column("source")[row].as_py(), numbers=recipe.cleaning.fold_numbers))
                for near_twins in sets.values():
                    near_twins.compare(words)
