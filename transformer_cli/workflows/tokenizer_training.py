"""``tfm train-tokenizer``: learn the SentencePiece models from the prepared training data."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from transformer_cli.errors import DamagedFileError
from transformer_cli.run_directory import RunDirectory, read_json
from transformer_cli.textio import write_atomically
from transformer_cli.workflows import fingerprints
from transformer_cli.workflows.located_recipe import LocatedRecipe, locate_recipe
from transformer_cli.workflows.preparation import data_fingerprint, ensure_prepared

if TYPE_CHECKING:
    from transformer_cli.data.tokenizer import TokenizerPair


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
    if _is_current(run, made_from, shared=recipe.tokenizer.shared):
        return False
    from transformer_cli.data.prepared import sample_split
    from transformer_cli.data.tokenizer import TOKENIZER_FILES
    from transformer_cli.data.tokenizer_fitting import fit_tokenizers

    sources, targets = sample_split(run.data, "train", recipe.tokenizer.sample_pairs)
    note(f"learning a tokenizer from {len(sources)} pairs")
    where = ", ".join(recipe.data.train_paths)
    tags = [corpus.tag for corpus in recipe.data.train if corpus.tag is not None]
    tokenizers = fit_tokenizers(sources, targets, recipe.tokenizer, where=where, tags=tags)
    run.tokenizer_report.unlink(missing_ok=True)
    for name in TOKENIZER_FILES:
        (run.path / name).unlink(missing_ok=True)
    for name, model in tokenizers.files().items():
        write_atomically(run.path / name, model)
    report = {
        "made_from": made_from,
        "fingerprint": tokenizers.fingerprint,
        "vocab_size": tokenizers.target.vocab_size,
        "source_vocab_size": tokenizers.source.vocab_size,
    }
    write_atomically(run.tokenizer_report, (json.dumps(report, indent=1) + "\n").encode())
    _tell_of_smaller_vocabularies(tokenizers, recipe.tokenizer.vocab_size, note)
    return True


def _tell_of_smaller_vocabularies(tokenizers: TokenizerPair, stated: int | None, note: Callable[[str], None]) -> None:
    from transformer_cli.data.tokenizer_fitting import DEFAULT_VOCAB_SIZE

    sizes = dict.fromkeys([tokenizers.source.vocab_size, tokenizers.target.vocab_size])
    for size in sizes:
        if stated is None and size < DEFAULT_VOCAB_SIZE:
            note(f"the corpus is small: a vocabulary of {size} pieces instead of {DEFAULT_VOCAB_SIZE}")
        elif stated is not None and size < stated:
            note(f"warning: the corpus is too small for tokenizer.vocab_size = {stated}; it carries {size} pieces")


def _is_current(run: RunDirectory, made_from: str, *, shared: bool) -> bool:
    """Say whether the run's tokenizers are there, whole, and made from just this data and these settings."""
    from transformer_cli.data.tokenizer import TokenizerPair

    report = read_json(run.tokenizer_report)
    if report is None or report.get("made_from") != made_from:
        return False
    try:
        return TokenizerPair.load(run.path, shared=shared).fingerprint == report.get("fingerprint")
    except DamagedFileError:
        return False
