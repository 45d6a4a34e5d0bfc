"""PyTorch's own Transformer with the weights of ours, to compare with."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from transformer_cli.model.attention import MultiHeadAttention
from transformer_cli.model.layers import DecoderLayer, EncoderLayer
from transformer_cli.model.transformer import Transformer


def packed_projections(attention: MultiHeadAttention) -> tuple[Tensor, Tensor]:
    """Return the weight (3D, D) and the bias (3D,) of query, key and value as PyTorch keeps them, end to end."""
    projections = (attention.query, attention.key, attention.value)
    return torch.cat([p.weight for p in projections]), torch.cat([p.bias for p in projections])


def torch_transformer(model: Transformer) -> nn.Transformer:
    """Return ``torch.nn.Transformer`` with the layers of ``model``; embeddings and output layer are not part of it."""
    config = model.config
    shape: dict[str, Any] = {
        "d_model": config.d_model,
        "nhead": config.num_heads,
        "dim_feedforward": config.d_ff,
        "dropout": 0.0,
        "activation": "relu",
        "batch_first": True,
        "norm_first": config.norm == "pre",
        "dtype": torch.float64,
    }
    # nn.Transformer ends both stacks in a norm of their own, which the paper's post norm has not.
    has_last_norm = config.norm == "pre"
    encoder = nn.TransformerEncoder(
        nn.TransformerEncoderLayer(**shape),
        config.num_encoder_layers,
        nn.LayerNorm(config.d_model, dtype=torch.float64) if has_last_norm else None,
        enable_nested_tensor=False,
    )
    decoder = nn.TransformerDecoder(
        nn.TransformerDecoderLayer(**shape),
        config.num_decoder_layers,
        nn.LayerNorm(config.d_model, dtype=torch.float64) if has_last_norm else None,
    )
    # The arguments that are repeated here decide nothing but what the constructor checks.
    reference = nn.Transformer(
        **shape, custom_encoder=encoder, custom_decoder=decoder, num_encoder_layers=1, num_decoder_layers=1
    )
    reference.load_state_dict(_translated_weights(model), strict=True)
    return reference


def _translated_weights(model: Transformer) -> dict[str, Tensor]:
    weights: dict[str, Tensor] = {}
    for stack, layers in (("encoder", model.encoder), ("decoder", model.decoder)):
        for index, layer in enumerate(layers):
            weights |= {f"{stack}.layers.{index}.{name}": tensor for name, tensor in layer_weights(layer).items()}
    for stack, norm in (("encoder", model.encoder_norm), ("decoder", model.decoder_norm)):
        weights |= {f"{stack}.norm.{name}": tensor for name, tensor in norm.state_dict().items()}
    return weights


def layer_weights(layer: nn.Module) -> dict[str, Tensor]:
    """Return what ``load_state_dict`` of PyTorch's layer of the same kind takes."""
    assert isinstance(layer, EncoderLayer | DecoderLayer)
    weights = _attention_weights("self_attn", layer.self_attention)
    if isinstance(layer, DecoderLayer):
        weights |= _attention_weights("multihead_attn", layer.cross_attention)
    for theirs, ours in (("linear1", layer.feed_forward.inner), ("linear2", layer.feed_forward.outer)):
        weights |= {f"{theirs}.weight": ours.weight, f"{theirs}.bias": ours.bias}
    blocks = [layer.around_self_attention, layer.around_feed_forward]
    if isinstance(layer, DecoderLayer):
        blocks.insert(1, layer.around_cross_attention)
    for index, block in enumerate(blocks, start=1):
        weights |= {f"norm{index}.{name}": tensor for name, tensor in block.norm.state_dict().items()}
    return weights


def _attention_weights(name: str, attention: MultiHeadAttention) -> dict[str, Tensor]:
    weight, bias = packed_projections(attention)
    return {
        f"{name}.in_proj_weight": weight,
        f"{name}.in_proj_bias": bias,
        f"{name}.out_proj.weight": attention.output.weight,
        f"{name}.out_proj.bias": attention.output.bias,
    }
