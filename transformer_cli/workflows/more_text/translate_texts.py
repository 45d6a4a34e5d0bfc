"""Translates texts in windows; each window is kept, so that a text is translated once."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from itertools import compress, islice
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from transformer_cli.artifacts.more_text.translation_store import TranslationStore
from transformer_cli.config import Recipe, SearchOverrides
from transformer_cli.decoding.engine import Sampling
from transformer_cli.decoding.minimum_bayes_risk import chrf, ngrams_by_length
from transformer_cli.workflows.more_text.agreement import Score
from transformer_cli.workflows.prepare.more_text.plan import DISTILLATION
from transformer_cli.workflows.prepare.more_text.work import Work, key_of
from transformer_cli.workflows.translate.settings import TranslationSettings
from transformer_cli.workflows.translate.translator import Translator

logger = logging.getLogger(__name__)

WINDOW = 2000
"""Number of texts that are translated between two changes of the disk; a kill loses at most one window."""

_SECONDS_BETWEEN_LOGS = 60

Translate = Callable[[Sequence[str]], Sequence[Sequence[str]]]
"""Gives each text its translations, best first: one, or those of the whole beam."""


def wants_whole_beam(recipe: Recipe, section: str) -> bool:
    """Return whether a section chooses among the translations of a beam."""
    return section == DISTILLATION and recipe.distillation.choose == "reference"


def settings_of(recipe: Recipe, section: str, device: str) -> TranslationSettings:
    """Return the settings with which the models of a section translate."""
    if section == DISTILLATION:
        return TranslationSettings(device=device, search=SearchOverrides(beam_size=recipe.distillation.beam_size))
    config = recipe.back_translation
    sampling = Sampling(seed=recipe.training.seed) if config.method == "sampling" else None
    return TranslationSettings(device=device, search=SearchOverrides(beam_size=config.beam_size), sampling=sampling)


@contextmanager
def translator(
    models: Sequence[Path], settings: TranslationSettings, *, whole_beam: bool = False
) -> Iterator[Callable[[], Translate]]:
    """Yield a function that loads models; they are closed at the end of the block.

    Args:
        models: Model directories; several are an ensemble.
        settings: The device, the search, and whether to draw at random.
        whole_beam: Whether to give all translations of the beam.
    """
    if len(models) > 1 or settings.sampling is not None:  # which exported engines do not do
        settings = replace(settings, engine="torch")
    threads = torch.get_num_threads()
    with ExitStack() as stack:

        def load() -> Translate:
            loaded = stack.enter_context(Translator.from_settings(models, settings))
            wanted = loaded.beam_size if whole_beam else 1

            def translate(texts: Sequence[str]) -> list[list[str]]:
                found = loaded.translate_detailed(texts, n_best=wanted, sampling=settings.sampling)
                return [[each.text, *(other.text for other in each.alternatives)] for each in found]

            return translate

        try:
            yield load
        finally:
            torch.set_num_threads(threads)  # an engine may have lowered it; a training must not depend on that


def translate_new(
    store: TranslationStore,
    work: Work,
    translate: Callable[[], Translate],
    scorer: Callable[[], Score] | None = None,
    *,
    what: str,
) -> tuple[NDArray[np.uint64], int]:
    """Translate each text that the store lacks.

    The windows follow from the order of the texts alone, so that they are the same after an interruption.

    Args:
        store: The translations so far.
        work: The texts; they are read twice, and only their hashes are kept.
        translate: Loads the models, and returns a function that translates a window; not called if nothing is new.
        scorer: Loads a model that scores each text as the translation of its translation, or None.
        what: The texts in words, for the log.

    Returns:
        The sorted hashes of all texts, and the number of texts that were translated now.

    Raises:
        TfmError: The store cannot be written, or a process that translates was killed.
    """
    hashes = work.keys()
    wanted, first = np.unique(hashes, return_index=True)
    is_new = np.zeros(len(hashes), np.bool_)
    is_new[first[~np.isin(wanted, store.keys())]] = True
    total = int(is_new.sum())
    if not total:
        return wanted, 0
    before = f"; {len(wanted) - total:,} have been translated before" if total < len(wanted) else ""
    logger.info(f"translating {total:,} {what}{before}")
    run, score = translate(), None if scorer is None else scorer()
    done, began = 0, time.monotonic()
    logged = began
    for window in _windows(compress(work, is_new.tobytes())):
        texts = [text for text, _ in window]
        found = run(texts)
        translations = [_chosen(each, reference) for each, (_, reference) in zip(found, window, strict=True)]
        scores = None if score is None else score(translations, texts)
        store.add([key_of(*each) for each in window], texts, translations, scores)
        done += len(window)
        if time.monotonic() - logged >= _SECONDS_BETWEEN_LOGS:
            logged = time.monotonic()
            logger.info(_progress(done, total, logged - began))
    logger.info(f"translated {total:,} {what} in {time.monotonic() - began:.0f} s")
    return wanted, total


def _progress(done: int, total: int, seconds: float) -> str:
    left = seconds / done * (total - done)
    return f"{done:,} of {total:,} translated, {done / seconds:,.0f} a second, {left / 60:.0f} min left"


def _windows(texts: Iterator[tuple[str, str]]) -> Iterator[list[tuple[str, str]]]:
    while window := list(islice(texts, WINDOW)):
        yield window


def _chosen(translations: Sequence[str], reference: str) -> str:
    """Return the first translation, or the one that is most like a reference."""
    if not reference or len(translations) == 1:
        return translations[0]
    wanted = ngrams_by_length(reference)
    return max(translations, key=lambda each: chrf(ngrams_by_length(each), wanted))  # the first of equals
