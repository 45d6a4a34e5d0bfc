"""The command ``tfm import``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

import transformer_cli
from transformer_cli.cli.options import QuietOption, VerboseOption, run_dir_option


def import_model(
    model: Annotated[
        Path,
        typer.Argument(
            metavar="MODEL",
            help="A folder or .zip of OPUS-MT, a Marian .npz with its vocabulary beside it, or the folder of a Hugging "
            "Face MarianMT model.",
        ),
    ],
    source: Annotated[str | None, typer.Option("--from", metavar="LANG", help="Code of the source language.")] = None,
    target: Annotated[str | None, typer.Option("--to", metavar="LANG", help="Code of the target language.")] = None,
    run_dir: Annotated[Path | None, run_dir_option("name of the model")] = None,
    positions: Annotated[
        Literal["auto", "paper", "marian"],
        typer.Option(
            "--positions",
            help="The positional encoding. auto: Marian's for .npz; for Hugging Face what the weights hold.",
        ),
    ] = "auto",
    quiet: QuietOption = False,
    verbose: VerboseOption = False,
) -> None:
    """Make a model of another program version 0001 of a run; print the path of the version.

    A model that this program cannot compute is refused before anything is written (exit code 65).
    """
    typer.echo(transformer_cli.import_model(model, source=source, target=target, run_dir=run_dir, positions=positions))
