"""The name of the run that a new recipe trains: different recipes need different ones, or their models mix."""

from __future__ import annotations

import hashlib
import logging
import os
import re
import unicodedata
from contextlib import suppress
from pathlib import Path

from transformer_cli.config import LanguagesConfig, Recipe
from transformer_cli.errors import RecipeError
from transformer_cli.recipe import DEFAULT_RECIPE_FILE, RecipeFile, load_recipe
from transformer_cli.workflows.locate.recipe import LocatedRecipe

logger = logging.getLogger(__name__)

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{,99}")


def run_name(recipe: Path, languages: LanguagesConfig) -> str | None:
    """Return the name for a recipe to hold, or None if that of its file is one.

    A ``tfm.toml`` is named after its folder, that of the current folder after the languages. A name that no run can
    have loses accents and spaces; if that is not enough, the languages and a part of its hash stand for it.

    Args:
        recipe: The path of the recipe.
        languages: The two language codes.
    """
    codes = f"{languages.source}-{languages.target}"
    name = recipe.stem
    if recipe.name == DEFAULT_RECIPE_FILE:
        folder = recipe.parent.resolve()
        if folder == Path().resolve() or not folder.name:
            return _allowed(codes)
        name = folder.name
    elif _allowed(name):
        return None
    plain = "".join(letter for letter in unicodedata.normalize("NFKD", name) if not unicodedata.combining(letter))
    digest = hashlib.sha256(os.fsencode(name)).hexdigest()[:6]
    return _allowed(plain.replace(" ", "-")) or _allowed(f"{codes}-{digest}")


def warn_of_other_corpora(located: LocatedRecipe) -> None:
    """Warn if the run of a new recipe was trained before, on none of its corpora.

    Args:
        located: The recipe and its run.
    """
    trained = located.run.recipe
    if not trained.is_file():
        return
    with suppress(RecipeError):  # of another release
        before = _names(load_recipe(RecipeFile(trained, trained.parent)))
        if before.isdisjoint(_names(located.recipe)):
            logger.warning(
                f"{located.run.path} holds a run on {', '.join(sorted(before))}, whose model would be trained further; "
                f"for a model of its own: {located.command} -d runs/OTHER"
            )


def _names(recipe: Recipe) -> set[str]:
    """Return the names of the corpora to train on without their folders, which depend on where the recipe lies."""
    return {Path(str(corpus)).name for corpus in recipe.data.train}


def _allowed(name: str) -> str | None:
    return name if _NAME.fullmatch(name) else None
