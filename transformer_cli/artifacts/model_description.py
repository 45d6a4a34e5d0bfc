"""What a model directory says of its model: all but the weights. No torch here."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from transformer_cli.artifacts.run_directory import MODEL_CONFIG_FILE, read_json
from transformer_cli.config import DecodingConfig, LanguagesConfig, ModelConfig
from transformer_cli.data.tokens.tokenizer import TokenizerPair
from transformer_cli.errors import DamagedFileError

FORMAT = 2
"""Of ``config.json`` and of the names of the weights. Format 1 is read as well: `checkpoint.read_tensors` renames."""


@dataclass(frozen=True, slots=True)
class ModelDescription:
    """A model directory without its weights.

    Args:
        model: The shape.
        tokenizers: The model's.
        languages: From which language into which.
        decoding: The search settings it was evaluated with.
    """

    model: ModelConfig
    tokenizers: TokenizerPair
    languages: LanguagesConfig
    decoding: DecodingConfig


def read_description(folder: Path) -> ModelDescription:
    """Read what a model directory says of its model.

    Raises:
        DamagedFileError: ``config.json`` or a tokenizer is missing, cut short or altered.
    """
    config = read_json(folder / MODEL_CONFIG_FILE)
    if config is None:
        raise DamagedFileError(
            f"{folder / MODEL_CONFIG_FILE} is missing or damaged; {folder} is no whole model directory"
        )
    if config.get("format") not in (1, FORMAT):
        raise DamagedFileError(f"{folder} has format {config.get('format')}; this program reads formats 1 to {FORMAT}")
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
    return ModelDescription(shape, tokenizers, languages, decoding)


def damaged_model(model: Path, error: DamagedFileError) -> DamagedFileError:
    """Add to what is wrong with a model directory what to do about it."""
    return DamagedFileError(f"{error}; copy the model anew, or remove {model} and run `tfm train`")
