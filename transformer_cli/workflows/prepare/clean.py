"""Reads and cleans the corpora of a recipe, each only if it or the rules have changed since."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path

from transformer_cli.config import CorpusConfig
from transformer_cli.data.cleaning.cache import CleanedCorpus, open_cleaned, write_cleaned
from transformer_cli.data.cleaning.rules import PairCleaner
from transformer_cli.data.corpora import SentencePair, read_corpus
from transformer_cli.data.corpora.reading_progress import log_reading, warn_of_figures
from transformer_cli.errors import DataError
from transformer_cli.files.os_errors import explain_os_errors
from transformer_cli.workflows.locate.recipe import LocatedRecipe
from transformer_cli.workflows.prepare.inputs import Inputs, check_unchanged

logger = logging.getLogger(__name__)


def clean_corpora(located: LocatedRecipe, inputs: Inputs, folder: Path) -> list[CleanedCorpus]:
    """Return the fit pairs of each corpus of ``data.train``.

    Args:
        located: The recipe and where its files are.
        inputs: What the files were before they were read.
        folder: Where they are kept from one preparation to the next.

    Raises:
        DataError: A corpus cannot be used, or a file changed meanwhile.
    """
    cleaned = []
    for corpus, fingerprint in zip(located.recipe.data.train, inputs.corpora, strict=True):
        place = folder / fingerprint[:16]
        known = open_cleaned(place)
        if known is None:
            logger.info(f"reading {corpus.path}")
            known = _clean(located, corpus, place)
        cleaned.append(known)
    try:
        check_unchanged(inputs)
    except DataError:
        forget_others(folder, [])  # what was read is not what its name stands for
        raise
    return cleaned


def forget_others(folder: Path, cleaned: Sequence[CleanedCorpus]) -> None:
    """Delete what is in ``folder`` besides ``cleaned``: corpora that have changed, and what a killed process left."""
    wanted = {corpus.folder.name for corpus in cleaned}
    with explain_os_errors(folder):
        for path in folder.iterdir():
            if path.name not in wanted:
                shutil.rmtree(path) if path.is_dir() else path.unlink()


def _clean(located: LocatedRecipe, corpus: CorpusConfig, place: Path) -> CleanedCorpus:
    cleaning = located.recipe.cleaning
    cleaned = write_cleaned(place, _read(located, corpus), PairCleaner(cleaning, located.recipe.languages))
    if cleaned.kept or not cleaned.dropped.get("non_text"):
        return cleaned
    # Figures among sentences are noise; a corpus of nothing else is meant to be learned.
    warn_of_figures(corpus.path)
    shutil.rmtree(place)
    without = cleaning.model_copy(update={"non_text": False})
    return write_cleaned(place, _read(located, corpus), PairCleaner(without, located.recipe.languages))


def _read(located: LocatedRecipe, corpus: CorpusConfig) -> Iterator[SentencePair]:
    recipe = located.recipe
    columns = None
    if corpus.source_column is not None and corpus.target_column is not None:
        columns = (corpus.source_column, corpus.target_column)
    folder = located.folder / recipe.data.folder
    pairs = read_corpus(corpus.path, recipe.languages, folder, part="train", columns=columns)
    return log_reading(pairs, corpus.path)
