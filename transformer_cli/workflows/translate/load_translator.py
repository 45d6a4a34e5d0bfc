"""Chooses and loads the engine that translates with a model directory.

This module does not import torch at the top; an engine that needs torch is imported only when it is chosen.
"""

from __future__ import annotations

import gc
import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from transformer_cli.artifacts.engine_manifest import ENGINE_FOLDER, is_installed, read_manifest, weights_fingerprint
from transformer_cli.artifacts.model_manifest import ModelManifest, explain_damage, open_tokenizers
from transformer_cli.config import with_search
from transformer_cli.cores import available_cores
from transformer_cli.decoding.line_translator import LineTranslator
from transformer_cli.decoding.source_forms import rules_of
from transformer_cli.decoding.text_rules import TextRules
from transformer_cli.errors import DamagedFileError, TfmError, UsageError
from transformer_cli.workflows.translate.read_glossary import glossary_of
from transformer_cli.workflows.translate.settings import TranslationSettings

logger = logging.getLogger(__name__)

if TYPE_CHECKING:
    from transformer_cli.data.tokens.tokenizer import TokenizerPair
    from transformer_cli.decoding.ctranslate2_engine import CTranslate2Engine


def load_translator(models: Sequence[Path], settings: TranslationSettings = TranslationSettings()) -> LineTranslator:
    """Load a model directory into an engine.

    A warning is logged if torch is used because the exported engine cannot do the work.

    Args:
        models: A model directory, or several with the same vocabulary for an ensemble.
        settings: The engine, the search, and the options that the engine has to support.

    Raises:
        DamagedFileError: The model is incomplete or damaged.
        TfmError: The engine requested by name is not available.
        UsageError: There is no such device, or a search setting is out of its range.
    """
    if settings.engine != "torch":
        try:
            engine, tokenizers, rules = _load_exported(models, settings)
        except _NotExportedError as error:
            if settings.engine == "ctranslate2":
                raise TfmError(f"--engine ctranslate2: {error}") from None
        except _UnfitError as error:
            if settings.engine == "ctranslate2":
                raise UsageError(f"--engine ctranslate2: {error}") from None
            logger.warning(f"{error}; torch translates instead")
        else:
            if settings.engine == "ctranslate2":
                return LineTranslator(engine, tokenizers, rules, settings.target_language)
            from transformer_cli.decoding.fallback_engine import FallbackEngine

            # The threads of CTranslate2 have computed in this process.
            not_alone = replace(settings, owns_process=False)
            either = FallbackEngine(engine, lambda: _load_torch(models, not_alone).engine)
            return LineTranslator(either, tokenizers, rules, settings.target_language)
    return _load_torch(models, settings)


def _load_torch(models: Sequence[Path], settings: TranslationSettings) -> LineTranslator:
    # Imported here so that errors that do not involve torch are reported before its slow import.
    with _no_garbage_collected():
        from transformer_cli.workflows.translate.load_torch import load_torch_translator

    return load_torch_translator(models, settings)


@contextmanager
def _no_garbage_collected() -> Iterator[None]:
    """Turn off garbage collection in the block.

    Importing torch leaves no garbage, and the search for it takes a sixth of the import time.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


class _NotExportedError(TfmError):
    """There is no exported engine, or no library that can run it."""


class _UnfitError(TfmError):
    """There is an exported engine, but it does not support the requested options."""


def _unsupported_setting(models: Sequence[Path], settings: TranslationSettings) -> str | None:
    """Return the unsupported setting of exported engines, as words that follow "cannot", or None if there is none."""
    if len(models) > 1:
        return "join several models"
    if settings.precision != "auto":
        return "compute in another precision than its own"
    from transformer_cli.decoding.ctranslate2_engine import unsupported_option

    return unsupported_option(
        sampling=settings.sampling, with_alignment=settings.with_alignment, has_prefix=bool(settings.prefix)
    )


def _load_exported(
    models: Sequence[Path], settings: TranslationSettings
) -> tuple[CTranslate2Engine, TokenizerPair, TextRules]:
    model = models[0]
    folder = model / ENGINE_FOLDER
    exported = read_manifest(folder)
    if exported is None:
        raise _NotExportedError(f"no exported engine in {folder}; run `tfm export --to ctranslate2 --model {model}`")
    if not is_installed():
        raise _NotExportedError(
            "CTranslate2 is not there or cannot be loaded; run `pip install 'transformer-cli[fast]'`"
        )
    import ctranslate2

    from transformer_cli.decoding.ctranslate2_engine import CTranslate2Engine
    from transformer_cli.decoding.kept_lines import right_engine

    device = settings.device
    if device not in ("auto", "cpu"):
        raise _UnfitError(f"the exported engine runs on the CPU, not on {device}")
    if device == "auto" and ctranslate2.get_cuda_device_count() > 0:
        raise _UnfitError("the exported engine runs on the CPU and here is a GPU; --device cpu keeps to the CPU")
    unsupported = _unsupported_setting(models, settings)
    if unsupported is not None:
        raise _UnfitError(f"the exported engine cannot {unsupported}")
    with explain_damage(model):
        if weights_fingerprint(model) != exported.weights:
            raise _UnfitError(f"{folder} was exported from other weights; run `tfm export --to ctranslate2` again")
        manifest = ModelManifest.load(model)
        tokenizers = open_tokenizers(model, manifest)
    if settings.glossary is not None and not settings.glossary_hints and not tokenizers.source.symbols:
        raise _UnfitError("the exported engine cannot place terms, because its model was trained without symbols")
    decoding = with_search(manifest.decoding, settings.search)
    load = partial(
        CTranslate2Engine,
        folder,
        decoding,
        max_length=manifest.model.max_length,
        num_positions=exported.num_positions,
        threads=settings.threads or available_cores(),
    )
    try:
        engine = right_engine(folder, lambda compute_type: load(compute_type=compute_type))
    except DamagedFileError as error:
        raise _UnfitError(f"{error}; run `tfm export --to ctranslate2` again") from None
    languages = settings.languages(manifest.languages)
    rules = rules_of(
        manifest.text,
        languages,
        tokenizers.source,
        split=settings.split_sentences,
        keeps_placeholders=True,
        glossary=glossary_of(settings, languages),
        glossary_hints=settings.glossary_hints,
    )
    return engine, tokenizers, rules
