"""The weights of a Marian model with our names, in our order of vector elements and of token ids."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from pydantic import ValidationError
from torch import Tensor
from torch.overrides import TorchFunctionMode

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


@contextmanager
def explain_settings(place: Path) -> Iterator[None]:
    """Turn a setting of the original that no model can have into one line.

    Args:
        place: The file or folder of the original, which the message names.

    Raises:
        DataError: The body raised a ``ValidationError``.
    """
    try:
        yield
    except ValidationError as error:
        finding = error.errors(include_url=False)[0]
        name = "".join(f"{part}: " for part in finding["loc"])
        problem = finding["msg"].removeprefix("Value error, ").lower()
        raise DataError(f"{place} cannot be imported: {name}{problem}; download the model anew") from None


def sines_first(d_model: int) -> Tensor:
    """Return our element indices in Marian's order: the sines (our even indices), then the cosines."""
    return torch.cat([torch.arange(0, d_model, 2), torch.arange(1, d_model, 2)])


def layer_name(ours: str) -> tuple[str, int, str, str] | None:
    """Take "encoder.0.self_attention.query.weight" apart: stack, number, module, kind; None for another parameter."""
    stack, _, rest = ours.partition(".")
    number, _, rest = rest.partition(".")
    module, _, kind = rest.rpartition(".")
    return (stack, int(number), module, kind) if number.isdecimal() else None


class _WithoutValues(TorchFunctionMode):
    """Draws no random numbers: a model that is built for its shapes alone needs none."""

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        values = kwargs or {}
        if getattr(func, "__module__", "") == "torch.nn.init":
            return values["tensor"]
        return args[0] if func in (Tensor.normal_, Tensor.uniform_) else func(*args, **values)


def our_weights(
    config: ModelConfig, vocabularies: Sequence[Vocabulary], original: Callable[[str], Tensor], place: Path
) -> dict[str, Tensor]:
    """Return all weights of a model of shape ``config``.

    Args:
        config: The shape.
        vocabularies: The vocabulary of both sides, or those of source and target.
        original: Returns the original's weight for a name of ours, as PyTorch lays it out.
        place: The file or folder of the original, for the message.

    Raises:
        DataError: A weight is missing or has another shape.
    """
    with _WithoutValues():  # on the device "meta" PyTorch would import its compiler, for seconds
        source = None if len(vocabularies) == 1 else len(vocabularies[0].pieces)
        model = Transformer(config, len(vocabularies[-1].pieces), source_vocab_size=source)
    order = sines_first(config.d_model).argsort()
    weights = {}
    for name, parameter in model.named_parameters():
        theirs = original(name)
        expected = _original_shape(name, parameter, vocabularies)
        if theirs.shape != expected:
            raise DataError(
                f"{place}: {name} has the shape {tuple(theirs.shape)} instead of {tuple(expected)}; take settings and "
                "vocabulary that belong to the model"
            )
        weights[name] = _in_our_order(name, theirs.float(), order, vocabularies).contiguous().clone()
    return weights


def _original_shape(name: str, parameter: Tensor, vocabularies: Sequence[Vocabulary]) -> torch.Size:
    vocabulary = _vocabulary_of(name, vocabularies)
    rows = parameter.size(0) if vocabulary is None else vocabulary.original_size
    return torch.Size((rows, *parameter.shape[1:]))


def _vocabulary_of(name: str, vocabularies: Sequence[Vocabulary]) -> Vocabulary | None:
    """Return the vocabulary whose tokens the rows of a weight stand for, or None."""
    if not name.startswith(("source_embedding.", "target_embedding.", "output.")):
        return None
    return vocabularies[0 if name.startswith("source") else -1]


def _in_our_order(name: str, weight: Tensor, order: Tensor, vocabularies: Sequence[Vocabulary]) -> Tensor:
    module, _, kind = name.rpartition(".")
    if vocabulary := _vocabulary_of(name, vocabularies):
        missing = NEVER if kind == "bias" else 0.0
        weight = vocabulary.rearranged(weight, missing=missing)
        return weight if kind == "bias" else weight[:, order]
    if module.endswith(_WRITES) or "norm" in module:
        return weight[order]
    return weight[:, order] if kind == "weight" else weight
