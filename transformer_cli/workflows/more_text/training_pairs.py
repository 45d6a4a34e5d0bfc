"""All pairs that a model learns from: the prepared ones, and those that models made from text."""

from __future__ import annotations

import logging

import numpy as np
from numpy.typing import NDArray

from transformer_cli.artifacts.run_directory import RunDirectory
from transformer_cli.config import Recipe
from transformer_cli.data.splits.files import TRAIN
from transformer_cli.data.splits.read import Corpus, joined, read_split
from transformer_cli.workflows.prepare.more_text.plan import BACK_TRANSLATION, DISTILLATION

logger = logging.getLogger(__name__)


def read_training_pairs(run: RunDirectory, recipe: Recipe) -> Corpus:
    """Open the training pairs of a run; their texts stay on the disk.

    Pairs that models made have origins behind those of ``data.train``: first distillation, then back-translation.

    Raises:
        DamagedFileError: They are missing or were changed.
    """
    distillation = recipe.distillation
    folders = []
    if not distillation.teacher or distillation.use == "beside":
        folders.append(run.data)
    if distillation.teacher:
        folders.append(run.made_pairs(DISTILLATION))
    if recipe.back_translation.text:
        folders.append(run.made_pairs(BACK_TRANSLATION))
    return joined([read_split(folder, TRAIN) for folder in folders])


def corpora_of_pairs(corpus: Corpus, recipe: Recipe) -> NDArray[np.int32]:
    """Return the number of the corpus in ``data.train`` of each pair, and -1 for pairs that models made."""
    origins = _origins(corpus)
    return np.where(origins < len(recipe.data.train), origins, -1)


def weights_of_pairs(corpus: Corpus, recipe: Recipe, unseen: NDArray[np.bool_] | None) -> NDArray[np.float64] | None:
    """Return the mean number of times that each pair is drawn in an epoch, or None if each is drawn once.

    Args:
        corpus: All pairs, as `read_training_pairs` gives them.
        recipe: The weights of the corpora, of new pairs, and the share of back-translated pairs.
        unseen: For each pair whether the starting version has not seen it; None if there is no such version.
    """
    of_origins = np.array([*(each.weight for each in recipe.data.train), 1.0, 1.0])
    origins = _origins(corpus)
    is_back_translated = origins == len(recipe.data.train) + 1
    if unseen is None and (of_origins == 1).all() and not is_back_translated.any():
        return None
    if recipe.distillation.teacher and (of_origins != 1).any():
        logger.warning("data.train: weights do not count for pairs with translations of a teacher")
    weights = of_origins[origins]
    if unseen is not None:
        weights *= np.where(unseen, recipe.retraining.new_weight, 1.0)
    total = weights[is_back_translated].sum()
    if total:
        share = recipe.back_translation.share
        most = share / (1 - share) * weights[~is_back_translated].sum()
        weights[is_back_translated] *= min(1.0, most / total)
    return weights


def _origins(corpus: Corpus) -> NDArray[np.int32]:
    return np.zeros(len(corpus), np.int32) if corpus.origins is None else corpus.origins
