"""``tfm train-tokenizer``: trains the SentencePiece models on the prepared training data."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from transformer_cli.artifacts import fingerprints
from transformer_cli.artifacts.model_manifest import ModelManifest, missing_file, open_tokenizers
from transformer_cli.artifacts.run_directory import RunDirectory
from transformer_cli.artifacts.text_profile import PlaceholderProfile
from transformer_cli.artifacts.tokenizer_record import TokenizerRecord, keep_tokenizers
from transformer_cli.config import Recipe
from transformer_cli.errors import DamagedFileError
from transformer_cli.text.placeholders import SYMBOLS, finder
from transformer_cli.workflows.locate.recipe import LocatedRecipe, locate_recipe_to_run
from transformer_cli.workflows.prepare.prepare import ensure_prepared
from transformer_cli.workflows.prepare.status import DataStatus, check_data
from transformer_cli.workflows.starting_model import ensure_starting_model

if TYPE_CHECKING:
    from transformer_cli.data.splits.read import Corpus
    from transformer_cli.data.tokens.tokenizer import TokenizerPair

logger = logging.getLogger(__name__)


def train_tokenizer(
    recipe: str | Path | None = None,
    *,
    run_dir: Path | None = None,
    overrides: Sequence[str] = (),
    wait: bool = False,
) -> bool:
    """Train the tokenizer of a run; first prepare its data if the data is missing or stale.

    The arguments and errors are those of `prepare`, plus the error below.

    Returns:
        True, or False if the tokenizer exists already and its sources have not changed, or if it is that of the model
        which the recipe starts from.

    Raises:
        DataError: The corpus is too small for the vocabulary.
    """
    located = locate_recipe_to_run(recipe, run_dir=run_dir, overrides=overrides)
    with located.run.lock(wait=wait):
        if ensure_starting_model(located):
            return False
        return ensure_tokenizer(located, check_data(located), retrain=True)


def ensure_tokenizer(located: LocatedRecipe, status: DataStatus, *, retrain: bool) -> bool:
    """Train the tokenizer unless it is up to date; the caller holds the run directory's lock.

    Args:
        located: The recipe and the run directory.
        status: The state of the data, determined under the same lock.
        retrain: Train the tokenizer again if the data has changed. If False, the tokenizer of the live version stays
            although it was learned from earlier data, because that version's weights do not work with another one.
    """
    recipe, run = located.recipe, located.run
    ensure_prepared(located, status)
    data = status.inputs.fingerprint
    is_kept = is_learned_from(run, recipe, data) or (not retrain and _is_live(run, recipe))
    if is_kept and _is_whole(run, shared=recipe.tokenizer.shared):
        return False
    if not (retrain or is_learned_from(run, recipe, data)) and _take_back(run, recipe):
        return False
    from transformer_cli.data.splits.read import Corpus, sample_split
    from transformer_cli.data.tokens.fit_tokenizer import fit_tokenizers
    from transformer_cli.data.tokens.hints import HINT_MARKS

    sources, targets = sample_split(run.data, "train", recipe.tokenizer.sample_pairs)
    logger.info(f"learning a tokenizer from {len(sources)} pairs")
    where = ", ".join(recipe.data.train_paths)
    tags = [corpus.tag for corpus in recipe.data.train if corpus.tag is not None]
    if recipe.back_translation.text and recipe.back_translation.tag is not None:
        tags.append(recipe.back_translation.tag)
    if recipe.glossary.hints:
        tags += HINT_MARKS
    corpus, symbols = _with_symbols(Corpus(sources, targets), recipe)
    tokenizers = fit_tokenizers(
        corpus.sources, corpus.targets, recipe.tokenizer, where=where, tags=tags, placeholders=symbols
    )
    keep_tokenizers(run, tokenizers, data=data, settings=fingerprints.of_tokenizer(recipe))
    _log_smaller_vocabularies(tokenizers, recipe.tokenizer.vocab_size)
    return True


def _log_smaller_vocabularies(tokenizers: TokenizerPair, stated: int | None) -> None:
    from transformer_cli.data.tokens.fit_tokenizer import DEFAULT_VOCAB_SIZE

    sizes = dict.fromkeys([tokenizers.source.vocab_size, tokenizers.target.vocab_size])
    for size in sizes:
        if stated is None and size < DEFAULT_VOCAB_SIZE:
            logger.info(f"the corpus is small: a vocabulary of {size} pieces instead of {DEFAULT_VOCAB_SIZE}")
        elif stated is not None and size < stated:
            logger.warning(f"the corpus is too small for tokenizer.vocab_size = {stated}; it carries {size} pieces")


def _with_symbols(corpus: Corpus, recipe: Recipe) -> tuple[Corpus, Sequence[str]]:
    """Return a corpus with symbols for placeholders, and the symbols; or the same corpus and none."""
    if not recipe.placeholders.symbols:
        return corpus, ()
    from transformer_cli.data.tokens.masked_corpus import masked_corpus

    own = PlaceholderProfile.of(recipe)
    return masked_corpus(corpus, finder(own.patterns, own.without, own.tags), SYMBOLS), SYMBOLS


def is_learned_from(run: RunDirectory, recipe: Recipe, data: str) -> bool:
    """Return whether the run's tokenizer was trained on exactly this data with exactly these settings."""
    record = _record_with(run, recipe)
    return record is not None and record.data == data


def _is_live(run: RunDirectory, recipe: Recipe) -> bool:
    """Return whether the run's tokenizer is the live version's and was trained with exactly these settings."""
    record, live = _record_with(run, recipe), ModelManifest.of(run.live_model)
    return record is not None and live is not None and record.fingerprint == live.tokenizer_sha256


def _take_back(run: RunDirectory, recipe: Recipe) -> bool:
    """Give the run the live version's tokenizer again, if that was trained with exactly these settings.

    The run's own is another one after a rollback, or if a version with a new tokenizer was not promoted.
    """
    live = ModelManifest.of(run.live_model)
    settings = fingerprints.of_tokenizer(recipe)
    if not (live and live.made_from and live.made_from.tokenizer == settings) or missing_file(run.live_model):
        return False
    learned_from = f"as version {run.live_version()}"  # no fingerprint, for that is not known
    keep_tokenizers(run, open_tokenizers(run.live_model, live), data=learned_from, settings=settings)
    logger.info(f"the tokenizer is that of version {run.live_version()}")
    return True


def _record_with(run: RunDirectory, recipe: Recipe) -> TokenizerRecord | None:
    """Return the record of the run's tokenizer, or None if it was trained with other settings."""
    record = TokenizerRecord.read_from(run.tokenizer_report)
    return record if record and record.settings == fingerprints.of_tokenizer(recipe) else None


def _is_whole(run: RunDirectory, *, shared: bool) -> bool:
    """Return whether the run's tokenizers are unchanged since they were written."""
    from transformer_cli.data.tokens.tokenizer import TokenizerPair

    record = TokenizerRecord.read_from(run.tokenizer_report)
    try:
        return record is not None and TokenizerPair.load(run.path, shared=shared).fingerprint == record.fingerprint
    except DamagedFileError:
        return False
