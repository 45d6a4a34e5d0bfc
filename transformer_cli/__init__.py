"""Train a Transformer on your own sentence pairs and translate with it, from the shell or from Python.

`Translator` holds a model that is loaded once. Each function does the same as the command of its name, without a
terminal. Each name is imported at its first use, so scoring needs no torch and help needs no import at all.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from transformer_cli.version import __version__ as __version__

if TYPE_CHECKING:
    from transformer_cli.config import SearchOverrides as SearchOverrides
    from transformer_cli.decoding.engine import Sampling as Sampling
    from transformer_cli.workflows.export.export import export as export
    from transformer_cli.workflows.import_model import import_model as import_model
    from transformer_cli.workflows.init.init import init as init
    from transformer_cli.workflows.inspect import inspect as inspect
    from transformer_cli.workflows.locate.recipe import resolve_recipe as resolve_recipe
    from transformer_cli.workflows.prepare.prepare import prepare as prepare
    from transformer_cli.workflows.report import write_report as write_report
    from transformer_cli.workflows.score.score import score as score
    from transformer_cli.workflows.score.score_pairs import score_pairs as score_pairs
    from transformer_cli.workflows.train.train import train as train
    from transformer_cli.workflows.train_tokenizer import train_tokenizer as train_tokenizer
    from transformer_cli.workflows.translate.settings import TranslationSettings as TranslationSettings
    from transformer_cli.workflows.translate.translate import translate as translate
    from transformer_cli.workflows.translate.translator import Translator as Translator

_MODULES = {
    "Sampling": "decoding.engine",
    "SearchOverrides": "config",
    "TranslationSettings": "workflows.translate.settings",
    "Translator": "workflows.translate.translator",
    "export": "workflows.export.export",
    "import_model": "workflows.import_model",
    "init": "workflows.init.init",
    "inspect": "workflows.inspect",
    "prepare": "workflows.prepare.prepare",
    "resolve_recipe": "workflows.locate.recipe",
    "score": "workflows.score.score",
    "score_pairs": "workflows.score.score_pairs",
    "train": "workflows.train.train",
    "train_tokenizer": "workflows.train_tokenizer",
    "translate": "workflows.translate.translate",
    "write_report": "workflows.report",
}

__all__ = [
    "Sampling",
    "SearchOverrides",
    "TranslationSettings",
    "Translator",
    "__version__",
    "export",
    "import_model",
    "init",
    "inspect",
    "prepare",
    "resolve_recipe",
    "score",
    "score_pairs",
    "train",
    "train_tokenizer",
    "translate",
    "write_report",
]


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_MODULES[name]}"), name)
