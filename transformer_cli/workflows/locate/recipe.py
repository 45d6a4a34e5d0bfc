"""Finds a recipe, the folder of its files, and its run directory, without importing torch."""

from __future__ import annotations

import logging
import os
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from transformer_cli.artifacts.run_directory import RunDirectory
from transformer_cli.config import Recipe
from transformer_cli.errors import RecipeError
from transformer_cli.recipe import RecipeFile, find_recipe, load_recipe, recipe_to_toml

logger = logging.getLogger(__name__)

RUN_DIRECTORY_VARIABLE = "TFM_RUN_DIR"


@dataclass(frozen=True, slots=True)
class LocatedRecipe:
    """A recipe and its folders.

    Args:
        recipe: The recipe.
        folder: The folder that file names in the recipe are relative to, before ``data.folder`` is applied.
        run: The run directory, for all output.
        command: The text to type on the command line to select the same recipe.
    """

    recipe: Recipe
    folder: Path
    run: RunDirectory
    command: str


def resolve_recipe(recipe: str | Path | None = None, *, overrides: Sequence[str] = ()) -> str:
    """Return a recipe as TOML with the overrides and all default values; accesses no run directory.

    Args:
        recipe: A path or the name of a shipped recipe; None: ``./tfm.toml``, else the phrasebook.
        overrides: Overrides of the form ``section.key=value``.

    Raises:
        RecipeError: The recipe does not exist or is invalid.
    """
    return recipe_to_toml(locate_recipe(recipe, overrides=overrides).recipe)


def locate_recipe_to_run(
    recipe: str | Path | None, *, run_dir: Path | None = None, overrides: Sequence[str] = ()
) -> LocatedRecipe:
    """Find a recipe as `locate_recipe` does, and log a message if the phrasebook is used by default."""
    located = locate_recipe(recipe, run_dir=run_dir, overrides=overrides)
    if _find(recipe).is_fallback:
        logger.info("no recipe given and no tfm.toml here: using the embedded phrasebook, French to English")
    return located


def locate_recipe(
    recipe: str | Path | None, *, run_dir: Path | None = None, overrides: Sequence[str] = ()
) -> LocatedRecipe:
    """Find and read a recipe.

    Args:
        recipe: A path or the name of a shipped recipe; None: ``./tfm.toml``, else the phrasebook.
        run_dir: The run directory; None: ``TFM_RUN_DIR``, else ``runs/NAME`` with the recipe's name.
        overrides: Overrides of the form ``section.key=value``.

    Raises:
        RecipeError: The recipe does not exist or is invalid.
    """
    file = _find(recipe)
    loaded = load_recipe(file, overrides)
    given = run_dir or os.environ.get(RUN_DIRECTORY_VARIABLE)
    run = RunDirectory(Path(given) if given else Path("runs") / loaded.name)
    named = [] if recipe is None else [str(recipe)]
    command = shlex.join(["tfm", "train", *named, *(word for override in overrides for word in ("--set", override))])
    return LocatedRecipe(loaded, file.folder, run, command)


def names_recipe(name: str) -> bool:
    """Return whether a recipe is there of this path, or of this name among those that ship with the package."""
    try:
        _find(name)
    except RecipeError:
        return False
    return True


def _find(recipe: str | Path | None) -> RecipeFile:
    return find_recipe(None if recipe is None else str(recipe))
