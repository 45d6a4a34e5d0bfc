"""The exported engine in a model directory: where it is, and whether it was made from the weights beside it. No torch.

ctranslate2/model.bin, config.json, *vocabulary.json    CTranslate2's own
ctranslate2/engine.json                                 written last: from which weights, and with what
"""

from __future__ import annotations

import hashlib
import importlib.util
from pathlib import Path

from transformer_cli.config import DecodingConfig, ModelConfig
from transformer_cli.files.record import Record

ENGINE_FOLDER = "ctranslate2"
_MANIFEST_FILE = "engine.json"
_FORMAT = 1
_SAMPLES = 64
_SAMPLE_BYTES = 4096


class EngineManifest(Record):
    """What an exported engine was made from.

    Args:
        weights: `weights_fingerprint` of them.
        quantization: How CTranslate2 stores them: "float32", "int8" ...
        num_positions: Tokens of the longest source or translation, bos and eos included.
        library: Release of CTranslate2.
        format: Of this file.
    """

    weights: str
    quantization: str
    num_positions: int
    library: str
    format: int = _FORMAT


def is_installed() -> bool:
    """Say whether the ``[fast]`` extra is there."""
    return importlib.util.find_spec("ctranslate2") is not None


def longest_positions(model: ModelConfig, decoding: DecodingConfig) -> int:
    """Return the tokens of the longest source or translation of a model."""
    return max(model.max_length, decoding.longest_translation(model.max_length))


def weights_fingerprint(model: Path) -> str:
    """Return what stands for the weights of a model directory: their size and samples spread over the file.

    A checksum of the whole would take as long as the translation of some lines, and a training changes every number.

    Raises:
        OSError: They cannot be read.
    """
    digest = hashlib.sha256()
    with (model / "model.safetensors").open("rb") as file:
        size = file.seek(0, 2)
        digest.update(str(size).encode())
        for i in range(_SAMPLES):
            file.seek(i * max(0, size - _SAMPLE_BYTES) // (_SAMPLES - 1))
            digest.update(file.read(_SAMPLE_BYTES))
    return digest.hexdigest()


def write_manifest(folder: Path, manifest: EngineManifest) -> None:
    """Complete the exported engine in ``folder``.

    Raises:
        TfmError: It cannot be written.
    """
    manifest.write_to(folder / _MANIFEST_FILE)


def read_manifest(folder: Path) -> EngineManifest | None:
    """Read what the exported engine in ``folder`` was made from; None if there is none that this program knows."""
    manifest = EngineManifest.read_from(folder / _MANIFEST_FILE)
    return manifest if manifest and manifest.format == _FORMAT else None
