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

# In format 1 the parts around a sublayer had numbers; now they have names. Nothing else of format 1 remains.
_NUMBERED = re.compile(r"\b(encoder|decoder)\.(\d+)\.add_and_norm\.(\d)\.")
_SUBLAYERS = {
    "encoder": ("self_attention", "feed_forward"),
    "decoder": ("self_attention", "cross_attention", "feed_forward"),
}


class StartState(Record):
    """The version whose weights a training began with, and the number of updates behind these weights."""

    version: str | None
    steps: int


class StreamState(Record):
    """The position in the training data."""

    epoch: int
    position: int
    within: int = 0  # checkpoints of earlier releases have none


class TrackerState(Record):
    """The best validation, and the number of validations since."""

    best_step: int | None
    best_value: float | None
    since_best: int


class EndingState(Record):
    """The updates in which the learning rate falls to zero, and the limits for which they were chosen."""

    first_step: int
    last_step: int
    limits: list[float | None]


class CheckpointState(Record):
    """The part of a training's state that is not tensors.

    Args:
        training: Fingerprint of the training; with tokenizer and start it reveals a checkpoint of another training.
        tokenizer: Fingerprint of the tokenizer.
        start: The version and step that the training began with.
        step: The number of updates done.
        precision: The data type of matrix products.
        scaler: State of the gradient scaler; empty if there is none.
        pieces: Number of micro-batches each batch is split into after running out of memory (1 = not split).
        stream: The position in the training data.
        tracker: The best validation.
        validated_step: The step of the latest validation.
        elapsed_seconds: The duration of the training so far.
        validation_seconds: The duration of the latest validation.
        saving_seconds: The duration of saving the latest checkpoint.
        measured_updates: The number of updates whose speed was measured.
        measured_seconds: The duration of these updates.
        metrics_bytes: The size of ``metrics.jsonl``.
        bleu_before: BLEU on the validation set before the first update, or None if it was not computed.
        ending: The updates in which the learning rate falls to zero, if they are fixed.
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
        """Return whether the checkpoint belongs to this training with this tokenizer."""
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
            f"cannot write to {folder}: {size / 1e6:,.0f} MB are needed and {free / 1e6:,.0f} MB are free; "
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
        checksums = {name: _checksum(beside / name) for name in (WEIGHTS_FILE, _TRAINING_FILE)}
        _StateFile(checksums=checksums, state=checkpoint.state).write_to(beside / _STATE_FILE)


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
        DamagedFileError: One of them is missing or was changed.
    """
    sums: dict[str, Tensor] = {}
    for folder in folders:
        for name, weight in read_weights(folder).items():
            sums[name] = sums[name] + weight if name in sums else weight.double()
    return {name: (total / len(folders)).float() for name, total in sums.items()}


def _checksum(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
