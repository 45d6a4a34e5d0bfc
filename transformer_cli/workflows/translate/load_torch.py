"""Loads model directories into the torch engine."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path

import torch

from transformer_cli.artifacts.model_directory import open_model
from transformer_cli.config import with_search
from transformer_cli.cores import has_linux
from transformer_cli.decoding.line_translator import LineTranslator
from transformer_cli.decoding.pytorch.parallel_engine import ParallelEngine
from transformer_cli.decoding.pytorch.torch_engine import TorchEngine
from transformer_cli.decoding.source_forms import rules_of
from transformer_cli.device import choose_device, choose_precision, has_fast_bfloat16, limit_threads, manage_memory
from transformer_cli.errors import UsageError
from transformer_cli.workflows.translate.read_glossary import glossary_of
from transformer_cli.workflows.translate.settings import TranslationSettings

logger = logging.getLogger(__name__)

_LARGE = 512
"""Smallest d_model for which bfloat16 is used: here matrix products take most of the time."""


def load_torch_translator(models: Sequence[Path], settings: TranslationSettings) -> LineTranslator:
    """Load one model, or several as an ensemble; see `load_translator`."""
    if settings.threads is None:
        limit_threads()
    else:
        torch.set_num_threads(settings.threads)
    manage_memory()
    chosen = choose_device(settings.device)
    first, *others = loaded = [open_model(model, chosen) for model in models]
    for folder, other in zip(models[1:], others, strict=True):
        if other.tokenizers.fingerprint != first.tokenizers.fingerprint:
            raise UsageError(
                f"{folder} has another vocabulary than {models[0]}; models that translate together must share their "
                "tokenizer: train them on the same prepared data with different seeds"
            )
    precision = settings.precision
    if precision == "bfloat16" and not has_fast_bfloat16(chosen):
        logger.warning("bfloat16 is slow on this machine; --precision auto takes float32 here")
    if precision == "auto" and chosen.type == "cpu":
        is_large = first.model.config.d_model >= _LARGE
        precision = "bfloat16" if is_large and has_fast_bfloat16(chosen) else "float32"
    engine = TorchEngine(
        [each.model for each in loaded],
        with_search(first.decoding, settings.search),
        precision=choose_precision(precision, chosen),
    )
    workers = torch.get_num_threads() if chosen.type == "cpu" and has_linux() else 1
    parallel = ParallelEngine(engine, workers=workers, owns_process=settings.owns_process) if workers > 1 else engine
    languages = settings.languages(first.languages)
    rules = rules_of(
        first.text,
        languages,
        first.tokenizers.source,
        split=settings.split_sentences,
        keeps_placeholders=True,
        glossary=glossary_of(settings, languages),
        glossary_hints=settings.glossary_hints,
    )
    return LineTranslator(parallel, first.tokenizers, rules, settings.target_language)
