"""Which engine translates with a model directory, and how it is made ready.

What is imported here needs no torch; an engine that does imports it when it is chosen.
"""

from __future__ import annotations

import gc
import logging
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

from transformer_cli.artifacts.engine_manifest import ENGINE_FOLDER, is_installed, read_manifest, weights_fingerprint
from transformer_cli.artifacts.model_description import ModelDescription, damaged_model, read_description, with_search
from transformer_cli.decoding.engine import BEST_ONLY, SearchOptions
from transformer_cli.decoding.translator import Translator
from transformer_cli.errors import DamagedFileError, TfmError, UsageError
from transformer_cli.files.os_errors import explain_os_errors

logger = logging.getLogger(__name__)

EngineName = Literal["auto", "torch", "ctranslate2"]


def load_translator(
    model: Path,
    *,
    others: Sequence[Path] = (),
    engine: EngineName = "auto",
    device: str = "auto",
    threads: int | None = None,
    precision: str = "auto",
    search: dict[str, Any] | None = None,
    options: SearchOptions = BEST_ONLY,
    prefix: str = "",
) -> Translator:
    """Read a model directory and put it into an engine; logs a warning where torch has to do an exported one's work.

    Args:
        model: A model directory.
        others: More of them, of the same vocabulary, which translate together with it.
        engine: "auto" takes the exported engine where there is one that can do what is asked, else torch.
        device: "auto", "cpu", "cuda" ...
        threads: Threads of the arithmetic, and processes for large inputs; None: as many as there are cores.
        precision: Type of the matrix products: "float32", "bfloat16", or "auto", which is bfloat16 where it is much
            faster and the model is not small.
        search: Fields of ``[decoding]`` to use instead of the model's own; None leaves one as it is.
        options: What is asked of the engine.
        prefix: What every translation is to begin with.

    Raises:
        DamagedFileError: The model is not whole.
        TfmError: The engine asked for by name cannot be had.
        UsageError: There is no such device, or a search setting is out of its range.
    """
    if engine != "torch":
        try:
            if others or prefix or precision != "auto":
                what = "compute in another precision than its own"
                what = "join several models" if others else "begin with a prefix" if prefix else what
                raise _unfit_or_absent(model, what)
            return _load_exported(model, device, threads, search, options)
        except _NotExportedError as error:
            if engine == "ctranslate2":
                raise TfmError(f"--engine ctranslate2: {error}") from None
        except _UnfitError as error:
            if engine == "ctranslate2":
                raise UsageError(f"--engine ctranslate2: {error}") from None
            logger.warning(f"{error}; torch translates instead")
    # Imported here: what can go wrong without torch should not wait for it.
    with _no_garbage_collected():
        from transformer_cli.workflows.translate.load_torch import load_torch_translator

    return load_torch_translator(
        [model, *others],
        device=device,
        threads=threads,
        precision=precision,
        search=search,
        options=options,
        prefix=prefix,
    )


@contextmanager
def _no_garbage_collected() -> Iterator[None]:
    """Do without in the block: an import leaves none, and looking for it is a sixth of the time that torch's takes."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


class _NotExportedError(TfmError):
    """There is no exported engine, or nothing that could run it."""


class _UnfitError(TfmError):
    """There is an exported engine, but it cannot do what is asked."""


def _unfit_or_absent(model: Path, what: str) -> TfmError:
    if read_manifest(model / ENGINE_FOLDER) is None:
        return _NotExportedError("it cannot " + what)
    return _UnfitError(f"the exported engine cannot {what}")


def _load_exported(
    model: Path, device: str, threads: int | None, search: dict[str, Any] | None, options: SearchOptions
) -> Translator:
    folder = model / ENGINE_FOLDER
    manifest = read_manifest(folder)
    if manifest is None:
        raise _NotExportedError(f"no exported engine in {folder}; run `tfm export --to ctranslate2 --model {model}`")
    if not is_installed():
        raise _NotExportedError("CTranslate2 is not installed; run `pip install 'transformer-cli[fast]'`")
    import ctranslate2

    from transformer_cli.decoding.ctranslate2_engine import CTranslate2Engine, unsupported_option

    if device not in ("auto", "cpu"):
        raise _UnfitError(f"the exported engine runs on the CPU, not on {device}")
    if device == "auto" and ctranslate2.get_cuda_device_count() > 0:
        raise _UnfitError("the exported engine runs on the CPU and here is a GPU; --device cpu keeps to the CPU")
    missing = unsupported_option(options)
    if missing is not None:
        raise _UnfitError(f"the exported engine cannot {missing}")
    try:
        with explain_os_errors(model, "read", DamagedFileError):
            is_of_these_weights = weights_fingerprint(model) == manifest.weights
    except DamagedFileError as error:
        raise damaged_model(model, error) from None
    if not is_of_these_weights:
        raise _UnfitError(f"{folder} was exported from other weights; run `tfm export --to ctranslate2` again")
    described = _describe(model)
    decoding = with_search(described.decoding, search)
    try:
        engine = CTranslate2Engine(
            folder,
            decoding,
            max_length=described.model.max_length,
            num_positions=manifest.num_positions,
            threads=threads or _available_threads(),
        )
    except DamagedFileError as error:
        raise _UnfitError(f"{error}; run `tfm export --to ctranslate2` again") from None
    return Translator(engine, described.tokenizers, options)


def _describe(model: Path) -> ModelDescription:
    try:
        with explain_os_errors(model, "read", DamagedFileError):
            return read_description(model)
    except DamagedFileError as error:
        raise damaged_model(model, error) from None


def _available_threads() -> int:
    """Return how many threads this process may use: ``OMP_NUM_THREADS``, else the processors it may run on."""
    wanted = os.environ.get("OMP_NUM_THREADS", "")
    if wanted.isdecimal() and int(wanted) > 0:
        return int(wanted)
    affinity = getattr(os, "sched_getaffinity", None)  # Linux
    return len(affinity(0)) if affinity else os.cpu_count() or 1
