"""Translates windows of text with the models of a section."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import torch

from transformer_cli.config import Recipe, SearchOverrides
from transformer_cli.decoding.engine import Sampling
from transformer_cli.decoding.minimum_bayes_risk import chrf, ngrams_by_length
from transformer_cli.workflows.more_text.agreement import Score
from transformer_cli.workflows.prepare.more_text.plan import DISTILLATION
from transformer_cli.workflows.translate.settings import TranslationSettings
from transformer_cli.workflows.translate.translator import Translator

Translate = Callable[[Sequence[str]], Sequence[Sequence[str]]]
"""Gives each text its translations, best first: one, or those of the whole beam."""

Window = Sequence[tuple[str, str]]
"""Texts, each with a reference that its translation is to be like, or with ""."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What the models say of a window.

    Args:
        translations: The translation of each text.
        scores: The score of each translation, if a model judges them.
    """

    translations: Sequence[str]
    scores: Sequence[float] | None


TranslateWindow = Callable[[Window], Answer]


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


def window_translator(translate: Translate, score: Score | None) -> TranslateWindow:
    """Return a function that translates windows.

    Args:
        translate: Gives each text its translations.
        score: Scores each text as the translation of its translation, or None.
    """

    def answer(window: Window) -> Answer:
        texts = [text for text, _ in window]
        found = translate(texts)
        translations = [_chosen(each, reference) for each, (_, reference) in zip(found, window, strict=True)]
        return Answer(translations, None if score is None else score(translations, texts))

    return answer


def _chosen(translations: Sequence[str], reference: str) -> str:
    """Return the first translation, or the one that is most like a reference."""
    if not reference or len(translations) == 1:
        return translations[0]
    wanted = ngrams_by_length(reference)
    return max(translations, key=lambda each: chrf(ngrams_by_length(each), wanted))  # the first of equals
