"""The ``tfm export`` workflow: writes a model in the format of another library and checks it against our search."""

from __future__ import annotations

import importlib.util
import logging
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import torch

from transformer_cli.artifacts.engine_manifest import (
    ENGINE_FOLDER,
    EngineManifest,
    is_installed,
    longest_positions,
    read_manifest,
    weights_fingerprint,
    write_manifest,
)
from transformer_cli.artifacts.model_directory import LoadedModel, open_model
from transformer_cli.artifacts.model_manifest import CARD_FILE, ModelManifest
from transformer_cli.data.tokens.tokenizer import Tokenizer
from transformer_cli.decoding.line_translator import LineTranslator, Translation
from transformer_cli.decoding.pytorch.torch_engine import TorchEngine
from transformer_cli.device import limit_threads
from transformer_cli.errors import TfmError, UsageError, require_one_of
from transformer_cli.files.os_errors import explain_os_errors
from transformer_cli.interchange.argos import (
    LONGEST_SOURCE,
    package_name,
    require_packable,
    write_argos_package,
)
from transformer_cli.interchange.huggingface import write_huggingface_model
from transformer_cli.workflows.export.agreement import (
    Agreement,
    HeldOutLines,
    compare,
    ending_by_themselves,
    held_out_lines,
    searched_otherwise,
)
from transformer_cli.workflows.export.export_folder import export_folder
from transformer_cli.workflows.locate.model import find_model

logger = logging.getLogger(__name__)

if TYPE_CHECKING:
    from transformer_cli.decoding.ctranslate2_engine import CTranslate2Engine

Format = Literal["ctranslate2", "huggingface", "argos"]
Quantization = Literal["auto", "float32", "float16", "bfloat16", "int16", "int8"]

_COMPARED_LINES = 200
_COMPARED_WITH_TRANSFORMERS = 50  # number of lines; takes transformers some seconds
_QUANTIZED_ROUNDING = 0.05
"""Largest mean difference of scores, in nats a token, at which int8 is used by default."""


def export(
    model: str | Path,
    *,
    to: Format,
    output: Path | None = None,
    quantization: Quantization = "auto",
) -> Path:
    """Write a model in the format of another library, after a comparison with our own translations.

    Args:
        model: A run directory or a model directory.
        to: The library to export to.
        output: The folder to create or replace, for Argos the ``.argosmodel``; None: a folder in ``model`` named after
            the library, for Argos ``translate-SOURCE_TARGET.argosmodel``.
        quantization: Data type of weights in CTranslate2; "auto": int8 if the processor has it and the loss is small.

    Returns:
        The path of the folder or package.

    Raises:
        DamagedFileError: The model is incomplete or damaged.
        TfmError: CTranslate2 is not installed, the translations differ, or the folder cannot be written.
        UsageError: The format does not support the model.
    """
    require_one_of("to", to, Format)
    require_one_of("quantization", quantization, Quantization)
    model = find_model(Path(model))
    limit_threads()
    if to == "huggingface":
        if quantization not in ("auto", "float32"):
            raise UsageError(f"--quantization {quantization} is for ctranslate2; huggingface gets float32")
        return _export_to_huggingface(model, output or model / "huggingface")
    if to == "argos":
        _require_ctranslate2()
        name = f"{package_name(ModelManifest.load(model).languages)}.argosmodel"
        return _export_to_argos(model, output or model / name, quantization)
    return _export_to_ctranslate2(model, output or model / ENGINE_FOLDER, quantization)


def export_after_training(version: Path) -> None:
    """Export a new version to CTranslate2 if it is installed.

    A failure is logged as a warning only, as the version itself is complete.
    """
    if not is_installed():
        return
    threads = torch.get_num_threads()
    try:
        export(version, to="ctranslate2")
    except (TfmError, RuntimeError, ValueError, OSError) as error:
        reason = next(iter(str(error).splitlines()), type(error).__name__)
        logger.warning(f"the version works, but could not be exported to CTranslate2: {reason}")
    finally:
        torch.set_num_threads(threads)  # CTranslate2 sets the calling thread to a single thread


def _export_to_argos(model: Path, path: Path, quantization: Quantization) -> Path:
    if path.is_dir():
        raise UsageError(f"{path} is a folder; name the .argosmodel to write with -o")
    with explain_os_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
    loaded = open_model(model, torch.device("cpu"))
    lines, ours = _compared_lines(model, loaded, _COMPARED_LINES)
    require_packable(loaded.tokenizers, lines.sources, [translation.tokens for translation in ours])
    with tempfile.TemporaryDirectory(prefix="tfm-argos-") as temporary:
        engine = _write_engine(model, loaded, (lines, ours), Path(temporary) / ENGINE_FOLDER, quantization)
        manifest = read_manifest(engine)
        _write(engine, loaded, manifest.quantization if manifest else "float32", positions=LONGEST_SOURCE + 1)
        card = model / CARD_FILE
        write_argos_package(
            path,
            engine,
            loaded.tokenizers,
            loaded.languages,
            version=f"1.{int(model.name) if model.name.isdigit() else 0}",
            card=card.read_text(encoding="utf-8") if card.exists() else "",
        )
    return path


def _export_to_ctranslate2(model: Path, folder: Path, quantization: Quantization) -> Path:
    _require_ctranslate2()
    loaded = open_model(model, torch.device("cpu"))
    return _write_engine(model, loaded, _compared_lines(model, loaded, _COMPARED_LINES), folder, quantization)


def _require_ctranslate2() -> None:
    if not is_installed():
        raise TfmError("CTranslate2 is not there or cannot be loaded; run `pip install 'transformer-cli[fast]'`")


def _write_engine(
    model: Path,
    loaded: LoadedModel,
    compared: tuple[HeldOutLines, Sequence[Translation]],
    folder: Path,
    quantization: Quantization,
) -> Path:
    """Export and compare in float32, then with the requested quantization."""
    import ctranslate2

    from transformer_cli.decoding.kept_lines import keep_lines, lines_to_keep

    held_out, ours = compared
    wanted = quantization
    if wanted == "auto":
        wanted = "int8" if "int8" in ctranslate2.get_supported_compute_types("cpu") else "float32"
    with export_folder(folder) as beside:
        engine = _written(beside, loaded, "float32")
        _require(_compare_engine(engine, loaded, held_out, ours), "float32")
        if wanted != "float32":
            kept = lines_to_keep(_whole_lines(loaded, held_out, ours), engine)
            engine = _written(beside, loaded, wanted)
            agreement = _compare_engine(engine, loaded, held_out, ours)
            logger.info(f"{wanted}: {agreement}")
            if kept is not None and wanted == "int8":
                keep_lines(beside, kept, engine)
            if quantization == "auto" and agreement.mean_difference > _QUANTIZED_ROUNDING:
                logger.info(f"{wanted} loses too much; float32 is taken")
                wanted = "float32"
                _write(beside, loaded, wanted)
        for name, content in loaded.tokenizers.files().items():
            (beside / name).write_bytes(content)
        manifest = EngineManifest(
            weights=weights_fingerprint(model),
            quantization=wanted,
            num_positions=longest_positions(loaded.model.config, loaded.decoding),
            library=ctranslate2.__version__,
        )
        write_manifest(beside, manifest)
    return folder


def _write(folder: Path, loaded: LoadedModel, quantization: str, *, positions: int = 0) -> None:
    from transformer_cli.interchange.ctranslate2 import write_ctranslate2_model

    for path in folder.iterdir():
        path.unlink()
    write_ctranslate2_model(
        folder,
        loaded.model,
        source_pieces=_pieces(loaded.tokenizers.source),
        target_pieces=_pieces(loaded.tokenizers.target),
        num_positions=max(positions, longest_positions(loaded.model.config, loaded.decoding)),
        quantization=quantization,
    )


def _whole_lines(
    loaded: LoadedModel, held_out: HeldOutLines, ours: Sequence[Translation]
) -> Iterator[tuple[list[int], Sequence[str]]]:
    """Yield the lines that are translated as one segment, as token ids, and their translations, as subwords."""
    for line, translation in zip(held_out.sources, ours, strict=True):
        if translation.segments == 1:
            yield loaded.tokenizers.source.encode(line), translation.tokens


def _written(folder: Path, loaded: LoadedModel, quantization: str) -> CTranslate2Engine:
    """Write the engine's folder and load the engine."""
    from transformer_cli.decoding.ctranslate2_engine import CTranslate2Engine

    _write(folder, loaded, quantization)
    return CTranslate2Engine(
        folder,
        loaded.decoding,
        max_length=loaded.model.config.max_length,
        num_positions=longest_positions(loaded.model.config, loaded.decoding),
        threads=torch.get_num_threads(),
    )


def _compare_engine(
    engine: CTranslate2Engine, loaded: LoadedModel, held_out: HeldOutLines, ours: Sequence[Translation]
) -> Agreement:
    theirs = LineTranslator(engine, loaded.tokenizers).translate(held_out.sources)
    excused = searched_otherwise(held_out, ours, theirs, loaded, engine)
    return compare(ours, theirs, held_out.references, language=loaded.languages.target, excused=excused)


def _export_to_huggingface(model: Path, folder: Path) -> Path:
    loaded = open_model(model, torch.device("cpu"))
    with export_folder(folder) as beside:
        write_huggingface_model(
            beside,
            loaded.model,
            loaded.tokenizers,
            languages=loaded.languages,
            decoding=loaded.decoding,
            num_positions=longest_positions(loaded.model.config, loaded.decoding),
        )
        if importlib.util.find_spec("transformers") is None:
            logger.info("transformers is not installed: the export was not compared with our own translations")
        else:
            _compare_with_transformers(beside, model, loaded)
    return folder


def _compare_with_transformers(folder: Path, model: Path, loaded: LoadedModel) -> None:
    from transformer_cli.workflows.export.with_transformers import translate_with_transformers

    lines, ours = _compared_lines(model, loaded, _COMPARED_WITH_TRANSFORMERS)
    theirs = translate_with_transformers(folder, lines.sources, loaded.decoding)
    _require(compare(ours, theirs), "transformers")


def _require(agreement: Agreement, name: str) -> None:
    logger.info(f"{name}: {agreement}")
    if not agreement.is_close:
        raise TfmError(f"the exported model does not translate as ours does: {agreement}; nothing was written")


def _compared_lines(model: Path, loaded: LoadedModel, at_most: int) -> tuple[HeldOutLines, list[Translation]]:
    """Return the lines to compare on, with our translations."""
    lines = held_out_lines(model, loaded, at_most=at_most)
    as_others_search = loaded.decoding.model_copy(update={"beam_narrows": False})  # no library has such a beam
    ours = LineTranslator(TorchEngine(loaded.model, as_others_search), loaded.tokenizers).translate(lines.sources)
    lines, ours = ending_by_themselves(lines, ours, loaded)
    if not ours:
        raise TfmError(
            "no translation of the held-out lines ends by itself, so that an export cannot be compared; train longer"
        )
    return lines, ours


def _pieces(tokenizer: Tokenizer) -> list[str]:
    return [tokenizer.piece(token) for token in range(tokenizer.vocab_size)]
