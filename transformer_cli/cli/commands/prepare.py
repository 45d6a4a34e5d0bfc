"""The command ``tfm prepare``."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Annotated

import typer

import transformer_cli
from transformer_cli.cli.display import console
from transformer_cli.cli.options import (
    QuietOption,
    RecipeArgument,
    RunDirOption,
    SetOption,
    VerboseOption,
    WaitOption,
)

logger = logging.getLogger(__name__)

DryRunOption = Annotated[
    bool, typer.Option("--dry-run", help="Only report what would be kept and dropped, and why; write nothing.")
]
RejectedOption = Annotated[
    Path | None,
    typer.Option("--rejected", metavar="FILE", help="Write dropped pairs, tab-separated: rule, place, source, target."),
]


def prepare(
    recipe: RecipeArgument = None,
    run_dir: RunDirOption = None,
    overrides: SetOption = None,
    dry_run: DryRunOption = False,
    rejected: RejectedOption = None,
    wait: WaitOption = False,
    quiet: QuietOption = False,
    verbose: VerboseOption = False,
) -> None:
    """Read, clean, de-duplicate and split the corpora of a recipe."""
    from transformer_cli.cli.display.preparation_tables import show_report

    report = transformer_cli.prepare(
        recipe,
        run_dir=run_dir,
        overrides=overrides or (),
        wait=wait,
        dry_run=dry_run,
        rejected=rejected,
    )
    if report.is_new or console.is_verbose():
        show_report(report)
    if not report.is_new:
        logger.info("nothing to do: the prepared data is up to date with recipe and corpora")
