"""``state.json`` of a checkpoint: all of a training's state that is not tensors. No torch."""

from __future__ import annotations

from pathlib import Path
from typing import Any, TypeVar

from transformer_cli.errors import DamagedFileError
from transformer_cli.files.record import Record

STATE_FILE = "state.json"


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
    """The updates in which the learning rate falls to zero, and the limits for which they were chosen.

    Args:
        first_step: The last update with the full rate.
        last_step: The last update.
        limits: ``max_steps`` and ``max_minutes``.
        is_guess: Whether they were chosen before it was known how long a validation takes.
    """

    first_step: int
    last_step: int
    limits: list[float | None]
    is_guess: bool = False


class CheckpointState(Record):
    """The part of a training's state that is not tensors.

    Args:
        training: Fingerprint of the training; with tokenizer and start it reveals a checkpoint of another training.
        tokenizer: Fingerprint of the tokenizer.
        pairs: Checksum of the training pairs, by which a place in them is the same; None where it is not known.
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
    pairs: str | None = None
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

    def is_of(self, training: str, tokenizer: str, pairs: str | None) -> bool:
        """Return whether it belongs to this training with this tokenizer, on these pairs if they are known."""
        is_same = self.pairs is None or pairs is None or self.pairs == pairs
        return is_same and (self.training, self.tokenizer) == (training, tokenizer)


class Checksums(Record):
    """The checksums of the other files of a checkpoint."""

    checksums: dict[str, str]


class StateFile(Checksums):
    """The whole of ``state.json``."""

    state: CheckpointState


_File = TypeVar("_File", bound=Record)


def read_state(folder: Path) -> CheckpointState:
    """Read the state of a checkpoint alone.

    Raises:
        DamagedFileError: It is missing or damaged.
    """
    return read_state_file(folder, StateFile).state


def read_state_file(folder: Path, kind: type[_File]) -> _File:
    """Read ``state.json``, or the part of it that ``kind`` has.

    Raises:
        DamagedFileError: It is missing or damaged.
    """
    document = kind.read_from(folder / STATE_FILE)
    if document is None:
        raise DamagedFileError(f"{folder / STATE_FILE} is missing or damaged")
    return document
