"""Validation and test sets with their own files, not held out of the training corpora."""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from transformer_cli.config import NamedCorpus
from transformer_cli.data.cleaning.match_keys import fold, hash_text
from transformer_cli.data.cleaning.selection import HeldOutKeys, held_out_keys
from transformer_cli.data.corpora import read_corpus
from transformer_cli.data.corpora.tags import CorpusTags
from transformer_cli.data.sides.check import check_sides
from transformer_cli.data.splits.files import SplitFiles
from transformer_cli.data.splits.write import write_pairs
from transformer_cli.errors import DataError
from transformer_cli.text.normalization import normalize
from transformer_cli.workflows.locate.recipe import LocatedRecipe


@dataclass(frozen=True, slots=True)
class SeparateSet:
    """A validation or test set with its own files.

    Args:
        count: The number of pairs in the set.
        keys: The sentences of the set.
    """

    count: int
    keys: HeldOutKeys


def write_separate_sets(data: Path, located: LocatedRecipe, *, fingerprint: str) -> dict[str, SeparateSet]:
    """Write the sets with their own files; pairs with an empty side or a fault are dropped.

    Args:
        data: The folder of all splits.
        located: The recipe and the folder of its files.
        fingerprint: The fingerprint of the prepared data.

    Raises:
        DataError: A set cannot be used or is empty.
    """
    recipe = located.recipe
    named = {"valid": recipe.data.valid, "test": recipe.data.test, **recipe.data.named_tests()}
    sets = {}
    for part, corpus in named.items():
        if isinstance(corpus, NamedCorpus):
            hashes = array("Q"), array("Q")
            pairs = _read_set(located, corpus, part, hashes)
            count = write_pairs(SplitFiles(data, part, recipe.languages), pairs, fingerprint=fingerprint)
            if not count:
                key = part.replace("test-", "tests.", 1)
                raise DataError(f"data.{key}: {corpus} holds no sentence pairs")
            sets[part] = SeparateSet(count, held_out_keys(*(np.frombuffer(side, np.uint64) for side in hashes)))
    return sets


def _read_set(
    located: LocatedRecipe, corpus: NamedCorpus, part: str, hashes: tuple[array[int], array[int]]
) -> Iterator[tuple[str, str]]:
    recipe, folder = located.recipe, located.folder / located.recipe.data.folder
    tags = CorpusTags(recipe)
    pairs = read_corpus(corpus, recipe.languages, folder, part=part if part == "valid" else "test")
    for pair in check_sides(pairs, corpus, recipe.languages) if recipe.data.check_sides else pairs:
        sides = normalize(pair.source), normalize(pair.target)
        if all(sides) and pair.fault is None:
            # Training corpora are compared before they get their tags.
            for side, side_hashes in zip((tags.without(sides[0]), sides[1]), hashes, strict=True):
                side_hashes.append(hash_text(fold(side, numbers=recipe.cleaning.fold_numbers)))
            yield sides
