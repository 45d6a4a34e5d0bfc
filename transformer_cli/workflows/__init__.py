"""What the commands do, each as a function without a terminal: ``from transformer_cli.workflows import train``.

A function is imported when it is first asked for, so that scoring needs no torch and help needs nothing.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from transformer_cli.workflows.initialization import init as init
    from transformer_cli.workflows.inspection import inspect as inspect
    from transformer_cli.workflows.located_recipe import resolve_recipe as resolve_recipe
    from transformer_cli.workflows.model_export import export as export
    from transformer_cli.workflows.preparation import prepare as prepare
    from transformer_cli.workflows.run_report import write_report as write_report
    from transformer_cli.workflows.scoring import score as score
    from transformer_cli.workflows.tokenizer_training import train_tokenizer as train_tokenizer
    from transformer_cli.workflows.training_run import train as train
    from transformer_cli.workflows.translation import translate as translate

_MODULES = {
    "export": "model_export",
    "init": "initialization",
    "inspect": "inspection",
    "prepare": "preparation",
    "resolve_recipe": "located_recipe",
    "score": "scoring",
    "train": "training_run",
    "train_tokenizer": "tokenizer_training",
    "translate": "translation",
    "write_report": "run_report",
}

__all__ = [
    "export",
    "init",
    "inspect",
    "prepare",
    "resolve_recipe",
    "score",
    "train",
    "train_tokenizer",
    "translate",
    "write_report",
]


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_MODULES[name]}"), name)
