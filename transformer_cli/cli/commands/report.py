"""The command ``tfm report``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from transformer_cli.artifacts.run_directory import RunDirectory
from transformer_cli.cli.display import console
from transformer_cli.cli.options import DeviceOption, QuietOption, VerboseOption, output_option


def report(
    run: Annotated[
        Path | None,
        typer.Argument(
            metavar="RUN",
            envvar="TFM_RUN_DIR",
            help="A run directory, or a recipe, by its path or name. Default: the recipe here.",
        ),
    ] = None,
    output: Annotated[Path | None, output_option("The page. Default: report.html in the run directory.")] = None,
    device: DeviceOption = "auto",
    quiet: QuietOption = False,
    verbose: VerboseOption = False,
) -> None:
    """Write one page about a run: curves, scores, versions, data, and the sentences that went well and badly.

    `tfm train` writes it at its end as well. Prints the path of the page.
    """
    from transformer_cli.workflows.locate.model import require_version
    from transformer_cli.workflows.locate.recipe import locate_recipe, names_recipe

    is_recipe = run is not None and not run.is_dir() and names_recipe(str(run))
    directory = RunDirectory(run) if run and not is_recipe else locate_recipe(run).run
    require_version(directory)
    from transformer_cli.workflows.report import write_report

    path = write_report(directory, output=output, device=device)
    sys.stdout.write(f"{console.plain(str(path))}\n")
