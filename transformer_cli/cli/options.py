"""Arguments and options shared by several commands, so that they are worded the same everywhere."""

from __future__ import annotations

import logging
import platform
from pathlib import Path
from typing import Annotated, Any

import typer

from transformer_cli.cli.display import console
from transformer_cli.version import __version__

logger = logging.getLogger(__name__)

RecipeArgument = Annotated[
    str | None,
    typer.Argument(
        metavar="RECIPE",
        help="A .toml file or the name of a shipped recipe. Default: ./tfm.toml, else the phrasebook.",
    ),
]
ModelRecipeArgument = Annotated[
    str | None, typer.Argument(metavar="RECIPE", help="A recipe, for its live model. Default: see --model.")
]


def is_given(context: typer.Context, parameter: str) -> bool:
    """Return whether an option stands on the command line."""
    source = context.get_parameter_source(parameter)
    return source is not None and source.name == "COMMANDLINE"


def chosen_model(context: typer.Context, recipe: str | None, model: Path | None) -> Path | None:
    """Return the folder of the model that a recipe or ``--model`` names, or None if neither does.

    Raises:
        BadParameter: Both are given.
        RecipeError: The recipe does not exist or is invalid.
    """
    if recipe is None:
        return model
    if is_given(context, "model"):
        raise typer.BadParameter("a recipe and --model name two models; give one of them")
    from transformer_cli.workflows.locate.recipe import locate_recipe

    return locate_recipe(recipe).run.path


def _folder(name: str) -> Path:
    if not name:
        raise typer.BadParameter("an empty name; give a folder, or leave the option out")
    return Path(name)


def written_path(name: str | Path) -> Path:
    """Return the path of a file or folder to write, where ``-`` is no name for stdout."""
    if str(name) in ("", "-"):
        raise typer.BadParameter(f'"{name}" names no file; give a path, as ./- for one of that name')
    return Path(name)


def output_option(text: str, *, metavar: str = "FILE") -> Any:
    """Return ``--output`` of a command whose stdout has other things to say, so that ``-`` is no name.

    Args:
        text: The help.
        metavar: What is written.
    """
    return typer.Option("--output", "-o", parser=written_path, metavar=metavar, help=text)


def run_dir_option(name: str) -> Any:
    """Return ``--run-dir`` of a command.

    Args:
        name: What the run directory has its name from by default.
    """
    text = f"The run directory. Default: runs/<{name}>."
    return typer.Option("--run-dir", "-d", envvar="TFM_RUN_DIR", parser=_folder, metavar="DIRECTORY", help=text)


RunDirOption = Annotated[Path | None, run_dir_option("recipe name")]
SetOption = Annotated[
    list[str] | None,
    typer.Option("--set", "-s", metavar="SECTION.KEY=VALUE", help="Override a value of the recipe; repeatable."),
]
WaitOption = Annotated[
    bool, typer.Option("--wait", help="Wait if another process holds the run directory, instead of exit code 75.")
]


def _quiet(quiet: bool) -> bool:
    if quiet:
        console.set_level(logging.WARNING)
    return quiet


def _verbose(verbose: bool) -> bool:
    if verbose:
        console.set_level(logging.DEBUG)
        logger.debug(f"tfm {__version__}, Python {platform.python_version()}, {platform.platform()}")
    return verbose


QuietOption = Annotated[bool, typer.Option("--quiet", "-q", callback=_quiet, help="Only warnings and errors.")]
VerboseOption = Annotated[bool, typer.Option("--verbose", "-v", callback=_verbose, help="More details.")]
DeviceOption = Annotated[str, typer.Option("--device", help="auto, cpu, cuda or cuda:N.")]
