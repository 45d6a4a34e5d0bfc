"""The command ``tfm score``."""

from __future__ import annotations

import json
import logging
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

import transformer_cli
from transformer_cli.cli.display import console
from transformer_cli.cli.options import DeviceOption, QuietOption, VerboseOption, is_given
from transformer_cli.cli.streams import stdin
from transformer_cli.errors import UsageError

if TYPE_CHECKING:
    from transformer_cli.metrics import MetricScore
    from transformer_cli.workflows.score.score import ScoreReport

logger = logging.getLogger(__name__)

_OF_TEXTS = {
    "more_references": "--reference",
    "language": "--language",
    "tokenize": "--tokenize",
    "lowercase": "--lowercase",
    "bootstrap": "--bootstrap",
    "ter": "--ter",
}
"""Options that mean nothing where a model scores pairs."""


def score(
    context: typer.Context,
    reference: Annotated[
        Path, typer.Argument(metavar="REFERENCE", help="One reference translation a line; with --model the source.")
    ],
    hypotheses: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="HYPOTHESIS", help="Translations to score; left out or -: stdin. With --model the target."
        ),
    ] = None,
    model: Annotated[
        Path | None,
        typer.Option(
            "--model", "-m", help="Score SOURCE TARGET by this model: log-probability and perplexity of each line."
        ),
    ] = None,
    device: DeviceOption = "auto",
    more_references: Annotated[
        list[Path] | None,
        typer.Option("--reference", "-r", help="A further reference; repeatable. The nearest one counts."),
    ] = None,
    language: Annotated[
        str | None,
        typer.Option("--language", "-l", help="Language of the text. Default: as the reference's name or script says."),
    ] = None,
    tokenize: Annotated[
        str | None,
        typer.Option(
            "--tokenize",
            help='sacreBLEU\'s tokeniser for BLEU; "none" for tokenised text. Default: what fits the language.',
        ),
    ] = None,
    lowercase: Annotated[bool, typer.Option("--lowercase", help="Ignore case in BLEU and chrF.")] = False,
    bootstrap: Annotated[
        int, typer.Option("--bootstrap", min=0, help="Resamples for intervals and p-values; 0: none.")
    ] = 1000,
    ter: Annotated[bool, typer.Option("--ter/--no-ter", help="TER takes most of the time.")] = True,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON object; with --model one for each line.")
    ] = False,
    quiet: QuietOption = False,
    verbose: VerboseOption = False,
) -> None:
    """BLEU, chrF and TER with signatures and 95 % confidence intervals.

    Several hypothesis files are each compared with the first by paired bootstrap: p is the probability of so large a
    difference between equals. BLEU counts words; of languages that put no spaces between them, such as Chinese or Thai,
    characters.

    With --model, SOURCE TARGET are scored pair by pair: log-probability, perplexity and tokens, tab-separated.
    """
    if model is not None:
        for name, option in _OF_TEXTS.items():
            if is_given(context, name):
                raise UsageError(f"{option} is for translations, and with --model pairs are scored; leave it out")
        _score_pairs(model, reference, hypotheses or [], device, as_json)
        return
    report = transformer_cli.score(
        [reference, *(more_references or [])],
        [_source(path) for path in hypotheses or [Path("-")]],
        tokenize=tokenize,
        language=language,
        lowercase=lowercase,
        bootstrap=bootstrap or None,
        with_ter=ter,
    )
    for warning in report.warnings:
        logger.warning(warning)
    if as_json:
        sys.stdout.write(json.dumps(report.to_json(), ensure_ascii=False) + "\n")
    else:
        sys.stdout.write(_table(report))


def _score_pairs(model: Path, source: Path, targets: list[Path], device: str, as_json: bool) -> None:
    from transformer_cli.workflows.locate.model import find_model

    if len(targets) != 1:
        raise UsageError("with --model give two files: SOURCE TARGET")
    target = Path("/dev/stdin") if str(targets[0]) == "-" else targets[0]
    folder = find_model(model)
    logger.debug(f"scoring with {folder}")
    from transformer_cli.workflows.score.score_pairs import score_pairs

    for pair in score_pairs(source, target, model=folder, device=device):
        values = {"log_prob": pair.log_prob, "perplexity": pair.perplexity, "tokens": pair.tokens}
        if as_json:
            sys.stdout.write(json.dumps(values) + "\n")
        else:
            cells = ("" if value is None else f"{value:.6g}" for value in values.values())
            sys.stdout.write("\t".join(cells) + "\n")


def _source(path: Path) -> tuple[str, Any]:
    from transformer_cli.text.encodings import STDIN
    from transformer_cli.text.lines import read_checked_lines

    return (STDIN, read_checked_lines(stdin(), STDIN)) if str(path) == "-" else (str(path), path)


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
