"""``tfm versions``."""

from __future__ import annotations

import json
import logging
import sys
from typing import Annotated, Any, Literal

import typer

from transformer_cli.cli.display import console
from transformer_cli.cli.options import QuietOption, RunDirOption, VerboseOption

logger = logging.getLogger(__name__)


def versions(
    action: Annotated[
        Literal["list", "promote", "rollback"],
        typer.Argument(
            metavar="[list|promote|rollback]",
            help="Show all versions, put version N into service, or the one that was live before.",
        ),
    ] = "list",
    number: Annotated[int | None, typer.Argument(metavar="N", min=1, help="The version to promote.")] = None,
    run_dir: RunDirOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="List as one JSON object.")] = False,
    quiet: QuietOption = False,
    verbose: VerboseOption = False,
) -> None:
    """The released versions of a run: which there are, how good they are, which is live.

    The switch is one rename: who reads the live model finds the old one or the new one, and a translation that is
    running keeps the one it began with.
    """
    from transformer_cli.workflows import versions as workflow
    from transformer_cli.workflows.locate.recipe import locate_recipe

    if (action == "promote") != (number is not None):
        wanted = "promote takes the number of a version" if action == "promote" else f"{action} takes no number"
        raise typer.BadParameter(f"{wanted}, as in: tfm versions promote 2")
    run = locate_recipe(None, run_dir=run_dir).run.path
    if number is not None:
        logger.info(workflow.promote(run, number))
    elif action == "rollback":
        logger.info(workflow.rollback(run))
    else:
        found = workflow.list_versions(run)
        sys.stdout.write(json.dumps(found, ensure_ascii=False) + "\n" if as_json else _table(found))


def _table(found: dict[str, Any]) -> str:
    rows: list[tuple[str, ...]] = [("version", "", "made", "begun with", "pairs", "new", "BLEU, chrF", "decision")]
    rows += [_row(version, found["previous"]) for version in found["versions"]]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    return "".join(f"{console.plain(line)}\n" for line in lines)


def _row(version: dict[str, Any], previous: str | None) -> tuple[str, ...]:
    name, release = version["version"], version["release"] or {}
    state = "live" if version["live"] else "previous" if name == previous else ""
    tests = release.get("tests", {}).items()
    scores = "; ".join(f"{test['bleu']['score']:.2f}, {test['chrf']['score']:.2f} {name}" for name, test in tests)
    decision = f"{'' if release.get('promoted') else 'not '}promoted: {release['reason']}" if release else ""
    if version["missing"]:
        decision = f"damaged: {version['missing']}"
    counts = ("" if release.get(key) is None else str(release[key]) for key in ("train_pairs", "new_pairs"))
    return (name, state, release.get("time", "")[:16], release.get("start") or "scratch", *counts, scores, decision)
