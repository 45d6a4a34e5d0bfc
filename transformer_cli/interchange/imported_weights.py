"""The weights of a Marian model with our names, in our order of vector elements and of token ids."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from transformer_cli.config import DecodingConfig, LanguagesConfig, ModelConfig
from transformer_cli.data.tokens.tokenizer import TokenizerPair
from transformer_cli.errors import DataError
from transformer_cli.interchange.vocabulary import NEVER, Vocabulary
from transformer_cli.model.transformer import Transformer

_WRITES = (".output", ".outer")
"""Layers whose output goes to the residual stream; all others read from it."""


@dataclass(frozen=True, slots=True)
class ImportedModel:
    """A model of another program, ready to be written as a model directory.

    Args:
        kind: The kind of the original, for messages.
        config: The shape.
        weights: The weights by our names.
        tokenizers: The tokenizers.
        languages: The languages.
        decoding: The search settings that came with it.
    """

    kind: str
    config: ModelConfig
    weights: Mapping[str, Tensor]
    tokenizers: TokenizerPair
    languages: LanguagesConfig
    decoding: DecodingConfig


def sines_first(d_model: int) -> Tensor:
    """Return our element indices in Marian's order: the sines (our even indices), then the cosines."""
    return torch.cat([torch.arange(0, d_model, 2), torch.arange(1, d_model, 2)])


def layer_name(ours: str) -> tuple[str, int, str, str] | None:
    """Take "encoder.0.self_attention.query.weight" apart: stack, number, module, kind; None for another parameter."""
    stack, _, rest = ours.partition(".")
    number, _, rest = rest.partition(".")
    module, _, kind = rest.rpartition(".")
    return (stack, int(number), module, kind) if number.isdecimal() else None


def our_weights(
    config: ModelConfig, vocabularies: Sequence[Vocabulary], original: Callable[[str], Tensor]
) -> dict[str, Tensor]:
    """Return all weights of a model of shape ``config``.

    Args:
        config: The shape.
        vocabularies: The vocabulary of both sides, or those of source and target.
        original: Returns the original's weight for a name of ours, as PyTorch lays it out.

    Raises:
        DataError: A weight has another shape.
    """
    with torch.device("meta"):
        source = None if len(vocabularies) == 1 else len(vocabularies[0].pieces)
        model = Transformer(config, len(vocabularies[-1].pieces), source_vocab_size=source)
    order = sines_first(config.d_model).argsort()
    weights = {}
    for name, parameter in model.named_parameters():
        weight = _in_our_order(name, original(name).float(), order, vocabularies)
        if weight.shape != parameter.shape:
            raise DataError(f"{name} has shape {tuple(weight.shape)} instead of {tuple(parameter.shape)}")
        weights[name] = weight.contiguous().clone()
    return weights


def _in_our_order(name: str, weight: Tensor, order: Tensor, vocabularies: Sequence[Vocabulary]) -> Tensor:
    module, _, kind = name.rpartition(".")
    if module == "output" or module.endswith(".table"):
        vocabulary = vocabularies[0 if module.startswith("source") else -1]
        missing = NEVER if kind == "bias" else 0.0
        weight = vocabulary.rearranged(weight, missing=missing)
        return weight if kind == "bias" else weight[:, order]
    if module.endswith(_WRITES) or "norm" in module:
        return weight[order]
    return weight[:, order] if kind == "weight" else weight
