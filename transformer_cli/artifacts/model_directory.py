"""The model directory: all files for translation, in one folder that can be copied, zipped and mailed.

config.json          shape of the model, languages, search settings, origin
model.safetensors    weights
tokenizer.model      SentencePiece; with separate vocabularies tokenizer.source.model and tokenizer.target.model
README.md            model card
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from transformer_cli.artifacts.checkpoint.checkpoint import (
    WEIGHTS_FILE,
    load_weights,
    read_tensors,
    require_room,
    write_tensors,
)
from transformer_cli.artifacts.model_manifest import (
    CARD_FILE,
    Candidate,
    ModelManifest,
    Origin,
    explain_damage,
    open_tokenizers,
)
from transformer_cli.artifacts.run_directory import MODEL_CONFIG_FILE
from transformer_cli.artifacts.text_profile import TextProfile
from transformer_cli.config import DecodingConfig, LanguagesConfig, ModelConfig
from transformer_cli.data.tokens.tokenizer import TokenizerPair
from transformer_cli.files.atomic import atomic_folder
from transformer_cli.model.transformer import Transformer


@dataclass(frozen=True, slots=True)
class LoadedModel:
    """The content of a model directory.

    Args:
        model: The model in evaluation mode, on the requested device.
        tokenizers: The model's tokenizers.
        languages: The source and target languages.
        decoding: The search settings it was evaluated with.
        text: What the model knows of text, or None if that is not recorded.
    """

    model: Transformer
    tokenizers: TokenizerPair
    languages: LanguagesConfig
    decoding: DecodingConfig
    text: TextProfile | None = None


def save_model_directory(
    folder: Path,
    *,
    weights: Mapping[str, Tensor],
    tokenizers: TokenizerPair,
    model: ModelConfig,
    languages: LanguagesConfig,
    decoding: DecodingConfig,
    card: str,
    text: TextProfile | None = None,
    made_from: Origin | None = None,
    candidate: Candidate | None = None,
) -> None:
    """Write a model directory; ``folder`` appears whole or not at all.

    Raises:
        TfmError: It cannot be written.
    """
    with atomic_folder(folder, replace=False) as beside:
        require_room(beside, sum(weight.nbytes for weight in weights.values()))
        write_tensors(beside / WEIGHTS_FILE, weights)
        for name, content in {**tokenizers.files(), CARD_FILE: card.encode()}.items():
            (beside / name).write_bytes(content)
        ModelManifest(
            languages=languages,
            vocab_size=tokenizers.target.vocab_size,
            source_vocab_size=tokenizers.source_vocab_size,
            model=model,
            decoding=decoding,
            tokenizer_sha256=tokenizers.fingerprint,
            text=text,
            made_from=made_from,
            candidate=candidate,
            files={path.name: path.stat().st_size for path in sorted(beside.iterdir())},
        ).write_to(beside / MODEL_CONFIG_FILE)


def build_model(config: ModelConfig, tokenizers: TokenizerPair) -> Transformer:
    """Return a new model of the shape ``config`` for the vocabularies of ``tokenizers``."""
    return Transformer(config, tokenizers.target.vocab_size, source_vocab_size=tokenizers.source_vocab_size)


def open_model(folder: Path, device: torch.device) -> LoadedModel:
    """Read a model directory.

    Raises:
        DamagedFileError: A file of it is missing, cut short or altered; the message gives a way out.
    """
    with explain_damage(folder):
        manifest = ModelManifest.load(folder)
        tokenizers = open_tokenizers(folder, manifest)
        model = build_model(manifest.model, tokenizers).to(device)
        load_weights(model, read_tensors(folder / WEIGHTS_FILE), where=folder / WEIGHTS_FILE)
    return LoadedModel(model.eval(), tokenizers, manifest.languages, manifest.decoding, manifest.text)
