"""Import of a ``MarianMTModel`` of the library ``transformers``, which need not be installed.

A pre-norm model of ours that was exported as a Pegasus model comes back as well.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Literal

from pydantic import ValidationError

from transformer_cli.config import Activation, DecodingConfig, LanguagesConfig, ModelConfig
from transformer_cli.errors import DataError
from transformer_cli.files.record import Record
from transformer_cli.interchange.huggingface_weights import HuggingfaceWeights
from transformer_cli.interchange.imported_weights import ImportedModel, explain_settings, our_weights
from transformer_cli.interchange.vocabulary import NEVER, Vocabulary, our_tokenizers, our_vocabulary, read_whole
from transformer_cli.special_tokens import BOS_ID, PAD_ID

_ACTIVATIONS: dict[str, Activation] = {
    "relu": "relu",
    "swish": "swish",
    "silu": "swish",
    "gelu": "gelu",
    "quick_gelu": "gelu_sigmoid",
}
_NORMS: dict[str, Literal["post", "pre"]] = {"marian": "post", "pegasus": "pre"}
"""Place of the layer norm by ``model_type``."""

_LONGEST_RATIO = 3.0  # Marian's own limit


class _Configuration(Record):
    """``config.json``, as far as it matters; the defaults are those of ``MarianConfig``."""

    model_type: str = ""
    d_model: int = 1024
    encoder_layers: int = 12
    decoder_layers: int = 12
    encoder_attention_heads: int = 16
    decoder_attention_heads: int = 16
    encoder_ffn_dim: int = 4096
    decoder_ffn_dim: int = 4096
    activation_function: str = "gelu"
    dropout: float = 0.1
    attention_dropout: float = 0.0
    activation_dropout: float = 0.0
    scale_embedding: bool = False
    max_position_embeddings: int = 1024
    share_encoder_decoder_embeddings: bool = True
    tie_word_embeddings: bool = True
    normalize_before: bool = False
    normalize_embedding: bool = False
    add_final_layer_norm: bool = False
    static_position_embeddings: bool = True
    eos_token_id: int = 0
    pad_token_id: int = 58100
    decoder_start_token_id: int = 58100

    def obstacle(self) -> str | None:
        """Return a phrase that names what our model cannot do, or None."""
        if self.model_type not in _NORMS:
            return (
                f'its model_type is "{self.model_type}"; only MarianMT models ("marian"), and models that this program '
                "exported, can be imported"
            )
        wrong = [
            name
            for name, is_wrong in (
                ("normalize_before", self.normalize_before),
                ("normalize_embedding", self.normalize_embedding),
                ("add_final_layer_norm", self.add_final_layer_norm),
                ("static_position_embeddings = false", not self.static_position_embeddings),
                ("scale_embedding = false", not self.scale_embedding),
                (
                    "different heads in encoder and decoder",
                    self.encoder_attention_heads != self.decoder_attention_heads,
                ),
                ("different ffn_dim in encoder and decoder", self.encoder_ffn_dim != self.decoder_ffn_dim),
                (f'activation_function = "{self.activation_function}"', self.activation_function not in _ACTIVATIONS),
            )
            if is_wrong
        ]
        return f"it has {wrong[0]}, which this program's model lacks; use it with transformers" if wrong else None


class _Generation(Record):
    """``generation_config.json``, as far as it matters."""

    num_beams: int = 4
    length_penalty: float = 1.0


class _TokenizerConfiguration(Record):
    """``tokenizer_config.json``, as far as it matters."""

    source_lang: str | None = None
    target_lang: str | None = None
    separate_vocabs: bool = False
    model_max_length: float | None = None
    unk_token: Any = "<unk>"


def read_huggingface_model(
    folder: Path, languages: LanguagesConfig | None, *, positions: Literal["auto", "paper", "marian"] = "auto"
) -> ImportedModel:
    """Read a ``MarianMTModel`` folder.

    Args:
        folder: It holds ``config.json``, ``model.safetensors`` or ``pytorch_model.bin``, ``vocab.json``,
            ``source.spm`` and ``target.spm``.
        languages: The languages; None: those that ``tokenizer_config.json`` names.
        positions: "paper" computes what ``transformers`` computes for a converted model; "marian" what Marian does,
            whose frequencies that model was trained with. "auto": those that the weights hold, else the paper's.

    Raises:
        DataError: It is no such folder, a file of it is damaged, or our model cannot compute the same.
    """
    configuration = _Configuration.read_from(folder / "config.json")
    if configuration is None:
        raise DataError(f"{folder / 'config.json'} is missing or no JSON; give the folder of a MarianMT model")
    if obstacle := configuration.obstacle():
        raise DataError(f"{folder}: {obstacle}")
    settings = _TokenizerConfiguration.read_from(folder / "tokenizer_config.json") or _TokenizerConfiguration()
    languages = languages or _languages(folder, settings)
    vocabularies = _vocabularies(folder, configuration, settings)
    tokenizers = our_tokenizers(folder / "source.spm", folder / "target.spm", vocabularies)
    originals = HuggingfaceWeights(folder, vocabularies)
    with explain_settings(folder / "config.json"):
        config = _model_config(configuration, settings, originals, positions)
    weights = our_weights(config, vocabularies, originals, folder)
    if config.zero_start:
        weights["output.bias"][[PAD_ID, BOS_ID]] = NEVER
    generation = _Generation.read_from(folder / "generation_config.json") or _Generation()
    with explain_settings(folder / "generation_config.json"):
        decoding = DecodingConfig(
            beam_size=generation.num_beams, length_penalty=generation.length_penalty, max_length_ratio=_LONGEST_RATIO
        )
    return ImportedModel("Hugging Face model", config, weights, tokenizers, languages, decoding)


def _model_config(
    configuration: _Configuration,
    settings: _TokenizerConfiguration,
    originals: HuggingfaceWeights,
    positions: Literal["auto", "paper", "marian"],
) -> ModelConfig:
    zero_start = originals.begins_with_zeros(configuration.decoder_start_token_id)
    longest = min(configuration.max_position_embeddings, int(min(settings.model_max_length or 1024, 1024)))
    return ModelConfig.model_validate(
        {
            "preset": "base",
            "num_encoder_layers": configuration.encoder_layers,
            "num_decoder_layers": configuration.decoder_layers,
            "d_model": configuration.d_model,
            "d_ff": configuration.encoder_ffn_dim,
            "num_heads": configuration.encoder_attention_heads,
            "dropout": configuration.dropout,
            "attention_dropout": configuration.attention_dropout,
            "activation_dropout": configuration.activation_dropout,
            "norm": _NORMS[configuration.model_type],
            "tied_embeddings": configuration.tie_word_embeddings or originals.are_tied,
            "activation": _ACTIVATIONS[configuration.activation_function],
            "positions": originals.positions(configuration.d_model) if positions == "auto" else positions,
            "zero_start": zero_start,
            "output_bias": zero_start or originals.has_bias,
            "max_length": longest,
        }
    )


def _vocabularies(
    folder: Path, configuration: _Configuration, settings: _TokenizerConfiguration
) -> tuple[Vocabulary, ...]:
    files = ["vocab.json", "target_vocab.json"] if settings.separate_vocabs else ["vocab.json"]
    unknown = settings.unk_token if isinstance(settings.unk_token, str) else "<unk>"
    found = tuple(_vocabulary(folder / file, configuration, unknown) for file in files)
    has_two_matrices = configuration.tie_word_embeddings and not configuration.share_encoder_decoder_embeddings
    return (found[0], found[0]) if len(found) == 1 and has_two_matrices else found


def _vocabulary(path: Path, configuration: _Configuration, unknown: str) -> Vocabulary:
    try:
        ids: dict[str, int] = json.loads(read_whole(path))
        pieces = [""] * (max(ids.values()) + 1)
        for piece, token in ids.items():
            pieces[token] = piece
        unk = ids[unknown]
    except (ValueError, AttributeError, TypeError, IndexError, KeyError):
        raise DataError(f"{path} is no list of pieces with their ids; download the model anew") from None
    eos, pad, start = configuration.eos_token_id, configuration.pad_token_id, configuration.decoder_start_token_id
    for token in (eos, pad, start, *ids.values()):
        if not 0 <= token < len(pieces):
            raise DataError(f"{path} has {len(pieces)} pieces and none with the id {token}; download the model anew")
    return our_vocabulary(pieces, unk=unk, eos=eos, pad=pad, start=start)


def _languages(folder: Path, settings: _TokenizerConfiguration) -> LanguagesConfig:
    try:
        return LanguagesConfig.model_validate({"source": settings.source_lang, "target": settings.target_lang})
    except ValidationError:
        raise DataError(f"{folder} does not name its languages; give --from and --to") from None
