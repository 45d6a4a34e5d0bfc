"""The weights of a model of the library ``transformers``, by our names.

A ``pytorch_model.bin`` is a pickle, which could hold code; nothing but tensors is read from it.
"""

from __future__ import annotations

import pickle
import struct
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal

import torch
from torch import Tensor

from transformer_cli.artifacts.checkpoint.checkpoint import read_tensors
from transformer_cli.errors import DamagedFileError, DataError
from transformer_cli.files.os_errors import explain_os_errors
from transformer_cli.interchange.imported_weights import layer_name, sines_first
from transformer_cli.interchange.vocabulary import Vocabulary
from transformer_cli.model.positions import sinusoidal_positions

_MODULES = {
    "self_attention.query": "self_attn.q_proj",
    "self_attention.key": "self_attn.k_proj",
    "self_attention.value": "self_attn.v_proj",
    "self_attention.output": "self_attn.out_proj",
    "cross_attention.query": "encoder_attn.q_proj",
    "cross_attention.key": "encoder_attn.k_proj",
    "cross_attention.value": "encoder_attn.v_proj",
    "cross_attention.output": "encoder_attn.out_proj",
    "feed_forward.inner": "fc1",
    "feed_forward.outer": "fc2",
    "around_self_attention.norm": "self_attn_layer_norm",
    "around_cross_attention.norm": "encoder_attn_layer_norm",
    "around_feed_forward.norm": "final_layer_norm",
}
_FINAL_NORMS = {"encoder_norm": "model.encoder.layer_norm", "decoder_norm": "model.decoder.layer_norm"}
_SHARED = "model.shared.weight"
_POSITIONS = "model.encoder.embed_positions.weight"
_BIAS = "final_logits_bias"

# What PyTorch's loader raises for a file that is no pickle of tensors, or is cut short.
_LOADING_ERRORS = (
    pickle.UnpicklingError,
    struct.error,
    AssertionError,
    AttributeError,
    EOFError,
    LookupError,
    OSError,
    RuntimeError,
    TypeError,
    ValueError,
)


class HuggingfaceWeights:
    """The weights in a folder, by our names.

    Args:
        folder: It holds ``model.safetensors`` or ``pytorch_model.bin``.
        vocabularies: The vocabulary of both sides, or those of source and target.

    Raises:
        DataError: The folder has no such file, or it is damaged.
    """

    def __init__(self, folder: Path, vocabularies: Sequence[Vocabulary]) -> None:
        self._weights = _read(folder)
        self._folder = folder
        self._sizes = vocabularies[0].original_size, vocabularies[-1].original_size

    def __call__(self, ours: str) -> Tensor:
        """Return the weight with this name, in the original's order."""
        layer = layer_name(ours)
        if layer is not None:
            stack, number, module, kind = layer
            return self._first(f"model.{stack}.layers.{number}.{_MODULES[module]}.{kind}")
        module, _, kind = ours.rpartition(".")
        if module in _FINAL_NORMS:
            return self._first(f"{_FINAL_NORMS[module]}.{kind}")
        if ours == "output.bias":
            return self._bias()
        side = "encoder" if ours.startswith("source") else "decoder"
        embedding = f"model.{side}.embed_tokens.weight"
        table = self._first(*(["lm_head.weight"] if ours == "output.weight" else []), embedding, _SHARED)
        return self._without_filling(table, self._sizes[side == "decoder"])

    def _bias(self) -> Tensor:
        return self._without_filling(self._first(_BIAS).flatten(), self._sizes[1])

    def _without_filling(self, table: Tensor, size: int) -> Tensor:
        """Return the rows of a vocabulary, which are fewer if it was filled up to the size of the other one."""
        return table[:size] if table.shape[:1] == (max(self._sizes),) else table

    @property
    def has_bias(self) -> bool:
        """Whether the output layer has a bias that is not zero."""
        return _BIAS in self._weights and bool(self._bias().any())

    @property
    def are_tied(self) -> bool:
        """Whether the output layer has the weights of the target embedding."""
        return torch.equal(self("output.weight"), self("target_embedding.table.weight"))

    def positions(self, d_model: int) -> Literal["paper", "marian"]:
        """Return the kind of the positions that the weights hold, or the paper's if they hold none."""
        table = self._weights.get(_POSITIONS)
        if table is None:
            return "paper"
        marian = sinusoidal_positions(len(table), d_model, kind="marian")[:, sines_first(d_model)]
        is_marian = table.shape == marian.shape and torch.allclose(table.float(), marian, atol=1e-3)
        return "marian" if is_marian else "paper"

    def begins_with_zeros(self, start: int) -> bool:
        """Return whether the decoder's first input has an embedding of zeros."""
        embedding = torch.atleast_2d(self("target_embedding.table.weight"))  # its shape is checked later
        return not embedding[start : start + 1].any()

    def _first(self, *names: str) -> Tensor:
        for name in names:
            if name in self._weights:
                return self._weights[name]
        raise DataError(f"{self._folder} holds no {names[0]}; download the model anew")


def _read(folder: Path) -> Mapping[str, Tensor]:
    path = folder / "model.safetensors"
    if path.exists():
        try:
            return read_tensors(path)
        except DamagedFileError as error:
            raise DataError(f"{error}; download the model anew") from None
    path = folder / "pytorch_model.bin"
    if not path.exists():
        raise DataError(f"{folder} holds neither model.safetensors nor pytorch_model.bin; download the model anew")
    return read_pickled_tensors(path)


def read_pickled_tensors(path: Path) -> dict[str, Tensor]:
    """Return the tensors of a file by their names; no code in it is run.

    Raises:
        DataError: The file cannot be read, is damaged, or holds something else than tensors and containers of them.
    """
    with explain_os_errors(path, "read", DataError):
        file = path.open("rb")
    with file, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about versions of pickle
        try:
            loaded = torch.load(file, map_location="cpu", weights_only=True)
        except _LOADING_ERRORS:  # their messages are left out, because they advise to load the code as well
            loaded = None
    if not isinstance(loaded, Mapping):
        raise DataError(f"{path} is damaged, or holds more than weights, which is not loaded; download the model anew")
    return {name: value for name, value in loaded.items() if isinstance(value, Tensor)}
