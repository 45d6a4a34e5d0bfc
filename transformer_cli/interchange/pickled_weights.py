"""The weights in a ``pytorch_model.bin``, a pickle, which could hold code; nothing but tensors is read from it."""

from __future__ import annotations

import pickle
import struct
import warnings
from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor

from transformer_cli.errors import DataError
from transformer_cli.files.os_errors import explain_os_errors

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
