"""The events of a training, as types. Nothing here needs torch, so a display can use them without loading it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Literal


class StopReason(Enum):
    """Why a training ended; each reason but the signal has the name of a key of ``[training]``."""

    MAX_STEPS = "training.max_steps reached"
    MAX_MINUTES = "training.max_minutes used"
    PATIENCE = "no improvement within training.patience validations"
    SIGNAL = "asked to stop"

    @property
    def key(self) -> str:
        """The key of ``[training]``."""
        return self.name.lower()


@dataclass(frozen=True, slots=True)
class RunOpened:
    """The first event: this process now holds the run directory for writing.

    Args:
        log: The file for the messages of this training.
    """

    log: Path


@dataclass(frozen=True, slots=True)
class SessionOpened:
    """The size of the model, the hardware, and the limits of the training.

    Args:
        parameters: Number of the model's parameters.
        updates_per_epoch: Number of updates in one pass over the data.
        device: "cpu" or "cuda".
        threads: Number of threads that compute on the CPU.
        precision: Number type of the matrix products.
        step: Number of updates done in earlier sittings.
        max_steps: Number of updates after which the training ends.
        max_seconds: Seconds after which the training ends, or None if time is not limited.
        patience: Validations without improvement after which the training ends, or None if there is no such limit.
        validate_every: Number of updates between two validations.
        best_step: Step of the best validation in earlier sittings, or None if there was none.
        since_best: Number of validations after the best one.
        elapsed_seconds: Duration of the whole training, earlier sittings included.
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
    """The figures of one update.

    Args:
        step: Number of the update, from 1.
        loss: Smoothed cross-entropy per target token, in nats.
        learning_rate: Learning rate of the update.
        gradient_norm: Global norm of the gradients before clipping.
        target_tokens: Number of target tokens, padding not counted.
        source_tokens: Number of source tokens, padding not counted.
        positions: Number of positions in all batches of the update, both sides, padding included.
        pieces: Number of micro-batches each batch was split into after running out of memory (1 = not split).
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
        step: The last of these updates.
        loss: Smoothed cross-entropy per target token, in nats.
        target_tokens_per_second: Speed, without padding and without the time for validation and saving.
        learning_rate: Learning rate of the last update.
        gradient_norm: Gradient norm of the last update, before clipping; None if float16 could not hold it.
        padding_share: Share of padding in all positions, both sides.
        epoch: Number of complete passes over the training data.
        elapsed_seconds: Duration of the whole training, earlier sittings included.
    """

    step: int
    loss: float
    target_tokens_per_second: float
    learning_rate: float
    gradient_norm: float | None
    padding_share: float
    epoch: int
    elapsed_seconds: float


@dataclass(frozen=True, slots=True)
class ValidationScores:
    """Scores of the model's translations of the validation set.

    Args:
        bleu: BLEU of the detokenised translations by beam search.
        chrf: chrF of the same translations.
        sample: A source sentence, its present translation, and the reference.
        is_blind: Whether translations and references share next to no four words in a row, so that BLEU is about 0.
    """

    bleu: float
    chrf: float
    sample: tuple[str, str, str]
    is_blind: bool = False

    def quality(self, metric: Literal["bleu", "chrf"]) -> float:
        """Return the value by which translations of the same set are ranked; higher is better.

        A blind BLEU cannot tell bad translations from good ones. Such translations rank below all others, by chrF.
        """
        if metric == "chrf":
            return self.chrf
        return self.chrf - 100 if self.is_blind else self.bleu


@dataclass(frozen=True, slots=True)
class ValidationReport:
    """The results of a validation.

    Args:
        step: Number of updates before the validation.
        loss: Smoothed cross-entropy per target token, in nats.
        scores: Scores of the translations.
        is_best: Whether this is the best validation so far.
    """

    step: int
    loss: float
    scores: ValidationScores
    is_best: bool


@dataclass(frozen=True, slots=True)
class CheckpointDue:
    """A request to save the state, which is the one after update ``step``."""

    step: int


@dataclass(frozen=True, slots=True)
class TrainingEnded:
    """The last event."""

    step: int
    reason: StopReason


Report = StepReport | CheckpointDue | ValidationReport | TrainingEnded
"""The events that the training loop yields."""

TrainingEvent = RunOpened | SessionOpened | StepReport | IntervalReport | ValidationReport | TrainingEnded
"""The events that a caller of `transformer_cli.train` receives."""
