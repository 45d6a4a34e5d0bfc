"""Export to CTranslate2, using its specification classes, which name each weight of a model."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

import numpy as np
from ctranslate2 import specs
from ctranslate2.specs import common_spec
from numpy.typing import NDArray
from torch import Tensor, nn

from transformer_cli.config import Activation
from transformer_cli.errors import TfmError
from transformer_cli.model.attention import MultiHeadAttention
from transformer_cli.model.layers import AddAndNorm, DecoderLayer, EncoderLayer, FeedForward
from transformer_cli.model.positions import sinusoidal_positions
from transformer_cli.model.transformer import Transformer
from transformer_cli.special_tokens import BOS_ID, EOS_ID, PAD_ID, UNK_ID

_NEVER = -1e4  # added to a logit, makes its probability 0; float16 can represent it
_ACTIVATIONS: dict[Activation, Any] = {
    "relu": common_spec.Activation.RELU,
    "swish": common_spec.Activation.SWISH,
    "gelu": common_spec.Activation.GELU,
    "gelu_sigmoid": common_spec.Activation.GELUSigmoid,
}


def write_ctranslate2_model(
    folder: Path,
    model: Transformer,
    *,
    source_pieces: Sequence[str],
    target_pieces: Sequence[str],
    num_positions: int,
    quantization: str,
) -> None:
    """Write ``model.bin``, ``config.json`` and the vocabularies into ``folder``.

    Args:
        folder: An existing, empty folder.
        model: In evaluation mode, on the CPU.
        source_pieces: The source's vocabulary as text, indexed by token id.
        target_pieces: The target's vocabulary, likewise.
        num_positions: Number of tokens of the longest source or translation, bos and eos included.
        quantization: Type of the stored weights, such as "float32" or "int8".

    Raises:
        TfmError: A file cannot be written.
    """
    spec = ctranslate2_specification(
        model, source_pieces=source_pieces, target_pieces=target_pieces, num_positions=num_positions
    )
    spec.validate()
    spec.optimize(quantization=quantization)
    try:
        spec.save(str(folder))
    except OSError as error:
        raise TfmError(f"cannot write {folder}: {error.strerror or error}; free some space there") from None


def ctranslate2_specification(
    model: Transformer, *, source_pieces: Sequence[str], target_pieces: Sequence[str], num_positions: int
) -> Any:
    """Return CTranslate2's description of ``model``, weights included: a ``TransformerSpec``.

    As in our search, the decoder starts from bos, every source ends in eos, and pad and bos are never predicted.
    """
    config = model.config
    spec = specs.TransformerSpec.from_config(
        (config.num_encoder_layers, config.num_decoder_layers),
        config.num_heads,
        pre_norm=config.norm == "pre",
        activation=_ACTIVATIONS[config.activation],
    )
    positions = sinusoidal_positions(num_positions, config.d_model, kind=config.positions).numpy()
    encoder, decoder = spec.encoder, spec.decoder
    encoder.position_encodings.encodings = positions
    decoder.position_encodings.encodings = positions
    encoder.embeddings[0].weight = _array(model.source_embedding.table.weight)
    decoder.embeddings.weight = _array(model.target_embedding.table.weight)
    decoder.projection.weight = _array(model.output.weight)
    if config.zero_start:
        decoder.embeddings.weight[BOS_ID] = 0.0
    decoder.projection.bias = np.zeros(len(target_pieces), dtype=np.float32)
    if config.output_bias:
        decoder.projection.bias = _array(model.output.bias)
    decoder.projection.bias[[PAD_ID, BOS_ID]] = _NEVER
    if config.norm == "pre":
        _set_norm(encoder.layer_norm, cast("nn.LayerNorm", model.encoder_norm))
        _set_norm(decoder.layer_norm, cast("nn.LayerNorm", model.decoder_norm))
    for layer_spec, layer in zip(encoder.layer, model.encoder, strict=True):
        _set_encoder_layer(layer_spec, cast("EncoderLayer", layer))
    for layer_spec, layer in zip(decoder.layer, model.decoder, strict=True):
        _set_decoder_layer(layer_spec, cast("DecoderLayer", layer))
    spec.register_source_vocabulary(list(source_pieces))
    spec.register_target_vocabulary(list(target_pieces))
    spec.config.unk_token = target_pieces[UNK_ID]
    spec.config.bos_token = spec.config.decoder_start_token = target_pieces[BOS_ID]
    spec.config.eos_token = target_pieces[EOS_ID]
    spec.config.add_source_eos = True
    spec.config.layer_norm_epsilon = config.norm_epsilon
    return spec


def _set_encoder_layer(spec: Any, layer: EncoderLayer) -> None:
    _set_self_attention(spec.self_attention, layer.self_attention, layer.around_self_attention)
    _set_feed_forward(spec.ffn, layer.feed_forward, layer.around_feed_forward)


def _set_decoder_layer(spec: Any, layer: DecoderLayer) -> None:
    _set_self_attention(spec.self_attention, layer.self_attention, layer.around_self_attention)
    _set_cross_attention(spec.attention, layer.cross_attention, layer.around_cross_attention)
    _set_feed_forward(spec.ffn, layer.feed_forward, layer.around_feed_forward)


def _set_self_attention(spec: Any, attention: MultiHeadAttention, around: AddAndNorm) -> None:
    _set_linear(spec.linear[0], attention.query, attention.key, attention.value)
    _set_linear(spec.linear[1], attention.output)
    _set_norm(spec.layer_norm, around.norm)


def _set_cross_attention(spec: Any, attention: MultiHeadAttention, around: AddAndNorm) -> None:
    _set_linear(spec.linear[0], attention.query)
    _set_linear(spec.linear[1], attention.key, attention.value)
    _set_linear(spec.linear[2], attention.output)
    _set_norm(spec.layer_norm, around.norm)


def _set_feed_forward(spec: Any, feed_forward: FeedForward, around: AddAndNorm) -> None:
    _set_linear(spec.linear_0, feed_forward.inner)
    _set_linear(spec.linear_1, feed_forward.outer)
    _set_norm(spec.layer_norm, around.norm)


def _set_linear(spec: Any, *layers: nn.Linear) -> None:
    """Set one matrix with the rows of all ``layers``; CTranslate2 uses one product for layers with the same input."""
    spec.weight = np.concatenate([_array(layer.weight) for layer in layers])
    spec.bias = np.concatenate([_array(layer.bias) for layer in layers])


def _set_norm(spec: Any, norm: nn.LayerNorm) -> None:
    spec.gamma = _array(norm.weight)
    spec.beta = _array(norm.bias)


def _array(tensor: Tensor) -> NDArray[np.float32]:
    array: NDArray[np.float32] = tensor.detach().float().numpy()
    return array.copy()  # CTranslate2 quantises in place
