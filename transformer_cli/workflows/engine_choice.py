"""Which engine translates with a model directory, and how it is made ready.

What is imported here needs no torch; an engine that does imports it when it is chosen.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from transformer_cli.decoding.engine import BEST_ONLY, SearchOptions
from transformer_cli.decoding.translator import Translator
from transformer_cli.errors import DamagedFileError, UsageError
from transformer_cli.textio import explain_os_errors


def load_translator(
    model: Path,
    *,
    device: str = "auto",
    threads: int | None = None,
    search: dict[str, Any] | None = None,
    options: SearchOptions = BEST_ONLY,
    warn: Callable[[str], None] = lambda _: None,
) -> Translator:
    """Read a model directory and put it into an engine.

    Args:
        model: A model directory.
        device: "auto", "cpu", "cuda" ...
        threads: Threads of the arithmetic; None leaves them to the engine.
        search: Fields of ``[decoding]`` to use instead of the model's own; None leaves one as it is.
        options: What is asked of the engine.
        warn: Called with one line where the engine that was wanted could not be had.

    Raises:
        DamagedFileError: The model is not whole.
        UsageError: There is no such device, or a search setting is out of its range.
    """
    # Imported here: what can go wrong without torch should not wait for it.
    import torch
    from pydantic import ValidationError

    from transformer_cli.config import DecodingConfig
    from transformer_cli.decoding.torch_engine import TorchEngine
    from transformer_cli.device import choose_device
    from transformer_cli.workflows.model_directory import load_model_directory

    if threads is not None:
        torch.set_num_threads(threads)
    try:
        with explain_os_errors(model, "read", DamagedFileError):
            loaded = load_model_directory(model, choose_device(device))
        given = {key: value for key, value in (search or {}).items() if value is not None}
        decoding = DecodingConfig(**{**loaded.decoding.model_dump(), **given})
    except DamagedFileError as error:
        raise DamagedFileError(f"{error}; copy the model anew, or remove {model} and run `tfm train`") from None
    except ValidationError as error:
        finding = error.errors(include_url=False)[0]
        raise UsageError(f"{finding['loc'][0]} is {finding['input']}: {finding['msg'].lower()}") from None
    return Translator(TorchEngine(loaded.model, decoding), loaded.tokenizers, options)
