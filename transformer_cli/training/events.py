"""What happens in a training, as typed events. No torch here: whoever draws these need not load it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from pathlib import Path


class StopReason(Enum):
    """Why a training ended."""

    MAX_STEPS = "training.max_steps reached"
    MAX_MINUTES = "training.max_minutes used"
    PATIENCE = "no improvement within training.patience validations"
    SIGNAL = "asked to stop"


@dataclass(frozen=True, slots=True)
class RunOpened:
    """The first event: the run directory is ours to write to.

    Args:
        log: The file that is to keep the messages of this training.
    """

    log: Path


@dataclass(frozen=True, slots=True)
class SessionOpened:
    """What is trained, where, and how far it is to go.

    Args:
        parameters: Of the model.
        updates_per_epoch: Updates in one pass over the data.
        device: "cpu" or "cuda".
        threads: Of the arithmetic on the CPU.
        precision: In which matrix products are computed.
        step: Updates done in an earlier sitting.
        max_steps: Updates after which it ends.
        max_seconds: Seconds after which it ends, if so limited.
        patience: Validations without improvement after which it ends, if so limited.
        validate_every: Updates between two validations.
        best_step: Of the best validation in an earlier sitting, if any.
        since_best: Validations after that.
        elapsed_seconds: Of the whole training, earlier sittings included.
    """

    parameters: int
    updates_per_epoch: int
    device: str
    threads: int
    precision: str
    step: int
    max_steps: int
    max_seconds: float | None
    patience: int | None
    validate_every: int
    best_step: int | None
    since_best: int
    elapsed_seconds: float


@dataclass(frozen=True, slots=True)
class StepReport:
    """What one update was.

    Args:
        step: Its number, from 1.
        loss: Smoothed cross-entropy a target token, in nats.
        learning_rate: The rate it used.
        gradient_norm: Global norm before clipping.
        target_tokens: Target tokens it learned from, padding not counted.
        source_tokens: Source tokens, padding not counted.
        positions: Places of all its batches, both sides, padding included.
        pieces: Into how many each batch was cut for want of memory.
    """

    step: int
    loss: float
    learning_rate: float
    gradient_norm: float
    target_tokens: int
    source_tokens: int
    positions: int
    pieces: int = 1


@dataclass(frozen=True, slots=True)
class IntervalReport:
    """Means over the last ``training.log_every`` updates.

    Args:
        step: The last of them.
        loss: Smoothed cross-entropy a target token, in nats.
        target_tokens_per_second: Padding not counted; time for validation and saving not counted.
        learning_rate: Of the last update.
        gradient_norm: Of the last update, before clipping.
        padding_share: Share of padding, both sides.
        epoch: Passes over the training data that are complete.
        elapsed_seconds: Of the whole training, earlier sittings included.
    """

    step: int
    loss: float
    target_tokens_per_second: float
    learning_rate: float
    gradient_norm: float
    padding_share: float
    epoch: int
    elapsed_seconds: float


@dataclass(frozen=True, slots=True)
class ValidationScores:
    """Scores of real translations of the validation set.

    Args:
        bleu: Of beam search, detokenised.
        chrf: Of the same.
        sample: A source sentence, its translation now, and the reference.
    """

    bleu: float
    chrf: float
    sample: tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class ValidationReport:
    """What a validation found.

    Args:
        step: After how many updates.
        loss: Smoothed cross-entropy a target token, in nats.
        scores: Of the translations.
        is_best: Whether none was better before.
    """

    step: int
    loss: float
    scores: ValidationScores
    is_best: bool


@dataclass(frozen=True, slots=True)
class CheckpointDue:
    """The moment to save: the state is that after update ``step``."""

    step: int


@dataclass(frozen=True, slots=True)
class TrainingEnded:
    """The last event."""

    step: int
    reason: StopReason


Report = StepReport | CheckpointDue | ValidationReport | TrainingEnded
"""What the training loop yields."""

TrainingEvent = RunOpened | SessionOpened | StepReport | IntervalReport | ValidationReport | TrainingEnded
"""What a caller of `transformer_cli.train` may follow."""
