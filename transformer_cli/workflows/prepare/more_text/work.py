"""The texts that the models of a section translate, and how many of them they have not translated yet.

Nothing here needs torch.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import repeat
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from transformer_cli.artifacts.more_text.translation_store import TranslationStore
from transformer_cli.config import Recipe
from transformer_cli.data.cleaning.match_keys import hash_text
from transformer_cli.data.splits.files import TRAIN
from transformer_cli.data.splits.read import JoinedTexts, read_split, read_texts
from transformer_cli.workflows.locate.recipe import LocatedRecipe
from transformer_cli.workflows.prepare.more_text.plan import DISTILLATION, make_plans

_SOME = 200
"""Number of texts, spread over all, that are translated for an estimate; a larger one would start other processes."""


@dataclass(frozen=True, slots=True)
class Work:
    """Texts to translate.

    Args:
        texts: The texts; those of the data stay on the disk.
        references: What the translation of each text is to be like, "" where that is not known; or empty if it does
            not matter.
    """

    texts: Sequence[str]
    references: Sequence[str] = ()

    def __iter__(self) -> Iterator[tuple[str, str]]:
        return zip(self.texts, self.references or repeat(""), strict=False)

    def keys(self) -> NDArray[np.uint64]:
        """Return the hash of each text, by which its translation is found; a reference is part of it."""
        return np.fromiter((key_of(text, reference) for text, reference in self), np.uint64)


def key_of(text: str, reference: str) -> int:
    """Return the hash of a text and its reference; neither has a tab."""
    return hash_text(f"{text}\t{reference}" if reference else text)


def work_of(section: str, recipe: Recipe, data: Path) -> Work:
    """Return the texts that the models of a section translate.

    Args:
        section: The section of the recipe.
        recipe: The recipe.
        data: The prepared data.
    """
    if section != DISTILLATION:
        return Work(read_texts(data, "target"))
    pairs = read_split(data, TRAIN)
    further = [read_texts(data, "source")] if recipe.distillation.text else []
    texts = JoinedTexts([pairs.sources, *further])
    if recipe.distillation.choose == "score":
        return Work(texts)
    return Work(texts, JoinedTexts([pairs.targets, *([""] * len(each) for each in further)]))


def count_untranslated(located: LocatedRecipe, data: Path) -> dict[str, tuple[int, int, list[str]]]:
    """Return for each section the number of different texts to translate, how many of them have been, and some others.

    Args:
        located: The recipe and the run directory, which has the translations.
        data: The prepared data.
    """
    counts = {}
    for plan in make_plans(located):
        work = work_of(plan.section, located.recipe, data)
        wanted, first = np.unique(work.keys(), return_index=True)
        store = TranslationStore(plan.store)
        known = np.isin(wanted, store.keys() if store.is_of(plan.translators) else ())
        unknown = np.sort(first[~known])
        some = unknown[np.linspace(0, len(unknown), min(_SOME, len(unknown)), endpoint=False, dtype=np.int64)]
        counts[plan.section] = (len(wanted), int(known.sum()), [work.texts[i] for i in some.tolist()])
    return counts
