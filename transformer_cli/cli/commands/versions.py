"""The command ``tfm versions``."""

from __future__ import annotations

import json
import logging
import re
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from transformer_cli.artifacts.run_directory import RunDirectory
from transformer_cli.cli.display import console
from transformer_cli.cli.options import QuietOption, RunDirOption, VerboseOption

if TYPE_CHECKING:
    from transformer_cli.workflows.versions import ListedVersion, VersionList

logger = logging.getLogger(__name__)

_ACTIONS = ("list", "promote", "rollback")


def versions(
    words: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[list|promote N|rollback] [RECIPE]",
            help="Show all versions of a recipe's run, put version N into service, or the one that was live before.",
        ),
    ] = None,
    run_dir: RunDirOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="List as one JSON object.")] = False,
    quiet: QuietOption = False,
    verbose: VerboseOption = False,
) -> None:
    """List the released versions of a run with their scores, or switch the live one.

    The switch is one rename: a reader finds the old model or the new one, and a running translation keeps the model
    that it began with.
    """
    from transformer_cli.workflows import versions as workflow
    from transformer_cli.workflows.locate.recipe import locate_recipe

    action, number, recipe = _request(words or [])
    # Where the run is named, a broken recipe is no obstacle to a rollback.
    run = run_dir if run_dir and recipe is None else locate_recipe(recipe, run_dir=run_dir).run.path
    if number is not None:
        logger.info(workflow.promote(run, number))
    elif action == "rollback":
        logger.info(workflow.rollback(run))
    else:
        found = workflow.list_versions(run)
        sys.stdout.write(json.dumps(found.to_json(), ensure_ascii=False) + "\n" if as_json else _table(found))
        if (lost := RunDirectory(run).lost_version()) is not None:
            logger.warning(lost)


def _request(words: list[str]) -> tuple[str, int | None, str | None]:
    """Return the action, the version to promote, and the recipe."""
    from transformer_cli.workflows.locate.recipe import names_recipe

    action, *rest = words if words and words[0] in _ACTIONS else ["list", *words]
    number = None
    if action == "promote":
        if not rest or not re.fullmatch(r"\d{1,18}", rest[0]) or int(rest[0]) < 1:
            raise typer.BadParameter("promote takes the number of a version, as in: tfm versions promote 2")
        number, rest = int(rest[0]), rest[1:]
    if len(rest) > 1 or (rest and rest[0].isdecimal()):
        raise typer.BadParameter(f"{action} takes a recipe at most, not: {' '.join(rest)}")
    recipe = rest[0] if rest else None
    if words[:1] == [recipe] and not names_recipe(words[0]):
        raise typer.BadParameter(f'"{recipe}" is neither {", ".join(_ACTIONS)} nor a recipe')
    return action, number, recipe


def _table(found: VersionList) -> str:
    rows: list[tuple[str, ...]] = [("version", "", "made", "begun with", "pairs", "new", "BLEU, chrF", "decision")]
    rows += [_row(version, found.previous) for version in found.versions]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    return "".join(f"{console.plain(line)}\n" for line in lines)


def _row(version: ListedVersion, previous: str | None) -> tuple[str, ...]:
    name, candidate, release = version.path.name, version.candidate, version.release
    state = "live" if version.is_live else "previous" if name == previous else ""
    decision = f"{'' if release.promoted else 'not '}promoted: {release.reason}" if release else ""
    if version.missing:
        decision = f"damaged: {version.missing}"
    if candidate is None:
        return (name, state, "", "", "", "", "", decision)
    tests = candidate.tests.items()
    scores = "; ".join(f"{test.bleu.score:.2f}, {test.chrf.score:.2f} {name}" for name, test in tests)
    counts = ("" if count is None else str(count) for count in (candidate.train_pairs, candidate.new_pairs))
    return (name, state, candidate.time[:16], version.start or "scratch", *counts, scores, decision)
