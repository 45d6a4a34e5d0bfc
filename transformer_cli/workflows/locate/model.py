"""Finds the model that a command uses, without importing torch."""

from __future__ import annotations

from pathlib import Path

from transformer_cli.artifacts.run_directory import MODEL_CONFIG_FILE, RunDirectory
from transformer_cli.errors import ModelNotFoundError

_OF_OTHER_LIBRARIES = ("engine.json", "generation_config.json")
"""Files that exports for CTranslate2 and transformers have besides their own ``config.json``."""


def find_model(argument: Path | None) -> Path:
    """Return the model directory that a command uses.

    Args:
        argument: Value of ``--model``: a model directory or a run directory. None: the live model of the recipe here
            (``./tfm.toml``, else the phrasebook); failing that, the only model under ``./runs/``.

    Raises:
        ModelNotFoundError: There is no model; the message names the places searched and the command to run.
        RecipeError: ``./tfm.toml`` exists but cannot be read.
    """
    if argument is not None:
        return _model_at(argument)
    # Imported here because a translation with ``--model`` starts sooner without recipes.
    from transformer_cli.workflows.locate.recipe import locate_recipe

    run = locate_recipe(None).run
    live = run.live_model
    if _is_model(live):
        return live.resolve()
    _refuse_lost(run)
    others = sorted(folder for folder in Path("runs").glob("*/model") if _is_model(folder))
    if len(others) == 1:
        return others[0].resolve()
    if others:
        names = ", ".join(str(folder.parent) for folder in others)
        raise ModelNotFoundError(f"several models are here: {names}; choose one with --model")
    raise ModelNotFoundError(
        f"no model yet: looked for {live} and for runs/*/model; run `tfm train` first, or give --model"
    )


def require_version(run: RunDirectory) -> str:
    """Return the name of the live version of a run.

    Raises:
        ModelNotFoundError: There is none, or it has been deleted.
    """
    _refuse_lost(run)
    live = run.live_version()
    if live is None:
        raise ModelNotFoundError(f"{run.path} has no finished version to report on; run `tfm train` first")
    return live


def _refuse_lost(run: RunDirectory) -> None:
    if (lost := run.lost_version()) is not None:
        raise ModelNotFoundError(f"{run.path}: {lost}")


def _model_at(folder: Path) -> Path:
    live = RunDirectory(folder).live_model
    if _is_model(live):
        return live.resolve()
    _refuse_lost(RunDirectory(folder))
    if any((folder / name).is_file() for name in _OF_OTHER_LIBRARIES):
        raise ModelNotFoundError(
            f"{folder} holds a model for another library; name the model or run that it was exported from, or make a "
            "run of it by `tfm import` if it is a Marian model"
        )
    if _is_model(folder):
        return folder.resolve()
    if not folder.is_dir():
        problem = "is not a folder" if folder.exists() else "is not there"
        raise ModelNotFoundError(f"the model {folder} {problem}; give a model directory or a run directory")
    raise ModelNotFoundError(
        f"there is no model in {folder}: neither {live / MODEL_CONFIG_FILE} nor {folder / MODEL_CONFIG_FILE} is there; "
        "run `tfm train` first, or name another model"
    )


def _is_model(folder: Path) -> bool:
    """Return whether ``folder`` is a model directory, even an incomplete one; loading it reports the missing files."""
    return (folder / MODEL_CONFIG_FILE).is_file() or (folder / "model.safetensors").is_file()
