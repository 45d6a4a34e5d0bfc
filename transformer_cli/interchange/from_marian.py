"""Import of a model in Marian's own format: OPUS-MT, Bergamot before quantisation, or a training of one's own.

The arrays are named and laid out as in ``src/models/transformer.h`` of Marian. Matrices are (in, out), biases and norms
(1, D), embeddings (V, D).
"""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from pathlib import Path
from tokenize import TokenError
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from transformer_cli.config import DecodingConfig, LanguagesConfig
from transformer_cli.errors import DataError
from transformer_cli.files.os_errors import explain_os_errors
from transformer_cli.interchange.imported_weights import ImportedModel, explain_settings, layer_name, our_weights
from transformer_cli.interchange.marian_files import find_marian_files
from transformer_cli.interchange.marian_options import SETTINGS_ARRAY, read_options
from transformer_cli.interchange.vocabulary import our_tokenizers

_MODULES = {
    "self_attention.query": "self_{}q",
    "self_attention.key": "self_{}k",
    "self_attention.value": "self_{}v",
    "self_attention.output": "self_{}o",
    "cross_attention.query": "context_{}q",
    "cross_attention.key": "context_{}k",
    "cross_attention.value": "context_{}v",
    "cross_attention.output": "context_{}o",
    "feed_forward.inner": "ffn_{}1",
    "feed_forward.outer": "ffn_{}2",
    "around_self_attention.norm": "self_Wo_ln_{}",
    "around_cross_attention.norm": "context_Wo_ln_{}",
    "around_feed_forward.norm": "ffn_ffn_ln_{}",
}
_OUTPUT = "decoder_ff_logit_out"


def read_marian_model(
    place: Path, languages: LanguagesConfig | None, *, positions: Literal["paper", "marian"] = "marian"
) -> ImportedModel:
    """Read a Marian model.

    Args:
        place: The ``.npz`` with its vocabularies beside it, or the folder with ``decoder.yml`` or both.
        languages: The languages.
        positions: The positional encoding; "marian" is the one that Marian computes.

    Raises:
        DataError: A file is missing or damaged, or our model cannot compute the same.
    """
    files = find_marian_files(place)
    if languages is None:
        raise DataError(f"{files.model}: a Marian model does not name its languages; give --from and --to")
    arrays = _read_arrays(files.model)
    options = read_options(arrays, files.model)
    vocabularies = files.vocabularies(options)
    tokenizers = our_tokenizers(files.source, files.target, vocabularies)
    with explain_settings(files.model):
        config = options.model_config_for(positions=positions)
        decoding = DecodingConfig(
            beam_size=files.beam_size or 5,
            beam_narrows=True,
            length_penalty=files.length_penalty,
            max_length_ratio=options.length_factor,
            max_length_extra=1,  # eos, which Marian leaves out of a translation that reaches the limit
        )
    originals = _Originals(arrays, files.model)
    weights = our_weights(config, vocabularies, originals, files.model)
    originals.require_all_used()
    return ImportedModel("Marian model", config, weights, tokenizers, languages, decoding)


def _read_arrays(path: Path) -> dict[str, NDArray[np.float32]]:
    try:
        with explain_os_errors(path, "read", DataError), np.load(path, allow_pickle=False) as archive:
            arrays = {name: archive[name] for name in archive.files}
    except (ValueError, EOFError, zipfile.BadZipFile, KeyError, TokenError) as error:
        raise DataError(f"{path} is no whole .npz file: {str(error).splitlines()[0]}; download it anew") from None
    for name, array in arrays.items():
        if array.dtype.kind not in "fiu":
            raise DataError(f"{path}: {name} holds no numbers; download it anew")
    return arrays


class _Originals:
    """The arrays of the file, by our names."""

    def __init__(self, arrays: Mapping[str, NDArray[np.float32]], path: Path) -> None:
        self._arrays = arrays
        self._path = path
        self._used = {SETTINGS_ARRAY}

    def __call__(self, ours: str) -> Tensor:
        layer = layer_name(ours)
        if layer is not None:
            stack, number, module, kind = layer
            return self._of_layer(f"{stack}_l{number + 1}_{_MODULES[module]}", module, kind)
        if ours == "output.bias":
            return self._bias()
        if ours == "output.weight":
            return self._output_matrix()
        side = "encoder" if ours.startswith("source") else "decoder"
        return self._array(*(f"{side}_Wemb", "Wemb", "encoder_Wemb"))

    def require_all_used(self) -> None:
        """Check that no array is left, for our model would compute something else.

        Raises:
            DataError: There is one.
        """
        left = sorted(self._arrays.keys() - self._used)
        if left:
            raise DataError(f"{self._path} holds {left[0]}, which this program's model has no place for; use marian")

    def _of_layer(self, name: str, module: str, kind: str) -> Tensor:
        if module.endswith("norm"):
            return self._array(name.format("scale" if kind == "weight" else "bias")).flatten()
        if kind == "weight":
            return self._array(name.format("W")).mT
        return self._array(name.format("b")).flatten()

    def _bias(self) -> Tensor:
        if f"{_OUTPUT}_b" in self._arrays:
            return self._array(f"{_OUTPUT}_b").flatten()
        return torch.zeros(len(self("target_embedding.table.weight")))

    def _output_matrix(self) -> Tensor:
        if f"{_OUTPUT}_W" in self._arrays:
            return self._array(f"{_OUTPUT}_W").mT
        return self._array(f"{_OUTPUT}_Wt", "decoder_Wemb", "Wemb")

    def _array(self, *names: str) -> Tensor:
        for name in names:
            if name in self._arrays:
                self._used.add(name)
                return torch.from_numpy(np.atleast_2d(self._arrays[name]))
        raise DataError(f"{self._path} holds no {names[0]}; download the model anew")
