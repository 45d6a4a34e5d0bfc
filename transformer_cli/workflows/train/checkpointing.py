"""The complete state of a training at one step: captured from its parts and restored into them."""

from __future__ import annotations

import shutil
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from transformer_cli.artifacts.checkpoint.checkpoint import Checkpoint, load_checkpoint, load_weights, weights_of
from transformer_cli.artifacts.checkpoint.state import (
    CheckpointState,
    Checksums,
    StreamState,
    TrackerState,
    read_state,
    read_state_file,
)
from transformer_cli.artifacts.run_directory import RunDirectory
from transformer_cli.config import TrainingConfig
from transformer_cli.data.tokens.batch_stream import BatchStream
from transformer_cli.errors import DamagedFileError
from transformer_cli.files.os_errors import explain_os_errors
from transformer_cli.training.ending.early_stopping import ProgressTracker
from transformer_cli.training.loop import LoopState
from transformer_cli.training.trainer import Trainer

_TRAINER_KEYS = ("step", "precision", "scaler", "pieces")


@dataclass(frozen=True, slots=True)
class TrainingState:
    """The parts of a training that change from step to step.

    Args:
        trainer: Holds model, optimiser and step.
        stream: Holds the place in the data.
        loop: Holds early stopping and the latest validation.
    """

    trainer: Trainer
    stream: BatchStream
    loop: LoopState

    @property
    def device(self) -> torch.device:
        """The device of the model."""
        return next(self.trainer.model.parameters()).device

    def capture(self, **more: Any) -> Checkpoint:
        """Return a checkpoint of the present state; ``more`` are the other fields of its state.

        Its ``weights`` are the weights for evaluation and release: the moving average if one is kept.
        """
        trainer = self.trainer.state_dict()
        tensors = {f"moments.{name}": tensor.cpu() for name, tensor in trainer["moments"].items()}
        weights = weights_of(self.trainer.model)
        if self.trainer.average is not None:
            tensors |= {f"weights.{name}": weight for name, weight in weights.items()}
            weights = self.trainer.average.weights()
        return Checkpoint(
            weights=weights,
            tensors=tensors,
            state=CheckpointState(
                **{key: trainer[key] for key in _TRAINER_KEYS},
                stream=StreamState(**self.stream.state_dict()),
                tracker=TrackerState(**self.loop.tracker.to_json()),
                validated_step=self.loop.validated_step,
                **more,
            ),
        )

    def restore(self, checkpoint: Checkpoint, *, where: Path) -> None:
        """Restore the state in ``checkpoint``, which was read from ``where``."""
        state = checkpoint.state
        weights = checkpoint.weights
        if self.trainer.average is not None:
            self.trainer.average.load(weights)
            weights = _with_prefix(checkpoint.tensors, "weights.")
        load_weights(self.trainer.model, weights, where=where)
        moments = _with_prefix(checkpoint.tensors, "moments.")
        self.trainer.load_state_dict({**{key: getattr(state, key) for key in _TRAINER_KEYS}, "moments": moments})
        self.stream.load_state_dict(state.stream.model_dump())
        self.loop.tracker = ProgressTracker(**state.tracker.model_dump())
        self.loop.validated_step = state.validated_step


def load_with_validation(run: RunDirectory, folder: Path) -> Checkpoint:
    """Read a checkpoint, with the validation after it if the best checkpoint has that; only the best one has it.

    Raises:
        DamagedFileError: A part of the checkpoint is missing or was changed.
    """
    checkpoint = load_checkpoint(folder)
    with suppress(DamagedFileError):
        if read_state_file(run.best_checkpoint, Checksums) == read_state_file(folder, Checksums):
            return replace(checkpoint, state=read_state(run.best_checkpoint))
    return checkpoint


def remove_superseded(run: RunDirectory, step: int, config: TrainingConfig) -> None:
    """Delete all checkpoints except those to average: the one of ``step`` and the last due ones before it.

    A checkpoint that a signal caused between two of them would change the average, so that a resumed training would
    differ from an uninterrupted one. A later checkpoint is damaged: otherwise the training would have resumed from it.
    """
    steps = {int(folder.name.removeprefix("step-")): folder for folder in run.checkpoints_by_step()}
    due = [number for number in steps if number == step or (number < step and number % config.save_every == 0)]
    with explain_os_errors(run.checkpoints):
        for number in steps.keys() - set(due[-config.average_checkpoints :]):
            shutil.rmtree(steps[number])


def _with_prefix(tensors: dict[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {name.removeprefix(prefix): tensor for name, tensor in tensors.items() if name.startswith(prefix)}
