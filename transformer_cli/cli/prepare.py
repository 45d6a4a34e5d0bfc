"""``tfm prepare``."""

from __future__ import annotations

from transformer_cli.cli import console
from transformer_cli.cli.options import (
    QuietOption,
    RecipeArgument,
    RunDirOption,
    SetOption,
    VerboseOption,
    WaitOption,
)


def prepare(
    recipe: RecipeArgument = None,
    run_dir: RunDirOption = None,
    overrides: SetOption = None,
    wait: WaitOption = False,
    quiet: QuietOption = False,
    verbose: VerboseOption = False,
) -> None:
    """Read, clean, de-duplicate and split the corpora of a recipe."""
    from transformer_cli import workflows

    report = workflows.prepare(recipe, run_dir=run_dir, overrides=overrides or (), note=console.note, wait=wait)
    for name, corpus in report.corpora.items():
        dropped = "".join(f", {count} {rule}" for rule, count in sorted(corpus.dropped.items()))
        console.detail(f"{name}: {corpus.read} pairs read, {corpus.kept} kept{dropped}")
    if not report.is_new:
        console.note("nothing to do: the prepared data is up to date with recipe and corpora")
