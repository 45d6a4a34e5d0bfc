"""The model of ``training.start_from``: a run begins with a copy of it as version 0001. Nothing here needs torch."""

from __future__ import annotations

import logging
import shutil
from pathlib import Path

from transformer_cli.artifacts import fingerprints
from transformer_cli.artifacts.engine_manifest import ENGINE_FOLDER
from transformer_cli.artifacts.model_manifest import ModelManifest, missing_file, open_tokenizers
from transformer_cli.artifacts.run_directory import MODEL_CONFIG_FILE, RunDirectory
from transformer_cli.artifacts.tokenizer_record import NOT_LEARNED, TokenizerRecord, keep_tokenizers
from transformer_cli.config import Recipe
from transformer_cli.errors import DamagedFileError, ModelNotFoundError, RecipeError, UsageError
from transformer_cli.files.atomic import atomic_folder
from transformer_cli.files.os_errors import explain_os_errors
from transformer_cli.recipe import toml_value
from transformer_cli.workflows.locate.model import find_model
from transformer_cli.workflows.locate.recipe import LocatedRecipe

logger = logging.getLogger(__name__)


def ensure_starting_model(located: LocatedRecipe) -> bool:
    """Give a run without versions the model of ``training.start_from``; the caller holds the run directory's lock.

    Version 0001 is a copy of the model, and its tokenizer becomes that of the run. A run that has begun is only
    checked.

    Returns:
        False if the recipe names no such model.

    Raises:
        ModelNotFoundError: There is no such model.
        DamagedFileError: The model is not whole.
        RecipeError: The recipe contradicts the model.
        UsageError: The run has versions that did not begin with such a model.
    """
    name, run = located.recipe.training.start_from, located.run
    if name is None:
        return False
    record = TokenizerRecord.read_from(run.tokenizer_report)
    if run.version_folders():
        if record is not None and record.data != NOT_LEARNED:
            raise UsageError(
                f"the versions in {run.path} did not begin with training.start_from = {toml_value(name)}; name another "
                "run directory with -d, or take that key out"
            )
    else:
        folder, manifest = read_starting_model(located.folder / name)
        _require_fit(located.recipe, manifest)
        _copy(folder, manifest, run, reason=f"begins with {name}")
    live = ModelManifest.load(run.live_model)
    _require_fit(located.recipe, live)
    settings = fingerprints.of_tokenizer(located.recipe)
    if record is None or (record.fingerprint, record.settings) != (live.tokenizer_sha256, settings):
        tokenizers = open_tokenizers(run.live_model, live)
        keep_tokenizers(run, tokenizers, data=NOT_LEARNED, settings=settings)
    return True


def read_starting_model(place: Path) -> tuple[Path, ModelManifest]:
    """Return the model directory at ``place``, a model or run directory, and its manifest.

    Raises:
        ModelNotFoundError: There is none.
        DamagedFileError: It is not whole.
    """
    try:
        folder = find_model(place)
    except ModelNotFoundError as error:
        if place.exists() and "tfm import" not in str(error):
            raise ModelNotFoundError(f"{error}; a model of another program becomes a run by `tfm import`") from None
        raise
    manifest, missing = ModelManifest.of(folder), missing_file(folder)
    if manifest is None or missing:
        raise DamagedFileError(
            f"the model {place} cannot be used: {missing}; copy it anew, or make a run of it with `tfm import` if it "
            "is a model of another program"
        )
    return folder, manifest


def _copy(folder: Path, manifest: ModelManifest, run: RunDirectory, *, reason: str) -> None:
    with explain_os_errors(run.path):
        run.versions.mkdir(parents=True, exist_ok=True)
    version = run.begin_version(reason)
    with atomic_folder(version, replace=False) as beside:
        _copy_files(folder, beside)
        if (folder / ENGINE_FOLDER).is_dir():
            _copy_files(folder / ENGINE_FOLDER, beside / ENGINE_FOLDER)
        # Another run's record of training and tests says nothing about this run's data.
        manifest.model_copy(update={"made_from": None, "candidate": None}).write_to(beside / MODEL_CONFIG_FILE)
    run.make_live(version)
    logger.info(f"version {version.name} is the model {folder}")


def _copy_files(folder: Path, to: Path) -> None:
    """Copy files without their permissions, for a shared model may be one that nobody may write."""
    to.mkdir(exist_ok=True)
    for path in folder.iterdir():
        if path.is_file():
            shutil.copyfile(path, to / path.name)


def _require_fit(recipe: Recipe, manifest: ModelManifest) -> None:
    """Check that the recipe trains exactly the model that it begins with.

    Raises:
        RecipeError: It does not; the message names all keys.
    """
    named = f"the model of training.start_from = {toml_value(recipe.training.start_from)}"
    has, wanted = manifest.languages, recipe.languages
    if has != wanted:
        raise RecipeError(
            f"{named} translates {has.source} to {has.target}, and the recipe {wanted.source} to {wanted.target}; "
            "change [languages], or name another model"
        )
    needless = sorted(recipe.tokenizer.model_dump(exclude_defaults=True, exclude={"shared"}))
    if needless:
        keys = ", ".join(f"tokenizer.{key}" for key in needless)
        raise RecipeError(f"{named} has a tokenizer, which stays as it is; take {keys} out of the recipe")
    is_shared = manifest.source_vocab_size is None
    settings = [
        f"model.{key} = {toml_value(getattr(manifest.model, key))}"
        for key in recipe.model.other_weights_than(manifest.model)
    ]
    if recipe.tokenizer.shared != is_shared:
        settings.insert(0, f"tokenizer.shared = {toml_value(is_shared)}")
    if settings:
        raise RecipeError(f"{named} has another shape than the recipe; set {', '.join(settings)}")
