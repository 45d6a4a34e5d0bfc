"""The exported engine in a model directory: its place, and the weights that it was made from. No torch.

ctranslate2/model.bin, config.json, *vocabulary.json    CTranslate2's own files
ctranslate2/engine.json                                 written last: the origin of the engine
"""

from __future__ import annotations

import hashlib
import importlib
import importlib.util
import logging
from pathlib import Path

from transformer_cli.config import DecodingConfig, ModelConfig
from transformer_cli.files.record import Record

logger = logging.getLogger(__name__)

ENGINE_FOLDER = "ctranslate2"
_MANIFEST_FILE = "engine.json"
_FORMAT = 1
_SAMPLES = 64
_SAMPLE_BYTES = 4096


class EngineManifest(Record):
    """The origin of an exported engine.

    Args:
        weights: The `weights_fingerprint` of the model's weights.
        quantization: The type in which CTranslate2 stores the weights: "float32", "int8" ...
        num_positions: The number of tokens in the longest source or translation, bos and eos included.
        library: Release of CTranslate2.
        format: The format version of this file.
    """

    weights: str
    quantization: str
    num_positions: int
    library: str
    format: int = _FORMAT


def is_installed() -> bool:
    """Return whether the ``[fast]`` extra is installed, and can be loaded here; if not, a warning says so."""
    if importlib.util.find_spec("ctranslate2") is None:
        return False
    try:
        importlib.import_module("ctranslate2")
    except (ImportError, OSError) as error:  # after an upgrade of the system, say
        logger.warning(f"CTranslate2 is installed, but cannot be loaded: {error}")
        return False
    return True


def longest_positions(model: ModelConfig, decoding: DecodingConfig) -> int:
    """Return the number of tokens in the longest source or translation of a model."""
    return max(model.max_length, decoding.longest_translation(model.max_length))


def weights_fingerprint(model: Path) -> str:
    """Return a fingerprint of the weights of a model directory: their size and samples spread over the file.

    A checksum of the whole file would take as long as translating several lines. Samples suffice, because training
    changes every number.

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
    """Return the origin of the exported engine in ``folder``, or None if there is no engine in a known format."""
    manifest = EngineManifest.read_from(folder / _MANIFEST_FILE)
    return manifest if manifest and manifest.format == _FORMAT else None
