"""Model directories put into this program's own engine."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import torch

from transformer_cli.decoding.engine import SearchOptions
from transformer_cli.decoding.parallel_engine import ParallelEngine
from transformer_cli.decoding.torch_engine import TorchEngine
from transformer_cli.decoding.translator import Translator
from transformer_cli.device import choose_device, choose_precision, has_fast_bfloat16, keep_freed_memory
from transformer_cli.errors import DamagedFileError
from transformer_cli.textio import explain_os_errors
from transformer_cli.workflows.model_description import damaged_model, with_search
from transformer_cli.workflows.model_directory import load_model_directory

_LARGE = 512
"""From this d_model on the products take so much of the time that bfloat16 pays."""


def load_torch_translator(
    model: Path,
    *,
    device: str,
    threads: int | None,
    precision: str,
    search: dict[str, Any] | None,
    options: SearchOptions,
) -> Translator:
    """Read a model directory; see `load_translator`."""
    if threads is not None:
        torch.set_num_threads(threads)
    keep_freed_memory()
    chosen = choose_device(device)
    try:
        with explain_os_errors(model, "read", DamagedFileError):
            loaded = load_model_directory(model, chosen)
    except DamagedFileError as error:
        raise damaged_model(model, error) from None
    decoding = with_search(loaded.decoding, search)
    if precision == "auto" and chosen.type == "cpu":
        is_large = loaded.model.config.d_model >= _LARGE
        precision = "bfloat16" if is_large and has_fast_bfloat16() else "float32"
    engine = TorchEngine(loaded.model, decoding, precision=choose_precision(precision, chosen))
    can_fork = chosen.type == "cpu" and torch.get_num_threads() > 1 and sys.platform == "linux"
    parallel = ParallelEngine(engine, workers=torch.get_num_threads()) if can_fork else engine
    return Translator(parallel, loaded.tokenizers, options)
