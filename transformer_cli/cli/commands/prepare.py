"""The command ``tfm prepare``."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

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
    written_path,
)

if TYPE_CHECKING:
    from transformer_cli.artifacts.preparation_report import PreparationReport

logger = logging.getLogger(__name__)

DryRunOption = Annotated[
    bool,
    typer.Option(
        "--dry-run", help="Only report what would be kept and dropped, and how long models translate; write nothing."
    ),
]
RejectedOption = Annotated[
    Path | None,
    typer.Option(
        "--rejected",
        metavar="FILE",
        parser=written_path,
        help="Write dropped pairs, tab-separated: rule, place, source, target.",
    ),
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
    if dry_run and any(report.to_try.values()) and not console.is_quiet():
        _estimate(recipe, run_dir, overrides or (), report)
    if not report.is_new:
        logger.info("nothing to do: the prepared data is up to date with recipe and corpora")


def _estimate(recipe: str | None, run_dir: Path | None, overrides: Sequence[str], report: PreparationReport) -> None:
    """Say how long models will translate, after trying it."""
    from transformer_cli.workflows.locate.recipe import locate_recipe
    from transformer_cli.workflows.more_text.estimate import seconds_a_text
    from transformer_cli.workflows.prepare.more_text.plan import make_plans

    located = locate_recipe(recipe, run_dir=run_dir, overrides=overrides)
    if not any(plan.models and report.to_try[plan.section] for plan in make_plans(located)):
        return  # the reverse model is still to be trained
    logger.info("translating some of the texts, to see how long all take")
    for section, seconds in seconds_a_text(located, report.to_try).items():
        texts, known = report.to_translate[section]
        minutes = seconds * (texts - known) / 60
        time = f"about {minutes:,.0f} min" if minutes >= 1 else "less than a minute"
        some = len(report.to_try[section])
        logger.info(f"{section}: translating {texts - known:,} texts takes {time}, estimated from {some} of them")
