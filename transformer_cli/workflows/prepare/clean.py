"""Reads and cleans the corpora of a recipe; reads a corpus again only if it or the rules have changed."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path

from transformer_cli.config import CorpusConfig
from transformer_cli.data.cleaning.cache import CleanedCorpus, open_cleaned, write_cleaned
from transformer_cli.data.cleaning.meaning import KNOWN_FILES
from transformer_cli.data.cleaning.rules import PairCleaner
from transformer_cli.data.corpora import SentencePair, read_corpus
from transformer_cli.data.corpora.reading_progress import log_reading, warn_of_figures
from transformer_cli.data.sides.check import check_sides
from transformer_cli.errors import DataError
from transformer_cli.files.os_errors import explain_os_errors
from transformer_cli.workflows.locate.recipe import LocatedRecipe
from transformer_cli.workflows.prepare.inputs import Inputs, check_unchanged

logger = logging.getLogger(__name__)


def clean_corpora(located: LocatedRecipe, inputs: Inputs, folder: Path) -> list[CleanedCorpus]:
    """Return the clean pairs of each corpus of ``data.train``.

    Args:
        located: The recipe and the folder of its files.
        inputs: The state of the files before they are read.
        folder: The folder that keeps clean pairs from one preparation to the next.

    Raises:
        DataError: A corpus cannot be used, or a file changed while it was read.
    """
    cleaned = []
    for corpus, fingerprint in zip(located.recipe.data.train, inputs.corpora, strict=True):
        cache = folder / fingerprint[:16]
        pairs = open_cleaned(cache)
        if pairs is None:
            logger.info(f"reading {corpus}")
            pairs = _clean(located, corpus, cache)
        cleaned.append(pairs)
    try:
        check_unchanged(inputs)
    except DataError:
        forget_others(folder, [])  # the file names are fingerprints of other contents
        raise
    return cleaned


def forget_others(folder: Path, cleaned: Sequence[CleanedCorpus]) -> None:
    """Delete all files in ``folder`` except ``cleaned``: changed corpora, and the remains of a killed process."""
    names = {corpus.folder.name for corpus in cleaned}
    with explain_os_errors(folder):
        for path in folder.iterdir():
            if path.name not in names and not path.match(KNOWN_FILES):
                shutil.rmtree(path) if path.is_dir() else path.unlink()


def _clean(located: LocatedRecipe, corpus: CorpusConfig, cache: Path) -> CleanedCorpus:
    cleaning = located.recipe.cleaning
    cleaned = write_cleaned(cache, _read(located, corpus), PairCleaner(cleaning, located.recipe.languages))
    if cleaned.kept or not cleaned.dropped.get("non_text"):
        return cleaned
    # Figures among sentences are noise, but a corpus of figures alone is meant to be learned.
    warn_of_figures(str(corpus))
    shutil.rmtree(cache)
    without = cleaning.model_copy(update={"non_text": False})
    return write_cleaned(cache, _read(located, corpus), PairCleaner(without, located.recipe.languages))


def _read(located: LocatedRecipe, corpus: CorpusConfig) -> Iterator[SentencePair]:
    recipe = located.recipe
    folder = located.folder / recipe.data.folder
    pairs = log_reading(read_corpus(corpus, recipe.languages, folder, part="train"), str(corpus))
    return check_sides(pairs, corpus, recipe.languages) if recipe.data.check_sides else pairs
