"""The command ``tfm export``."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Annotated, Literal

import typer

from transformer_cli.cli.options import ModelRecipeArgument, QuietOption, VerboseOption, chosen_model, output_option

logger = logging.getLogger(__name__)


def export(
    context: typer.Context,
    to: Annotated[
        Literal["ctranslate2", "huggingface", "argos"],
        typer.Option(
            "--to",
            help="ctranslate2: what translate then uses. huggingface: a folder for transformers. argos: an "
            ".argosmodel package for Argos Translate.",
        ),
    ],
    recipe: ModelRecipeArgument = None,
    model: Annotated[
        Path | None,
        typer.Option("--model", "-m", envvar="TFM_MODEL", help="A model directory or a run directory."),
    ] = None,
    output: Annotated[
        Path | None,
        output_option("A folder to make or renew, for argos a file. Default: in the model directory.", metavar="PATH"),
    ] = None,
    quantization: Annotated[
        Literal["auto", "float32", "float16", "bfloat16", "int16", "int8"],
        typer.Option(
            "--quantization",
            help="Of ctranslate2 and argos; auto: int8 where the processor has it and it loses little, else float32.",
        ),
    ] = "auto",
    quiet: QuietOption = False,
    verbose: VerboseOption = False,
) -> None:
    """Write a model in the format of another library, after a comparison with our own translations.

    The export is refused if its translations differ by more than rounding. The loss of BLEU in 8 bits is reported.
    """
    from transformer_cli.workflows.locate.model import find_model

    folder = find_model(chosen_model(context, recipe, model))
    logger.debug(f"exporting {folder} to {to}")
    from transformer_cli.workflows.export.export import export as run_export

    typer.echo(run_export(folder, to=to, output=output, quantization=quantization))
