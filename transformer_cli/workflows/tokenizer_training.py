"""``tfm train-tokenizer``: learn the SentencePiece model from the prepared training data."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path

from transformer_cli.errors import DamagedFileError
from transformer_cli.run_directory import RunDirectory, read_json
from transformer_cli.textio import write_atomically
from transformer_cli.workflows import fingerprints
from transformer_cli.workflows.located_recipe import LocatedRecipe, locate_recipe
from transformer_cli.workflows.preparation import data_fingerprint, ensure_prepared


def train_tokenizer(
    recipe: str | Path | None = None,
    *,
    run_dir: Path | None = None,
    overrides: Sequence[str] = (),
    note: Callable[[str], None] = lambda _: None,
    wait: bool = False,
) -> bool:
    """Learn the tokenizer of a run, after preparing its data where that is missing or stale.

    The arguments are those of `prepare`, and what that raises is raised here as well.

    Returns:
        False if it was there already and nothing it is made from has changed.

    Raises:
        DataError: The corpus is too small for the vocabulary.
    """
    located = locate_recipe(recipe, run_dir=run_dir, overrides=overrides, note=note)
    with located.run.lock(wait=wait):
        return ensure_tokenizer(located, note=note)


def ensure_tokenizer(located: LocatedRecipe, *, note: Callable[[str], None]) -> bool:
    """Do what `train_tokenizer` does; the caller holds the run directory's lock."""
    recipe, run = located.recipe, located.run
    ensure_prepared(located, note=note)
    made_from = fingerprints.of_values([data_fingerprint(located), recipe.tokenizer.model_dump()])
    if _is_current(run, made_from):
        return False
    from transformer_cli.data.prepared import read_split
    from transformer_cli.data.tokenizer import DEFAULT_VOCAB_SIZE, fit_tokenizer

    corpus = read_split(run.data, "train")
    note(f"learning a tokenizer from {2 * len(corpus)} sentences")
    where = ", ".join(recipe.data.train_paths)
    tokenizer = fit_tokenizer([*corpus.sources, *corpus.targets], recipe.tokenizer, where=where)
    run.tokenizer_report.unlink(missing_ok=True)
    write_atomically(run.tokenizer, tokenizer.model)
    report = {"made_from": made_from, "fingerprint": tokenizer.fingerprint, "vocab_size": tokenizer.vocab_size}
    write_atomically(run.tokenizer_report, (json.dumps(report, indent=1) + "\n").encode())
    if recipe.tokenizer.vocab_size is None and tokenizer.vocab_size < DEFAULT_VOCAB_SIZE:
        note(f"the corpus is small: a vocabulary of {tokenizer.vocab_size} pieces instead of {DEFAULT_VOCAB_SIZE}")
    return True


def _is_current(run: RunDirectory, made_from: str) -> bool:
    """Say whether the run's tokenizer is there, whole, and made from just this data and these settings."""
    from transformer_cli.data.tokenizer import Tokenizer

    report = read_json(run.tokenizer_report)
    if report is None or report.get("made_from") != made_from:
        return False
    try:
        return Tokenizer.load(run.tokenizer).fingerprint == report.get("fingerprint")
    except DamagedFileError:
        return False
