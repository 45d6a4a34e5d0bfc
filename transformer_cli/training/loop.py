"""The training loop: a generator of reports; the caller saves, logs and draws."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice

from transformer_cli.config import TrainingConfig
from transformer_cli.data.tokens.batch_stream import BatchStream
from transformer_cli.data.tokens.batching import Batch
from transformer_cli.training.ending.early_stopping import ProgressTracker
from transformer_cli.training.events import (
    CheckpointDue,
    Report,
    StopReason,
    TrainingEnded,
    ValidationReport,
    ValidationScores,
)
from transformer_cli.training.trainer import Trainer, ValidationInterruptedError


@dataclass(slots=True)
class LoopState:
    """The loop's own state between two steps, besides trainer and data; part of every checkpoint.

    Args:
        tracker: The best validation so far.
        validated_step: Step of the latest validation, or None before the first.
    """

    tracker: ProgressTracker
    validated_step: int | None = None


@dataclass(frozen=True, slots=True)
class Validation:
    """The parts of a validation.

    Args:
        batches: Batches for the validation loss.
        evaluate: Translates and scores the set; raises `ValidationInterruptedError` if asked to stop.
        is_first: Whether to validate before the first update as well.
        is_asked_to_stop: Polled before each batch of the loss; each of several processes polls its own.
    """

    batches: list[Batch]
    evaluate: Callable[[], ValidationScores]
    is_first: bool = False
    is_asked_to_stop: Callable[[], bool] = lambda: False


def train_until(
    trainer: Trainer,
    stream: BatchStream,
    state: LoopState,
    *,
    config: TrainingConfig,
    validation: Validation,
    is_out_of_time: Callable[[], bool],
    is_asked_to_stop: Callable[[], bool],
) -> Iterator[Report]:
    """Train until steps, time or patience run out, the learning rate reaches zero, or a stop is requested.

    The loop yields a `StepReport` after each update. If a checkpoint and a validation are both due, `CheckpointDue`
    comes first. A kill during the validation then loses nothing: the resumed training begins with the validation.

    Args:
        trainer: Trained in place.
        stream: The source of the batches; it stops after the last batch of the last update.
        state: Changed in place.
        config: ``[training]``.
        validation: The parts of a validation.
        is_out_of_time: Called before each update.
        is_asked_to_stop: Called after each update; if True, the loop yields the state for saving and ends.
    """
    batches = iter(stream)
    saved_step = trainer.step if trainer.step else None
    is_interrupted, is_tried_out = False, not trainer.is_on_gpu
    while True:
        step = trainer.step
        reason = _reason_to_end(trainer, state, config, is_out_of_time, is_asked_to_stop)
        reason = StopReason.SIGNAL if is_interrupted else reason
        if step and step != saved_step and (reason or step % config.save_every == 0):
            yield CheckpointDue(step)
            saved_step = step
        is_due = (step > 0 or validation.is_first) and (reason is not None or step % config.validate_every == 0)
        if is_due and state.validated_step != step and reason is not StopReason.SIGNAL:
            try:
                report = _validate(trainer, state, config, validation)
            except ValidationInterruptedError:
                is_interrupted = True
            else:
                yield report
            # A validation may have used up the patience or the time, or a signal may have interrupted it.
            if is_interrupted or _reason_to_end(trainer, state, config, is_out_of_time, is_asked_to_stop):
                continue
        if reason:
            yield TrainingEnded(step, reason)
            return
        yield trainer.train_step(list(islice(batches, config.accumulation)))
        if not is_tried_out:  # the optimiser has allocated all its memory by now
            trainer.try_out(stream.largest_batches())
            is_tried_out = True


def _reason_to_end(
    trainer: Trainer,
    state: LoopState,
    config: TrainingConfig,
    is_out_of_time: Callable[[], bool],
    is_asked_to_stop: Callable[[], bool],
) -> StopReason | None:
    if is_asked_to_stop():
        return StopReason.SIGNAL
    if trainer.step >= config.max_steps:
        return StopReason.MAX_STEPS
    if trainer.ending is not None and trainer.step >= trainer.ending.last_step:
        return StopReason.MAX_MINUTES
    if state.tracker.is_out_of_patience(config.patience):
        return StopReason.PATIENCE
    return StopReason.MAX_MINUTES if is_out_of_time() else None


def _validate(trainer: Trainer, state: LoopState, config: TrainingConfig, validation: Validation) -> ValidationReport:
    with trainer.evaluated_weights():
        loss = trainer.validation_loss(validation.batches, validation.is_asked_to_stop)
        scores = validation.evaluate()
    value = loss if config.stop_metric == "loss" else -scores.quality(config.stop_metric)
    state.tracker = state.tracker.after(trainer.step, value)
    state.validated_step = trainer.step
    return ValidationReport(trainer.step, loss, scores, is_best=state.tracker.best_step == trainer.step)
