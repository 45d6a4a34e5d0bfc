"""Shows the result of data preparation: tables with Rich on a terminal, plain dated lines elsewhere."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import TYPE_CHECKING

from transformer_cli.cli.display import console

if TYPE_CHECKING:
    from rich.table import Table

    from transformer_cli.artifacts.preparation_report import PreparationReport

logger = logging.getLogger(__name__)

_MAX_LETTERS = 10


def show_report(report: PreparationReport) -> None:
    """Show the counts of pairs read, kept and dropped, with examples."""
    if console.is_quiet():
        return
    if console.is_terminal():
        _draw(report)
        return
    for name, corpus in report.corpora.items():
        dropped = "".join(f", {count:,} {rule}" for rule, count in corpus.dropped.items())
        logger.info(f"{name}: {corpus.read:,} pairs read, {corpus.kept:,} kept{dropped}")
    for line in (*_findings(report), *(f"{rule}: {text}" for rule, text in _examples(report))):
        logger.info(line)


def _findings(report: PreparationReport) -> Iterator[str]:
    """Yield further findings about the kept pairs, as text."""
    from transformer_cli.artifacts.preparation_report import LENGTH_EDGES

    if report.unrelated_below is not None:
        yield f"unrelated: sides with a similarity of meaning under {report.unrelated_below:.3f}"
    for name, text in report.texts.items():
        dropped = "".join(f", {count:,} {rule}" for rule, count in text.dropped.items())
        yield f"{name}: {text.read:,} sentences read, {text.kept:,} kept{dropped}"
    for section, (texts, known) in report.to_translate.items():
        yield f"{section}: {texts - known:,} texts to translate" + (f", {known:,} translated before" if known else "")
    for name, mended in report.mended.items():
        yield f"{name}: mended {', '.join(f'{count:,} by {rule}' for rule, count in mended.items())}"
    for name, counts in report.leakage.items():
        if any(counts.values()):
            yield f"in {name} stood the source of {counts['source']:,} pairs and the target of {counts['target']:,}"
    for side, counts_of_classes in report.lengths.items():
        classes = [f"up to {edge}" for edge in LENGTH_EDGES] + ["more"]
        counted = [f"{count:,} {name}" for name, count in zip(classes, counts_of_classes, strict=True) if count]
        yield f"characters of a {side}: {', '.join(counted)}"
    for side, letters in report.foreign_letters.items():
        if letters:
            shown = ", ".join(f"{letter} {count:,}" for letter, count in list(letters.items())[:_MAX_LETTERS])
            yield f"letters of other scripts in a {side}: {shown}"


def _examples(report: PreparationReport) -> Iterator[tuple[str, str]]:
    for rule, examples in report.examples.items():
        if rule == "held_out":
            continue
        for example in examples:
            yield rule, f"{example.place}: {example.source} | {example.target}"


def _draw(report: PreparationReport) -> None:
    from rich.console import Console

    terminal = Console(stderr=True, markup=False, highlight=False, emoji=False)
    terminal.print(_counts(report))
    for line in _findings(report):
        terminal.print(console.plain(line), soft_wrap=True)
    if report.examples:
        terminal.print(_table_of_examples(report))


def _counts(report: PreparationReport) -> Table:
    from rich.table import Table
    from rich.text import Text

    table = Table("", title="pairs", title_justify="left")
    corpora = {**report.corpora, **({"all": report.total} if len(report.corpora) > 1 else {})}
    for name in corpora:
        table.add_column(Text(console.plain(name)), justify="right", overflow="fold")
    table.add_row("read", *(f"{corpus.read:,}" for corpus in corpora.values()))
    for rule in report.total.dropped:
        table.add_row(rule, *(f"{corpus.dropped.get(rule, 0):,}" for corpus in corpora.values()))
    table.add_row("kept", *(f"{corpus.kept:,}" for corpus in corpora.values()), style="bold")
    table.add_row("to validate, to test", f"{report.valid:,}, {report.test:,}")
    return table


def _table_of_examples(report: PreparationReport) -> Table:
    from rich.table import Table
    from rich.text import Text

    table = Table("rule", "dropped, for example", title="examples", title_justify="left")
    for rule, text in _examples(report):
        table.add_row(rule, Text(console.plain(text), overflow="fold"))
    return table
