"""The model directory: all that translating needs, in one folder that can be copied, zipped and mailed.

config.json          shape of the model, languages, search settings, what it was made from
model.safetensors    weights
tokenizer.model      SentencePiece; with separate vocabularies tokenizer.source.model and tokenizer.target.model
README.md            model card
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from pydantic import ValidationError
from torch import Tensor

from transformer_cli.checkpoint import WEIGHTS_FILE, load_weights, read_tensors, write_tensors
from transformer_cli.config import DecodingConfig, LanguagesConfig, ModelConfig
from transformer_cli.data.tokenizer import TokenizerPair
from transformer_cli.errors import DamagedFileError
from transformer_cli.model.transformer import Transformer
from transformer_cli.run_directory import MODEL_CONFIG_FILE, read_json
from transformer_cli.textio import TEMPORARY_SUFFIX, explain_os_errors, fsync_folder, write_atomically

CARD_FILE = "README.md"
_FORMAT = 1


@dataclass(frozen=True, slots=True)
class LoadedModel:
    """A model directory, read.

    Args:
        model: In evaluation mode, on the device asked for.
        tokenizers: Its tokenizers.
        languages: From which language into which.
        decoding: The search settings it was evaluated with.
    """

    model: Transformer
    tokenizers: TokenizerPair
    languages: LanguagesConfig
    decoding: DecodingConfig


def save_model_directory(
    folder: Path,
    *,
    weights: Mapping[str, Tensor],
    tokenizers: TokenizerPair,
    model: ModelConfig,
    languages: LanguagesConfig,
    decoding: DecodingConfig,
    made_from: Mapping[str, Any],
    card: str,
) -> None:
    """Write a model directory; ``folder`` appears whole or not at all.

    Raises:
        TfmError: It cannot be written.
    """
    document = {
        "format": _FORMAT,
        "languages": languages.model_dump(),
        "vocab_size": tokenizers.target.vocab_size,
        "source_vocab_size": tokenizers.source_vocab_size,
        "model": model.model_dump(),
        "decoding": decoding.model_dump(),
        "tokenizer_sha256": tokenizers.fingerprint,
        "made_from": dict(made_from),
    }
    beside = folder.with_name(folder.name + TEMPORARY_SUFFIX)
    with explain_os_errors(folder):
        shutil.rmtree(beside, ignore_errors=True)
        beside.mkdir(parents=True)
        try:
            write_tensors(beside / WEIGHTS_FILE, weights)
            for name, content in tokenizers.files().items():
                write_atomically(beside / name, content)
            write_atomically(beside / CARD_FILE, card.encode())
            write_atomically(beside / MODEL_CONFIG_FILE, (json.dumps(document, indent=1) + "\n").encode())
            beside.rename(folder)
            fsync_folder(folder.parent)
        finally:
            shutil.rmtree(beside, ignore_errors=True)


def build_model(config: ModelConfig, tokenizers: TokenizerPair) -> Transformer:
    """Return a new model of the shape ``config`` for the vocabularies of ``tokenizers``."""
    return Transformer(config, tokenizers.target.vocab_size, source_vocab_size=tokenizers.source_vocab_size)


def load_model_directory(folder: Path, device: torch.device) -> LoadedModel:
    """Read a model directory.

    Raises:
        DamagedFileError: A file of it is missing, cut short or altered.
    """
    config = read_json(folder / MODEL_CONFIG_FILE)
    if config is None:
        raise DamagedFileError(
            f"{folder / MODEL_CONFIG_FILE} is missing or damaged; {folder} is no whole model directory"
        )
    if config.get("format") != _FORMAT:
        raise DamagedFileError(f"{folder} has format {config.get('format')}; this program reads format {_FORMAT}")
    try:
        shape = ModelConfig.model_validate(config["model"])
        languages = LanguagesConfig.model_validate(config["languages"])
        decoding = DecodingConfig.model_validate(config["decoding"])
        vocab_size, checksum = config["vocab_size"], config["tokenizer_sha256"]
    except (ValidationError, KeyError) as error:
        raise DamagedFileError(f"{folder / MODEL_CONFIG_FILE} is damaged: {str(error).splitlines()[0]}") from None
    tokenizers = TokenizerPair.load(folder, shared=config.get("source_vocab_size") is None)
    sizes = (tokenizers.target.vocab_size, tokenizers.source_vocab_size)
    if tokenizers.fingerprint != checksum or sizes != (vocab_size, config.get("source_vocab_size")):
        names = " or ".join(str(folder / name) for name in tokenizers.files())
        raise DamagedFileError(f"{names} is not the tokenizer that this model was trained with")
    model = build_model(shape, tokenizers).to(device)
    load_weights(model, read_tensors(folder / WEIGHTS_FILE), where=folder / WEIGHTS_FILE)
    return LoadedModel(model.eval(), tokenizers, languages, decoding)
