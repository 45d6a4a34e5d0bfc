"""Checkpoints: everything a training needs to go on as if it had never stopped, written whole or not at all.

A checkpoint is a folder with ``model.safetensors``, ``training.safetensors`` and ``state.json``; the last holds the
checksums of the others. Nothing in it can run code when it is read.
"""

from __future__ import annotations

import hashlib
import re
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from transformer_cli.errors import DamagedFileError, TfmError
from transformer_cli.files.atomic import atomic_folder
from transformer_cli.files.os_errors import explain_os_errors
from transformer_cli.files.record import Record

WEIGHTS_FILE = "model.safetensors"
_TRAINING_FILE = "training.safetensors"
_STATE_FILE = "state.json"

# What stands around a sublayer had a number once, now it has a name. This is all that is left of format 1.
_NUMBERED = re.compile(r"\b(encoder|decoder)\.(\d+)\.add_and_norm\.(\d)\.")
_SUBLAYERS = {
    "encoder": ("self_attention", "feed_forward"),
    "decoder": ("self_attention", "cross_attention", "feed_forward"),
}


class StartState(Record):
    """The version whose weights a training began with, and the updates that these have had."""

    version: str | None
    steps: int


class StreamState(Record):
    """The place in the data."""

    epoch: int
    position: int


class TrackerState(Record):
    """The best validation, and the number of those since."""

    best_step: int | None
    best_value: float | None
    since_best: int


class EndingState(Record):
    """The updates in which the learning rate falls to zero, and the limits that they were fixed for."""

    first_step: int
    last_step: int
    limits: list[float | None]


class CheckpointState(Record):
    """All of a training that is not tensors.

    Args:
        training: Fingerprint of the training; it, the tokenizer and the start tell a checkpoint of another training.
        tokenizer: Fingerprint of the tokenizer.
        start: Where the training began.
        step: The number of updates done.
        precision: Of the products.
        scaler: State of the gradient scaler; empty where there is none.
        pieces: Into how many pieces each batch is cut for want of memory.
        stream: The place in the data.
        tracker: The best validation.
        validated_step: The step of the latest validation.
        elapsed_seconds: The time that the training has taken.
        validation_seconds: The time that the latest validation took.
        saving_seconds: The time that the latest checkpoint took.
        measured_updates: The number of updates whose speed was measured.
        measured_seconds: The time that these took.
        metrics_bytes: The size of ``metrics.jsonl``.
        bleu_before: On the validation set before the first update; None where that was not validated.
        ending: When the learning rate falls to zero, if that is fixed.
    """

    training: str
    tokenizer: str
    start: StartState
    step: int
    precision: str
    scaler: dict[str, Any]
    pieces: int = 1
    stream: StreamState
    tracker: TrackerState
    validated_step: int | None
    elapsed_seconds: float
    validation_seconds: float | None = None
    saving_seconds: float = 0.0
    measured_updates: int = 0
    measured_seconds: float = 0.0
    metrics_bytes: int
    bleu_before: float | None
    ending: EndingState | None = None

    def is_of(self, training: str, tokenizer: str) -> bool:
        """Say whether the checkpoint is one of this training with this tokenizer."""
        return (self.training, self.tokenizer) == (training, tokenizer)


class _Checksums(Record):
    checksums: dict[str, str]


class _StateFile(_Checksums):
    state: CheckpointState


_File = TypeVar("_File", bound=Record)


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The whole state of a training between two updates.

    Args:
        weights: Parameters by name, as they are evaluated and released.
        tensors: What else is tensors: the optimiser's moments, and the model's own weights if the above are an average.
        state: All the rest.
    """

    weights: dict[str, Tensor]
    tensors: dict[str, Tensor]
    state: CheckpointState


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
        _StateFile(checksums=checksums, state=checkpoint.state).write_to(beside / _STATE_FILE)


def load_checkpoint(folder: Path) -> Checkpoint:
    """Read a checkpoint and verify its checksums.

    Raises:
        DamagedFileError: Something of it is missing or not as it was written.
    """
    state = read_state(folder)
    weights, tensors = (_read_verified(folder, name) for name in (WEIGHTS_FILE, _TRAINING_FILE))
    return Checkpoint(weights, tensors, state)


def read_weights(folder: Path) -> dict[str, Tensor]:
    """Read the weights of a checkpoint alone and verify their checksum.

    Raises:
        DamagedFileError: They are missing or not as they were written.
    """
    return _read_verified(folder, WEIGHTS_FILE)


def _read_verified(folder: Path, name: str) -> dict[str, Tensor]:
    path = folder / name
    checksums = _read_state_file(folder, _Checksums).checksums
    if not path.is_file() or _checksum(path) != checksums.get(name):
        raise DamagedFileError(f"{path} is not as it was written")
    return read_tensors(path)


def read_state(folder: Path) -> CheckpointState:
    """Read the state of a checkpoint alone.

    Raises:
        DamagedFileError: It is missing or damaged.
    """
    return _read_state_file(folder, _StateFile).state


def _read_state_file(folder: Path, kind: type[_File]) -> _File:
    document = kind.read_from(folder / _STATE_FILE)
    if document is None:
        raise DamagedFileError(f"{folder / _STATE_FILE} is missing or damaged")
    return document


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
