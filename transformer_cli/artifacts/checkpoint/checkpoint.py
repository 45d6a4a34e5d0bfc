"""Checkpoints: everything a training needs to go on as if it had never stopped, written whole or not at all.

A checkpoint is a folder with ``model.safetensors``, ``training.safetensors`` and ``state.json``; the last holds the
checksums of the others. Nothing in it can run code when it is read.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from transformer_cli.artifacts.checkpoint.state import (
    STATE_FILE,
    CheckpointState,
    Checksums,
    StateFile,
    read_state,
    read_state_file,
)
from transformer_cli.errors import DamagedFileError, TfmError
from transformer_cli.files.atomic import atomic_folder
from transformer_cli.files.checksum import checksum_of_file
from transformer_cli.files.os_errors import explain_os_errors

WEIGHTS_FILE = "model.safetensors"
_TRAINING_FILE = "training.safetensors"

# In format 1 the parts around a sublayer had numbers; now they have names. Nothing else of format 1 remains.
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
        tensors: All other tensors: the optimiser's moments, and the model's own weights if ``weights`` is an average.
        state: The rest of the state.
    """

    weights: dict[str, Tensor]
    tensors: dict[str, Tensor]
    state: CheckpointState


def weights_of(model: nn.Module) -> dict[str, Tensor]:
    """Return the parameters of ``model`` by name, on the CPU; a shared matrix occurs once."""
    return {name: parameter.detach().cpu().contiguous() for name, parameter in model.named_parameters()}


def load_weights(model: nn.Module, weights: Mapping[str, Tensor], *, where: Path) -> None:
    """Copy ``weights`` into ``model``.

    Raises:
        DamagedFileError: The weights do not fit the model; the message names the first parameter that differs.
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
    """Write a safetensors file; the write is not atomic and not flushed to the disk.

    Args:
        path: The file.
        tensors: The tensors by name; no two may share memory.
        metadata: Entries for the file's header.

    Raises:
        TfmError: It cannot be written.
    """
    with explain_os_errors(path):
        path.touch()
        permissions = path.stat().st_mode  # from the umask; the library would let only the owner read it
        try:
            save_file(dict(tensors), path, metadata=None if metadata is None else dict(metadata))
        except SafetensorError as error:
            raise TfmError(f"cannot write {path}: {error}; free some space there and run the command again") from None
        path.chmod(permissions)


def read_tensors(path: Path) -> dict[str, Tensor]:
    """Read a safetensors file; parameters get their current names, whatever the file's format.

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
    """Check that a file system has enough room before a large write.

    Args:
        folder: An existing folder on the file system.
        size: The number of bytes to be written.

    Raises:
        TfmError: There is not enough room.
    """
    free = shutil.disk_usage(folder).free
    if free < size:
        raise TfmError(
            f"cannot write to {folder}: {size / 1e6:,.1f} MB are needed and {free / 1e6:,.1f} MB are free; "
            "free some space there and run the command again"
        )


def save_checkpoint(folder: Path, checkpoint: Checkpoint) -> None:
    """Write a checkpoint so that ``folder`` appears whole or not at all; an existing one is replaced.

    Raises:
        TfmError: It cannot be written; an existing checkpoint is unchanged.
    """
    with atomic_folder(folder) as beside:
        require_room(beside, sum(t.nbytes for t in (*checkpoint.weights.values(), *checkpoint.tensors.values())))
        write_tensors(beside / WEIGHTS_FILE, checkpoint.weights)
        write_tensors(beside / _TRAINING_FILE, checkpoint.tensors)
        checksums = {name: checksum_of_file(beside / name) for name in (WEIGHTS_FILE, _TRAINING_FILE)}
        StateFile(checksums=checksums, state=checkpoint.state).write_to(beside / STATE_FILE)


def load_checkpoint(folder: Path) -> Checkpoint:
    """Read a checkpoint and verify its checksums.

    Raises:
        DamagedFileError: A part of it is missing or was changed.
    """
    state = read_state(folder)
    weights, tensors = (_read_verified(folder, name) for name in (WEIGHTS_FILE, _TRAINING_FILE))
    return Checkpoint(weights, tensors, state)


def read_weights(folder: Path) -> dict[str, Tensor]:
    """Read the weights of a checkpoint alone and verify their checksum.

    Raises:
        DamagedFileError: They are missing or were changed.
    """
    return _read_verified(folder, WEIGHTS_FILE)


def _read_verified(folder: Path, name: str) -> dict[str, Tensor]:
    path = folder / name
    checksums = read_state_file(folder, Checksums).checksums
    if not path.is_file() or checksum_of_file(path) != checksums.get(name):
        raise DamagedFileError(f"{path} is not as it was written")
    return read_tensors(path)


def average_weights(folders: Sequence[Path]) -> dict[str, Tensor]:
    """Return the mean of the weights of several checkpoints, summed in float64.

    Raises:
        DamagedFileError: One of them is missing or was changed.
    """
    sums: dict[str, Tensor] = {}
    for folder in folders:
        for name, weight in read_weights(folder).items():
            sums[name] = sums[name] + weight if name in sums else weight.double()
    return {name: (total / len(folders)).float() for name, total in sums.items()}
