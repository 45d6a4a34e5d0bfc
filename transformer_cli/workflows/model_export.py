"""``tfm export``: a model directory in another engine's format, checked against our own search."""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Literal

import torch

from transformer_cli.data.tokenizer import Tokenizer
from transformer_cli.decoding.engine import Engine
from transformer_cli.decoding.torch_engine import TorchEngine
from transformer_cli.decoding.translator import Translation, Translator
from transformer_cli.errors import TfmError, UsageError
from transformer_cli.metrics import corpus_bleu
from transformer_cli.run_directory import RunDirectory
from transformer_cli.textio import TEMPORARY_SUFFIX, explain_os_errors, fsync_folder, read_text_lines, write_atomically
from transformer_cli.workflows.exported_engine import (
    ENGINE_FOLDER,
    EngineManifest,
    is_installed,
    longest_positions,
    weights_fingerprint,
    write_manifest,
)
from transformer_cli.workflows.model_directory import LoadedModel, load_model_directory

Quantization = Literal["auto", "float32", "float16", "bfloat16", "int16", "int8"]

_CHECKED_LINES = 200
_ROUNDING = 0.01
"""Most that two scores of a line, each a mean over its tokens, differ by where only the order of sums does."""
_AGREEING_SHARE = 0.98
"""Of the lines; in a few, rounding decides between two hypotheses and the search goes another way."""
_QUANTIZED_ROUNDING = 0.05
"""Mean difference of scores up to which 8 bits are taken by default."""


@dataclass(frozen=True, slots=True)
class Agreement:
    """How the translations of an exported model compare to ours.

    Args:
        lines: How many were compared.
        equal: Share of them whose texts are equal.
        agreeing: Share of them whose scores are equal but for rounding.
        mean_difference: Mean absolute difference of the scores, in nats a token.
        bleu: Ours and that of the exported model; None without references.
    """

    lines: int
    equal: float
    agreeing: float
    mean_difference: float
    bleu: tuple[float, float] | None

    def __str__(self) -> str:
        """Return one line for people."""
        parts = [
            f"{100 * self.equal:.1f} % of {self.lines} lines have the same translation",
            f"scores differ by {self.mean_difference:.1g} nats a token",
        ]
        if self.bleu is not None:
            parts.append(f"BLEU {self.bleu[1]:.2f} instead of {self.bleu[0]:.2f}")
        return ", ".join(parts)


@dataclass(frozen=True, slots=True)
class HeldOutLines:
    """Lines to compare on, with references where they are known."""

    sources: Sequence[str]
    references: Sequence[str] | None


def export_after_training(version: Path, report: Callable[[str], None]) -> None:
    """Export a new version for CTranslate2 if that is installed; a failure is a warning, for the version is whole."""
    if not is_installed():
        return
    try:
        export_to_ctranslate2(version, report=report)
    except (TfmError, RuntimeError, ValueError) as error:
        report(f"warning: the version works, but could not be exported to CTranslate2: {str(error).splitlines()[0]}")


def export_to_ctranslate2(
    model: Path,
    *,
    output: Path | None = None,
    quantization: Quantization = "auto",
    report: Callable[[str], None] = lambda _: None,
) -> Path:
    """Write a model for CTranslate2, from where `translate` takes it up.

    It is first written in float32 and compared with our search, then with the quantisation asked for.

    Args:
        model: A model directory.
        output: A folder to make or replace; None: ``ctranslate2`` in ``model``.
        quantization: How weights are stored; "auto": int8 where the processor has it and the loss is small.
        report: Told what was found.

    Returns:
        The folder.

    Raises:
        DamagedFileError: The model is not whole.
        TfmError: CTranslate2 is not installed, its translations are not ours, or the folder cannot be written.
    """
    if not is_installed():
        raise TfmError("CTranslate2 is not installed; run `pip install 'transformer-cli[fast]'`")
    import ctranslate2

    loaded = load_model_directory(model, torch.device("cpu"))
    held_out = _held_out_lines(model, loaded)
    ours = Translator(TorchEngine(loaded.model, loaded.decoding), loaded.tokenizers).translate(held_out.sources)
    folder = output or model / ENGINE_FOLDER
    wanted = quantization
    if wanted == "auto":
        wanted = "int8" if "int8" in ctranslate2.get_supported_compute_types("cpu") else "float32"
    with _whole_folder(folder) as beside:
        agreement = _write_and_compare(beside, loaded, "float32", held_out, ours)
        report(f"float32: {agreement}")
        if agreement.agreeing < _AGREEING_SHARE:
            raise TfmError(f"the exported model is not the same: {agreement}; nothing was written")
        if wanted != "float32":
            agreement = _write_and_compare(beside, loaded, wanted, held_out, ours)
            report(f"{wanted}: {agreement}")
            if quantization == "auto" and agreement.mean_difference > _QUANTIZED_ROUNDING:
                report(f"{wanted} loses too much; float32 is taken")
                wanted = "float32"
                _write(beside, loaded, wanted)
        positions = longest_positions(loaded.model.config, loaded.decoding)
        for name, content in loaded.tokenizers.files().items():
            write_atomically(beside / name, content)
        write_manifest(beside, EngineManifest(weights_fingerprint(model), wanted, positions, ctranslate2.__version__))
    return folder


def _write(folder: Path, loaded: LoadedModel, quantization: str) -> None:
    from transformer_cli.exporting.ctranslate2 import write_ctranslate2_model

    for path in folder.iterdir():
        path.unlink()
    write_ctranslate2_model(
        folder,
        loaded.model,
        source_pieces=_pieces(loaded.tokenizers.source),
        target_pieces=_pieces(loaded.tokenizers.target),
        num_positions=longest_positions(loaded.model.config, loaded.decoding),
        quantization=quantization,
    )


def _write_and_compare(
    folder: Path, loaded: LoadedModel, quantization: str, held_out: HeldOutLines, ours: Sequence[Translation]
) -> Agreement:
    from transformer_cli.decoding.ctranslate2_engine import CTranslate2Engine

    _write(folder, loaded, quantization)
    engine = CTranslate2Engine(
        folder,
        loaded.decoding,
        max_length=loaded.model.config.max_length,
        num_positions=longest_positions(loaded.model.config, loaded.decoding),
        threads=torch.get_num_threads(),
    )
    return compare(ours, _translate(engine, loaded, held_out), held_out)


def _translate(engine: Engine, loaded: LoadedModel, held_out: HeldOutLines) -> list[Translation]:
    return Translator(engine, loaded.tokenizers).translate(held_out.sources)


def compare(ours: Sequence[Translation], theirs: Sequence[Translation], held_out: HeldOutLines) -> Agreement:
    """Compare two translations of the same lines."""
    differences = [abs(a.score - b.score) for a, b in zip(ours, theirs, strict=True)]
    bleu = None
    if held_out.references is not None:
        references = [list(held_out.references)]
        first, second = (corpus_bleu([t.text for t in side], references).value for side in (ours, theirs))
        bleu = (first, second)
    return Agreement(
        lines=len(ours),
        equal=sum(a.text == b.text for a, b in zip(ours, theirs, strict=True)) / len(ours),
        agreeing=sum(difference <= _ROUNDING for difference in differences) / len(ours),
        mean_difference=sum(differences) / len(ours),
        bleu=bleu,
    )


def _held_out_lines(model: Path, loaded: LoadedModel) -> HeldOutLines:
    """Return lines of the test set of the run that the model lies in; of a model alone, nonsense of its vocabulary."""
    languages = loaded.languages
    if model.resolve().parent.name == RunDirectory(Path()).versions.name:
        data = RunDirectory(model.resolve().parents[1]).data
        files = [data / f"test.{code}" for code in (languages.source, languages.target)]
        if all(file.is_file() and file.stat().st_size for file in files):
            sources, references = ([line.text for line in islice(read_text_lines(f), _CHECKED_LINES)] for f in files)
            return HeldOutLines(sources, references)
    return HeldOutLines(_nonsense(loaded.tokenizers.source), None)


def _nonsense(tokenizer: Tokenizer) -> list[str]:
    draw = random.Random(0)
    first = min(260, tokenizer.vocab_size - 1)  # before that stand the special tokens and the bytes
    lengths = (draw.randint(3, 20) for _ in range(_CHECKED_LINES))
    return [tokenizer.decode([draw.randrange(first, tokenizer.vocab_size) for _ in range(n)]) for n in lengths]


def _pieces(tokenizer: Tokenizer) -> list[str]:
    return [tokenizer.piece(token) for token in range(tokenizer.vocab_size)]


@contextmanager
def _whole_folder(folder: Path) -> Iterator[Path]:
    """Yield an empty folder that takes the place of ``folder`` at the end, or nothing happens.

    Raises:
        TfmError: It cannot be written.
        UsageError: Something else than an export is there.
    """
    beside = folder.with_name(folder.name + TEMPORARY_SUFFIX)
    aside = folder.with_name(f"{folder.name}.old{TEMPORARY_SUFFIX}")
    with explain_os_errors(folder):
        if folder.exists() and any(folder.iterdir()) and not (folder / "config.json").exists():
            raise UsageError(f"{folder} holds something else; name a folder that is not there yet")
        for leftover in (beside, aside):
            shutil.rmtree(leftover, ignore_errors=True)
        beside.mkdir(parents=True)
        try:
            yield beside
            if folder.exists():
                folder.rename(aside)  # deleted where it is, it could be left half deleted
            beside.rename(folder)
            fsync_folder(folder.parent)
            shutil.rmtree(aside, ignore_errors=True)
        finally:
            shutil.rmtree(beside, ignore_errors=True)
