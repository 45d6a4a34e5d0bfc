"""Export to a model of the library ``transformers``, which need not be installed.

A post-norm model becomes a ``MarianMTModel``. A pre-norm one becomes a ``PegasusForConditionalGeneration``, which has
the same parts, a layer norm before each sublayer, and one after the last of each stack.

Both add positional encodings with all sines before all cosines; in ours they alternate. A model works equally well with
any order of its vector elements if all matrices use the same order. The export therefore reorders our matrices wherever
they read from the residual stream or write to it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

import torch
from torch import Tensor, nn

from transformer_cli.artifacts.checkpoint.checkpoint import write_tensors
from transformer_cli.config import DecodingConfig, LanguagesConfig
from transformer_cli.data.tokens.tokenizer import Tokenizer, TokenizerPair
from transformer_cli.files.atomic import write_atomically
from transformer_cli.interchange.imported_weights import sines_first
from transformer_cli.interchange.vocabulary import NEVER
from transformer_cli.model.attention import MultiHeadAttention
from transformer_cli.model.layers import DecoderLayer, EncoderLayer, FeedForward
from transformer_cli.model.positions import sinusoidal_positions
from transformer_cli.model.transformer import Transformer
from transformer_cli.special_tokens import BOS_ID, EOS_ID, PAD_ID, UNK_ID

_CLASSES = {"post": ("marian", "MarianMTModel"), "pre": ("pegasus", "PegasusForConditionalGeneration")}
"""The ``model_type`` and the class for each place of the layer norm."""


def write_huggingface_model(
    folder: Path,
    model: Transformer,
    tokenizers: TokenizerPair,
    *,
    languages: LanguagesConfig,
    decoding: DecodingConfig,
    num_positions: int,
) -> None:
    """Write the files that ``AutoModelForSeq2SeqLM`` and ``AutoTokenizer`` load.

    Args:
        folder: An existing, empty folder.
        model: In evaluation mode, on the CPU.
        tokenizers: The model's tokenizers.
        languages: Source and target language.
        decoding: Default search settings of ``generate``.
        num_positions: Number of tokens of the longest source or translation, bos and eos included.

    Raises:
        TfmError: A file cannot be written.
    """
    documents: dict[str, Any] = {
        "config.json": _model_config(model, num_positions),
        "generation_config.json": _generation_config(decoding, num_positions),
        "tokenizer_config.json": _tokenizer_config(tokenizers, languages, model.config.max_length),
        "vocab.json": _vocabulary(tokenizers.source),
    }
    if not tokenizers.is_shared:
        documents["target_vocab.json"] = _vocabulary(tokenizers.target)
    write_tensors(folder / "model.safetensors", huggingface_weights(model, num_positions), metadata={"format": "pt"})
    write_atomically(folder / "source.spm", tokenizers.source.model)
    write_atomically(folder / "target.spm", tokenizers.target.model)
    for name, document in documents.items():
        write_atomically(folder / name, (json.dumps(document, indent=2, ensure_ascii=False) + "\n").encode())


def huggingface_weights(model: Transformer, num_positions: int) -> dict[str, Tensor]:
    """Return the weights of ``model`` with the names and the element order of its class."""
    order = sines_first(model.config.d_model)
    positions = sinusoidal_positions(num_positions, model.config.d_model, kind=model.config.positions)[:, order]
    weights = _embeddings(model, order) if model.config.norm == "post" else _embeddings_of_one_size(model, order)
    for i, layer in enumerate(model.encoder):
        weights.update(_encoder_layer(f"model.encoder.layers.{i}", cast("EncoderLayer", layer), order))
    for i, layer in enumerate(model.decoder):
        weights.update(_decoder_layer(f"model.decoder.layers.{i}", cast("DecoderLayer", layer), order))
    if model.config.norm == "pre":
        weights.update(_norm("model.encoder.layer_norm", cast("nn.LayerNorm", model.encoder_norm), order))
        weights.update(_norm("model.decoder.layer_norm", cast("nn.LayerNorm", model.decoder_norm), order))
    weights.update({f"model.{stack}.embed_positions.weight": positions for stack in ("encoder", "decoder")})
    return {name: tensor.detach().float().contiguous().clone() for name, tensor in weights.items()}


def _embeddings(model: Transformer, order: Tensor) -> dict[str, Tensor]:
    """Return embeddings and output layer of a ``MarianMTModel``."""
    source, target, output = _tables(model, order)
    bias = model.output.bias if model.config.output_bias else torch.zeros(model.vocab_size)
    weights = {"final_logits_bias": bias[None]}
    if _is_one_matrix(model):
        weights["model.shared.weight"] = target
    else:
        weights["model.encoder.embed_tokens.weight"] = source
        weights["model.decoder.embed_tokens.weight"] = target
    if not model.config.tied_embeddings:
        weights["lm_head.weight"] = output
    return weights


def _embeddings_of_one_size(model: Transformer, order: Tensor) -> dict[str, Tensor]:
    """Return embeddings and output layer of a Pegasus model, whose two vocabularies have one size.

    The smaller one is filled up with tokens that are never predicted.
    """
    size = _vocab_size(model)
    bias = torch.full((size,), NEVER)
    bias[: model.vocab_size] = model.output.bias if model.config.output_bias else 0.0
    weights = {"final_logits_bias": bias[None]}
    source, target, output = (nn.functional.pad(each, (0, 0, 0, size - len(each))) for each in _tables(model, order))
    if _has_one_table(model):
        return {**weights, "model.shared.weight": target}
    return {
        **weights,
        "model.shared.weight": source,
        "model.encoder.embed_tokens.weight": source,
        "model.decoder.embed_tokens.weight": target,
        "lm_head.weight": output,
    }


def _tables(model: Transformer, order: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Return the weights of both embeddings and of the output layer."""
    source, target, output = (
        matrix.detach()[:, order]
        for matrix in (model.source_embedding.table.weight, model.target_embedding.table.weight, model.output.weight)
    )
    if model.config.zero_start:
        target[BOS_ID] = 0.0  # the library has no other way to begin with zeros
    return source, target, output


def _is_one_matrix(model: Transformer) -> bool:
    return model.source_embedding.table.weight is model.target_embedding.table.weight


def _has_one_table(model: Transformer) -> bool:
    """Return whether both embeddings and the output layer have the same matrix."""
    return _is_one_matrix(model) and model.config.tied_embeddings


def _vocab_size(model: Transformer) -> int:
    return max(model.source_embedding.table.num_embeddings, model.vocab_size)


def _encoder_layer(name: str, layer: EncoderLayer, order: Tensor) -> Mapping[str, Tensor]:
    return {
        **_attention(f"{name}.self_attn", layer.self_attention, order),
        **_norm(f"{name}.self_attn_layer_norm", layer.around_self_attention.norm, order),
        **_feed_forward(name, layer.feed_forward, order),
        **_norm(f"{name}.final_layer_norm", layer.around_feed_forward.norm, order),
    }


def _decoder_layer(name: str, layer: DecoderLayer, order: Tensor) -> Mapping[str, Tensor]:
    return {
        **_attention(f"{name}.self_attn", layer.self_attention, order),
        **_norm(f"{name}.self_attn_layer_norm", layer.around_self_attention.norm, order),
        **_attention(f"{name}.encoder_attn", layer.cross_attention, order),
        **_norm(f"{name}.encoder_attn_layer_norm", layer.around_cross_attention.norm, order),
        **_feed_forward(name, layer.feed_forward, order),
        **_norm(f"{name}.final_layer_norm", layer.around_feed_forward.norm, order),
    }


def _attention(name: str, attention: MultiHeadAttention, order: Tensor) -> Mapping[str, Tensor]:
    return {
        **_reads(f"{name}.q_proj", attention.query, order),
        **_reads(f"{name}.k_proj", attention.key, order),
        **_reads(f"{name}.v_proj", attention.value, order),
        **_writes(f"{name}.out_proj", attention.output, order),
    }


def _feed_forward(name: str, feed_forward: FeedForward, order: Tensor) -> Mapping[str, Tensor]:
    return {
        **_reads(f"{name}.fc1", feed_forward.inner, order),
        **_writes(f"{name}.fc2", feed_forward.outer, order),
    }


def _reads(name: str, linear: nn.Linear, order: Tensor) -> Mapping[str, Tensor]:
    """Return the weights of a layer that reads from the residual stream, reordered."""
    return {f"{name}.weight": linear.weight[:, order], f"{name}.bias": linear.bias}


def _writes(name: str, linear: nn.Linear, order: Tensor) -> Mapping[str, Tensor]:
    """Return the weights of a layer that writes to the residual stream, reordered."""
    return {f"{name}.weight": linear.weight[order], f"{name}.bias": linear.bias[order]}


def _norm(name: str, norm: nn.LayerNorm, order: Tensor) -> Mapping[str, Tensor]:
    return {f"{name}.weight": norm.weight[order], f"{name}.bias": norm.bias[order]}


def _model_config(model: Transformer, num_positions: int) -> Mapping[str, Any]:
    config = model.config
    model_type, architecture = _CLASSES[config.norm]
    if config.norm == "post":
        vocabularies: Mapping[str, Any] = {
            "vocab_size": model.source_embedding.table.num_embeddings,
            "decoder_vocab_size": model.vocab_size,
            "share_encoder_decoder_embeddings": _is_one_matrix(model),
            "tie_word_embeddings": config.tied_embeddings,
        }
    else:
        vocabularies = {"vocab_size": _vocab_size(model), "tie_word_embeddings": _has_one_table(model)}
    return {
        "architectures": [architecture],
        "model_type": model_type,
        "dtype": "float32",
        "is_encoder_decoder": True,
        **vocabularies,
        "max_position_embeddings": num_positions,
        "d_model": config.d_model,
        "encoder_layers": config.num_encoder_layers,
        "decoder_layers": config.num_decoder_layers,
        "encoder_attention_heads": config.num_heads,
        "decoder_attention_heads": config.num_heads,
        "encoder_ffn_dim": config.d_ff,
        "decoder_ffn_dim": config.d_ff,
        "activation_function": "quick_gelu" if config.activation == "gelu_sigmoid" else config.activation,
        "dropout": config.dropout,
        "attention_dropout": config.attention_dropout,
        "activation_dropout": config.activation_dropout,
        "scale_embedding": True,
        "pad_token_id": PAD_ID,
        "bos_token_id": BOS_ID,
        "eos_token_id": EOS_ID,
        "decoder_start_token_id": BOS_ID,
        "forced_eos_token_id": EOS_ID,
    }


def _generation_config(decoding: DecodingConfig, num_positions: int) -> Mapping[str, Any]:
    document = {
        "pad_token_id": PAD_ID,
        "bos_token_id": BOS_ID,
        "eos_token_id": EOS_ID,
        "decoder_start_token_id": BOS_ID,
        "forced_eos_token_id": EOS_ID,
        "suppress_tokens": [PAD_ID, UNK_ID, BOS_ID],
        "max_length": num_positions,
        "num_beams": decoding.beam_size,
    }
    if decoding.beam_size == 1:
        return document
    # As in our search, a sentence is over when W hypotheses have finished.
    return {**document, "length_penalty": decoding.length_penalty, "early_stopping": True}


def _tokenizer_config(tokenizers: TokenizerPair, languages: LanguagesConfig, max_length: int) -> Mapping[str, Any]:
    return {
        "tokenizer_class": "MarianTokenizer",
        "source_lang": languages.source,
        "target_lang": languages.target,
        "separate_vocabs": not tokenizers.is_shared,
        "unk_token": "<unk>",
        "eos_token": "</s>",
        "pad_token": "<pad>",
        "split_special_tokens": True,  # "</s>" in a text is text
        "clean_up_tokenization_spaces": False,
        "model_max_length": max_length,
    }


def _vocabulary(tokenizer: Tokenizer) -> Mapping[str, int]:
    return {tokenizer.piece(token): token for token in range(tokenizer.vocab_size)}
