"""All pairs that a model learns from: the prepared ones, and those that models made from text."""

from __future__ import annotations

from transformer_cli.artifacts.run_directory import RunDirectory
from transformer_cli.config import Recipe
from transformer_cli.data.splits.files import TRAIN
from transformer_cli.data.splits.read import Corpus, joined, read_split


def read_training_pairs(run: RunDirectory, recipe: Recipe) -> Corpus:
    """Open the training pairs of a run; their texts stay on the disk.

    Pairs that models made have origins behind those of ``data.train``.

    Raises:
        DamagedFileError: They are missing or were changed.
    """
    distillation = recipe.distillation
    corpora = []
    if not distillation.teacher or distillation.use == "beside":
        corpora.append(read_split(run.data, TRAIN))
    if distillation.teacher:
        corpora.append(read_split(run.distilled, TRAIN))
    return joined(corpora)
