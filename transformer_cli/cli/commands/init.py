"""The command ``tfm init``."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Annotated

import typer

import transformer_cli
from transformer_cli.cli.options import QuietOption, VerboseOption, output_option

logger = logging.getLogger(__name__)


def init(
    corpora: Annotated[
        list[str],
        typer.Argument(
            metavar="CORPUS...",
            help="Files with both languages (.tsv .csv .jsonl .parquet .tmx .po, packed or not), two aligned "
            "text files (train.fr train.en, train.{lang}, or of any names), hub:OWNER/NAME, or a table as in a recipe.",
        ),
    ],
    source: Annotated[
        str, typer.Option("--from", metavar="LANG", help="The language to translate from, by code or name.")
    ],
    target: Annotated[
        str, typer.Option("--to", metavar="LANG", help="The language to translate into, by code or name.")
    ],
    valid: Annotated[
        str | None,
        typer.Option(
            "--valid",
            metavar="CORPUS|N",
            help="To validate on. Default: valid.* or dev.* beside, else N pairs held out.",
        ),
    ] = None,
    test: Annotated[
        str | None,
        typer.Option("--test", metavar="CORPUS|N", help="To test on. Default: test.* beside, else N pairs held out."),
    ] = None,
    output: Annotated[Path, output_option("The recipe to write.")] = Path("tfm.toml"),
    start_from: Annotated[
        Path | None,
        typer.Option(
            "--start-from",
            metavar="MODEL",
            help="Adapt this model or run to the corpora, instead of training a new model; see `tfm import`.",
        ),
    ] = None,
    general: Annotated[
        str | None,
        typer.Option(
            "--general",
            metavar="CORPUS",
            help="With --start-from: pairs of the kind that the model translates well. Some become a test set that "
            "shows what the model forgets; others are trained on with the new pairs, so that it forgets less.",
        ),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Write over a recipe that is there.")] = False,
    quiet: QuietOption = False,
    verbose: VerboseOption = False,
) -> None:
    """Look at corpora and this machine, and write a commented recipe that fits them; `tfm train` needs no more.

    Exit codes: 0 written, 2 wrong arguments or the recipe is there already, 65 a corpus cannot be used.
    """
    outcome = transformer_cli.init(
        corpora,
        source=source,
        target=target,
        valid=valid,
        test=test,
        output=output,
        force=force,
        start_from=start_from,
        general=general,
    )
    logger.info(outcome.summary)
