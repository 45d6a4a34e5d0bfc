"""Everything that makes a training what it is at a moment, taken from its parts and put back into them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from transformer_cli.artifacts.checkpoint import Checkpoint, load_weights, weights_of
from transformer_cli.data.tokens.batching import BatchStream
from transformer_cli.training.ending.early_stopping import ProgressTracker
from transformer_cli.training.loop import LoopState
from transformer_cli.training.trainer import Trainer

_TRAINER_KEYS = ("step", "precision", "scaler", "pieces")


@dataclass(frozen=True, slots=True)
class TrainingState:
    """The parts of a training that change from step to step.

    Args:
        trainer: Model, optimiser and step.
        stream: Place in the data.
        loop: Early stopping and the latest validation.
    """

    trainer: Trainer
    stream: BatchStream
    loop: LoopState

    @property
    def device(self) -> torch.device:
        """Where the model lies."""
        return next(self.trainer.model.parameters()).device

    def capture(self, **more: Any) -> Checkpoint:
        """Return a checkpoint of this moment; ``more`` is JSON that goes into its state.

        Its ``weights`` are those that are evaluated and released: the moving average where one is kept.
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
            state={
                **{key: trainer[key] for key in _TRAINER_KEYS},
                "stream": self.stream.state_dict(),
                "tracker": self.loop.tracker.to_json(),
                "validated_step": self.loop.validated_step,
                **more,
            },
        )

    def restore(self, checkpoint: Checkpoint, *, where: Path) -> None:
        """Put everything back as it was when ``checkpoint``, read from ``where``, was captured."""
        state = checkpoint.state
        weights = checkpoint.weights
        if self.trainer.average is not None:
            self.trainer.average.load(weights)
            weights = _with_prefix(checkpoint.tensors, "weights.")
        load_weights(self.trainer.model, weights, where=where)
        moments = _with_prefix(checkpoint.tensors, "moments.")
        self.trainer.load_state_dict({**{key: state[key] for key in _TRAINER_KEYS if key in state}, "moments": moments})
        self.stream.load_state_dict(state["stream"])
        self.loop.tracker = ProgressTracker(**state["tracker"])
        self.loop.validated_step = state["validated_step"]


def _with_prefix(tensors: dict[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {name.removeprefix(prefix): tensor for name, tensor in tensors.items() if name.startswith(prefix)}
