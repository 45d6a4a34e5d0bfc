"""Checkpoints: everything a training needs to go on as if it had never stopped, written whole or not at all.

A checkpoint is a folder with ``model.safetensors``, ``training.safetensors`` and ``state.json``; the last holds the
checksums of the others. Nothing in it can run code when it is read.
"""

from __future__ import annotations

import hashlib
import json
import re
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from transformer_cli.errors import DamagedFileError, TfmError
from transformer_cli.files.atomic import atomic_folder
from transformer_cli.files.os_errors import explain_os_errors

WEIGHTS_FILE = "model.safetensors"
_TRAINING_FILE = "training.safetensors"
_STATE_FILE = "state.json"

# What stands around a sublayer had a number once, now it has a name. This is all that is left of format 1.
_NUMBERED = re.compile(r"\b(encoder|decoder)\.(\d+)\.add_and_norm\.(\d)\.")
_SUBLAYERS = {
    "encoder": ("self_attention", "feed_forward"),
    "decoder": ("self_attention", "cross_attention", "feed_forward"),
}


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The whole state of a training between two updates.

    Args:
        weights: Parameters by name, as they are evaluated and released.
        tensors: What else is tensors: the optimiser's moments, and the model's own weights if the above are an average.
        state: What else is JSON: step, place in the data, best validation.
    """

    weights: dict[str, Tensor]
    tensors: dict[str, Tensor]
    state: dict[str, Any]


def weights_of(model: nn.Module) -> dict[str, Tensor]:
    """Return the parameters of ``model`` by name, on the CPU; a matrix that is used several times occurs once."""
    return {name: parameter.detach().cpu().contiguous() for name, parameter in model.named_parameters()}


def load_weights(model: nn.Module, weights: Mapping[str, Tensor], *, where: Path) -> None:
    """Copy ``weights`` into ``model``.

    Raises:
        DamagedFileError: They are not this model's; the message names the first parameter that differs.
    """
    own = dict(model.named_parameters())
    for name in sorted(own.keys() ^ weights.keys()):
        raise DamagedFileError(f"{where}: {'no' if name in own else 'unknown'} parameter {name}; it is another model's")
    with torch.no_grad():
        for name, parameter in own.items():
            if parameter.shape != weights[name].shape:
                shapes = f"{tuple(weights[name].shape)} instead of {tuple(parameter.shape)}"
                raise DamagedFileError(f"{where}: parameter {name} has shape {shapes}; it is another model's")
            parameter.copy_(weights[name])


def write_tensors(path: Path, tensors: Mapping[str, Tensor], *, metadata: Mapping[str, str] | None = None) -> None:
    """Write a safetensors file; neither atomic by itself nor flushed to the disk.

    Args:
        path: The file.
        tensors: By name; no two may share memory.
        metadata: What to say in the file's head.

    Raises:
        TfmError: It cannot be written.
    """
    with explain_os_errors(path):
        path.touch()
        permissions = path.stat().st_mode  # the umask's; the library would let nobody but the owner read the file
        try:
            save_file(dict(tensors), path, metadata=None if metadata is None else dict(metadata))
        except SafetensorError as error:
            raise TfmError(f"cannot write {path}: {error}; free some space there and run the command again") from None
        path.chmod(permissions)


def read_tensors(path: Path) -> dict[str, Tensor]:
    """Read a safetensors file; parameters have the names of today, whichever format the file is of.

    Raises:
        DamagedFileError: It is missing, cut short or altered.
    """
    try:
        return {_NUMBERED.sub(_named, name): tensor for name, tensor in load_file(path).items()}
    except FileNotFoundError:
        raise DamagedFileError(f"{path} is missing") from None
    except (SafetensorError, OSError) as error:
        raise DamagedFileError(f"{path} is damaged or cut short: {str(error).splitlines()[0]}") from None


def _named(numbered: re.Match[str]) -> str:
    stack, layer, number = numbered.groups()
    return f"{stack}.{layer}.around_{_SUBLAYERS[stack][int(number)]}."


def require_room(folder: Path, size: int) -> None:
    """Make sure that a file system has room, so that it is not filled to the brim in vain.

    Args:
        folder: One that is there.
        size: Bytes to be written.

    Raises:
        TfmError: It has not.
    """
    free = shutil.disk_usage(folder).free
    if free < size:
        raise TfmError(
            f"cannot write to {folder}: {size / 1e6:,.0f} MB are needed and {free / 1e6:,.0f} MB are free; "
            "free some space there and run the command again"
        )


def save_checkpoint(folder: Path, checkpoint: Checkpoint) -> None:
    """Write a checkpoint so that ``folder`` appears whole or not at all; one that is there already is replaced.

    Raises:
        TfmError: It cannot be written; what was there before is untouched.
    """
    with atomic_folder(folder) as beside:
        require_room(beside, sum(t.nbytes for t in (*checkpoint.weights.values(), *checkpoint.tensors.values())))
        write_tensors(beside / WEIGHTS_FILE, checkpoint.weights)
        write_tensors(beside / _TRAINING_FILE, checkpoint.tensors)
        checksums = {name: _checksum(beside / name) for name in (WEIGHTS_FILE, _TRAINING_FILE)}
        document = {"checksums": checksums, "state": checkpoint.state}
        (beside / _STATE_FILE).write_bytes((json.dumps(document, indent=1) + "\n").encode())


def load_checkpoint(folder: Path) -> Checkpoint:
    """Read a checkpoint and verify its checksums.

    Raises:
        DamagedFileError: Something of it is missing or not as it was written.
    """
    weights, tensors = (_read_verified(folder, name) for name in (WEIGHTS_FILE, _TRAINING_FILE))
    return Checkpoint(weights, tensors, read_state(folder)["state"])


def read_weights(folder: Path) -> dict[str, Tensor]:
    """Read the weights of a checkpoint alone and verify their checksum.

    Raises:
        DamagedFileError: They are missing or not as they were written.
    """
    return _read_verified(folder, WEIGHTS_FILE)


def _read_verified(folder: Path, name: str) -> dict[str, Tensor]:
    path = folder / name
    checksums = read_state(folder)["checksums"]
    if not path.is_file() or _checksum(path) != checksums.get(name):
        raise DamagedFileError(f"{path} is not as it was written")
    return read_tensors(path)


def read_state(folder: Path) -> dict[str, Any]:
    """Read a checkpoint's ``state.json`` alone: ``{"checksums": .., "state": ..}``.

    Raises:
        DamagedFileError: It is missing or damaged.
    """
    path = folder / _STATE_FILE
    try:
        document = json.loads(path.read_bytes())
        if isinstance(document["checksums"], dict) and isinstance(document["state"], dict):
            return dict(document)
    except (OSError, ValueError, KeyError, TypeError):
        pass
    raise DamagedFileError(f"{path} is missing or damaged")


def average_weights(folders: Sequence[Path]) -> dict[str, Tensor]:
    """Return the mean of the weights of several checkpoints, summed in float64.

    Raises:
        DamagedFileError: One of them is missing or not as it was written.
    """
    sums: dict[str, Tensor] = {}
    for folder in folders:
        for name, weight in read_weights(folder).items():
            sums[name] = sums[name] + weight if name in sums else weight.double()
    return {name: (total / len(folders)).float() for name, total in sums.items()}


def _checksum(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
