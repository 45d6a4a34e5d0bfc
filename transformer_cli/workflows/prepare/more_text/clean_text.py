"""Cleans text of one language: single sentences first, then each among all others."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from transformer_cli.artifacts.preparation_report import PreparationReport
from transformer_cli.config import CleaningConfig, LanguagesConfig, Recipe
from transformer_cli.data.arrow_arrays import number_array
from transformer_cli.data.cleaning.cache import CleanedCorpus, open_cleaned, write_cleaned
from transformer_cli.data.cleaning.rules import CleaningReport, PairCleaner
from transformer_cli.data.corpora import named_texts, read_text
from transformer_cli.data.corpora.reading_progress import log_reading
from transformer_cli.data.splits.files import TEXTS, SplitFiles
from transformer_cli.data.splits.write import split_writer
from transformer_cli.workflows.locate.recipe import LocatedRecipe
from transformer_cli.workflows.prepare.inputs import Inputs
from transformer_cli.workflows.prepare.more_text.held_out_sentences import HeldOutSentences
from transformer_cli.workflows.prepare.more_text.plan import make_plans
from transformer_cli.workflows.prepare.more_text.work import count_untranslated

logger = logging.getLogger(__name__)

_KEPT, _HELD_OUT, _REPEATED = range(3)


def clean_texts(located: LocatedRecipe, inputs: Inputs, folder: Path) -> list[CleanedCorpus]:
    """Return the clean sentences of each of `named_texts`, as both sides of pairs.

    Args:
        located: The recipe and the folder of its files.
        inputs: The state of the files before they are read.
        folder: The folder that keeps clean sentences from one preparation to the next.

    Raises:
        DataError: A text cannot be used.
        ModelNotFoundError: A model that is to translate is not there.
    """
    make_plans(located)  # a model that is missing is reported before hours of preparation
    recipe, cleaned = located.recipe, []
    # Rules that compare two sides have no meaning here.
    rules = recipe.cleaning.model_copy(update={"identical": False, "length_ratio": False})
    for named, fingerprint in zip(named_texts(recipe), inputs.texts, strict=True):
        language = getattr(recipe.languages, named.side)
        both = LanguagesConfig.model_construct(source=language, target=language)
        cache = folder / fingerprint[:16]
        text = open_cleaned(cache)
        if text is None:
            logger.info(f"reading {named.name}")
            sentences = read_text(named, recipe.languages, located.folder / recipe.data.folder)
            text = write_cleaned(cache, log_reading(sentences, named.name), PairCleaner(rules, both))
        cleaned.append(text)
    return cleaned


def add_texts(
    data: Path,
    located: LocatedRecipe,
    texts: Sequence[CleanedCorpus],
    *,
    fingerprint: str,
    report: PreparationReport,
) -> None:
    """Write the text, if there is any, and report how much of it and of the training sources is to be translated.

    Args:
        data: The folder of all splits, which has the others.
        located: The recipe and the run directory, which has earlier translations.
        texts: The clean sentences of each text.
        fingerprint: The fingerprint of the prepared data.
        report: Receives the counts.
    """
    named = named_texts(located.recipe)
    for side in dict.fromkeys(text.side for text in named):
        own = [(text.name, cleaned) for text, cleaned in zip(named, texts, strict=True) if text.side == side]
        files = SplitFiles(data, TEXTS[side], located.recipe.languages)
        _write_texts(files, own, located.recipe, fingerprint=fingerprint, reports=report.texts)
    for section, (wanted, known, some) in count_untranslated(located, data).items():
        report.to_translate[section], report.to_try[section] = (wanted, known), some


def _write_texts(
    files: SplitFiles,
    texts: Sequence[tuple[str, CleanedCorpus]],
    recipe: Recipe,
    *,
    fingerprint: str,
    reports: dict[str, CleaningReport],
) -> None:
    """Write the sentences that have not occurred before and are in no validation or test set, and count them.

    Args:
        files: The files to write; the folder of all splits has the validation and test sets.
        texts: The name of each text, and its clean sentences.
        recipe: The rules.
        fingerprint: The fingerprint of the prepared data.
        reports: Receives the counts of each name.
    """
    held_out = np.array(sorted(HeldOutSentences(files.data, recipe).keys), np.uint64)
    keys = [text.hashes("target_key") for _, text in texts]
    fates = _fates(keys, [text.hashes("pair") for _, text in texts], held_out, recipe.cleaning)
    rules = ("held_out", "near_duplicate" if recipe.cleaning.near_duplicate else "duplicate")
    first = 0
    with split_writer(files, fingerprint=fingerprint) as write:
        for name, text in texts:
            kept, *dropped = np.bincount(fates[first : first + text.kept], minlength=3).tolist()
            counted = {rule: count for rule, count in zip(rules, dropped, strict=True) if count}
            report = CleaningReport(text.read, kept, {**text.dropped, **counted})
            reports[name] = reports.get(name, CleaningReport()) + report
            for batch in text.batches():
                write(batch.take(number_array(np.flatnonzero(fates[first : first + len(batch)] == _KEPT))))
                first += len(batch)


def _fates(
    keys: list[NDArray[np.uint64]], exact: list[NDArray[np.uint64]], held_out: NDArray[np.uint64], rules: CleaningConfig
) -> NDArray[np.uint8]:
    """Return the fate of each sentence, by the hashes of the folded sentences and of the exact ones."""
    all_keys = np.concatenate([np.empty(0, np.uint64), *keys])
    fates = np.zeros(len(all_keys), np.uint8)
    if rules.near_duplicate or rules.duplicate:
        compared = all_keys if rules.near_duplicate else np.concatenate([np.empty(0, np.uint64), *exact])
        fates[:] = _REPEATED
        fates[np.unique(compared, return_index=True)[1]] = _KEPT
    fates[np.isin(all_keys, held_out)] = _HELD_OUT
    return fates
