"""The run of the reverse model, which is trained on the same pairs with their sides exchanged."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from pathlib import Path

from transformer_cli.artifacts.model_manifest import ModelManifest, missing_file
from transformer_cli.artifacts.run_directory import RunDirectory
from transformer_cli.config import BackTranslationConfig, CorpusConfig, DataConfig, DistillationConfig, Recipe
from transformer_cli.data.corpora.tags import CorpusTags
from transformer_cli.data.splits.files import TRAIN
from transformer_cli.data.splits.read import read_split
from transformer_cli.files.atomic import atomic_folder
from transformer_cli.workflows.locate.recipe import LocatedRecipe

logger = logging.getLogger(__name__)

_GROWTH = 1.5
"""How many times more pairs there must be than the reverse model was trained on for it to be trained again."""

_SETS = (TRAIN, "valid", "test")
_MADE_FROM = "made-from"


def ensure_reverse(located: LocatedRecipe, data: str, train_run: Callable[[LocatedRecipe], object]) -> None:
    """Train the reverse model if none can be used, or if there are many more pairs than it was trained on.

    Args:
        located: The recipe and the run directory, which has the prepared data.
        data: The fingerprint of the prepared data.
        train_run: Brings a run up to date.

    Raises:
        TfmError: The training failed or was interrupted.
    """
    run = RunDirectory(located.run.reverse)
    pairs, live = len(read_split(located.run.data, TRAIN)), ModelManifest.of(run.live_model)
    is_whole = missing_file(run.live_model) is None
    if is_whole and live is not None and live.candidate is not None and pairs < _GROWTH * live.candidate.train_pairs:
        return
    folder = run.path / "pairs"
    _write_pairs(located, folder, data)
    recipe = reverse_recipe(located.recipe)
    logger.info(
        f"back_translation: training the reverse model first, {recipe.languages.source} to {recipe.languages.target}, "
        f"in {run.path}"
    )
    outcome = train_run(LocatedRecipe(recipe, folder, run, located.command))
    logger.info(f"back_translation: the reverse model is there: {outcome}")


def reverse_recipe(recipe: Recipe) -> Recipe:
    """Return the recipe of the reverse model: the same settings, its share of the limits, and files of these names."""
    training, share = recipe.training, recipe.back_translation.reverse_share
    limits = {
        "max_steps": max(1, round(share * training.max_steps)),
        "max_minutes": None if training.max_minutes is None else share * training.max_minutes,
        "start_from": None,
    }
    languages = {"source": recipe.languages.target, "target": recipe.languages.source}
    return recipe.model_copy(
        update={
            "languages": type(recipe.languages)(**languages),
            "data": DataConfig(train=[CorpusConfig(path="train.{lang}")], valid="valid.{lang}", test="test.{lang}"),
            "cleaning": recipe.cleaning.model_copy(update={"unrelated": False}),  # the pairs have been compared
            "training": training.model_copy(update=limits),
            # Its own pairs give the longest translation: where the sources are longer, the limit cuts targets.
            "decoding": recipe.decoding.model_copy(update={"max_length_ratio": None}),
            "distillation": DistillationConfig(),
            "back_translation": BackTranslationConfig(),
        }
    )


def _write_pairs(located: LocatedRecipe, folder: Path, data: str) -> None:
    """Write the prepared data as aligned text files, without the tags of corpora, unless that is done."""
    made_from = folder / _MADE_FROM
    if made_from.is_file() and made_from.read_text() == data:
        return
    recipe = located.recipe
    tags = CorpusTags(recipe)
    with atomic_folder(folder) as beside:
        for name in _SETS:
            corpus = read_split(located.run.data, name)
            _write_lines(beside / f"{name}.{recipe.languages.source}", map(tags.without, corpus.sources))
            _write_lines(beside / f"{name}.{recipe.languages.target}", corpus.targets)
        (beside / _MADE_FROM).write_text(data)


def _write_lines(path: Path, texts: Iterable[str]) -> None:
    with path.open("w", encoding="utf-8", newline="\n") as file:
        file.writelines(f"{text}\n" for text in texts)
