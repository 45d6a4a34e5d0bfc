"""``tfm score``."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from transformer_cli.cli import console
from transformer_cli.cli.options import QuietOption

if TYPE_CHECKING:
    from transformer_cli.metrics import MetricScore
    from transformer_cli.workflows.scoring import ScoreReport


def score(
    reference: Annotated[Path, typer.Argument(metavar="REFERENCE", help="One reference translation a line.")],
    hypotheses: Annotated[
        list[Path] | None,
        typer.Argument(metavar="HYPOTHESIS", help="Translations to score; left out or -: stdin."),
    ] = None,
    tokenize: Annotated[
        str, typer.Option("--tokenize", help='sacreBLEU\'s tokeniser for BLEU; "none" for tokenised text.')
    ] = "13a",
    lowercase: Annotated[bool, typer.Option("--lowercase", help="Ignore case in BLEU and chrF.")] = False,
    bootstrap: Annotated[
        int, typer.Option("--bootstrap", min=0, help="Resamples for intervals and p-values; 0: none.")
    ] = 1000,
    ter: Annotated[bool, typer.Option("--ter/--no-ter", help="TER takes the longest by far.")] = True,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
    quiet: QuietOption = False,
) -> None:
    """BLEU, chrF and TER with signatures and 95 % confidence intervals.

    Several hypothesis files are each compared with the first by paired bootstrap: p is the probability of so large a
    difference between equals.
    """
    from transformer_cli import workflows

    report = workflows.score(
        [reference],
        [_source(path) for path in hypotheses or [Path("-")]],
        tokenize=tokenize,
        lowercase=lowercase,
        bootstrap=bootstrap or None,
        with_ter=ter,
    )
    for warning in report.warnings:
        console.warn(warning)
    if as_json:
        sys.stdout.write(json.dumps(report.to_json(), ensure_ascii=False) + "\n")
    else:
        sys.stdout.write(_table(report))


def _source(path: Path) -> tuple[str, Any]:
    from transformer_cli.textio import read_lines

    return ("stdin", read_lines(sys.stdin.buffer)) if str(path) == "-" else (str(path), path)


def _table(report: ScoreReport) -> str:
    lines = []
    for system in report.systems:
        if len(report.systems) > 1:
            lines.append(console.plain(system.name))
        lines += [_row(metric) for metric in (system.scores.bleu, system.scores.chrf, system.scores.ter) if metric]
    return "\n".join(lines) + "\n"


def _row(metric: MetricScore) -> str:
    parts = [f"{metric.name:<5} {metric.value:6.2f}"]
    if metric.confidence:
        parts.append(f"[{metric.confidence[0]:.2f}, {metric.confidence[1]:.2f}]")
    if metric.p_value is not None:
        parts.append(f"p = {metric.p_value:.4f}")
    return "  ".join([*parts, metric.signature])
