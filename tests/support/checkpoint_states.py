"""States of checkpoints that no training has made."""

from __future__ import annotations

from typing import Any

from transformer_cli.artifacts.checkpoint.state import CheckpointState

OTHERS: dict[str, Any] = {
    "training": "a training",
    "tokenizer": "a tokenizer",
    "start": {"version": None, "steps": 0},
    "elapsed_seconds": 1.5,
    "metrics_bytes": 100,
    "bleu_before": None,
}
"""The fields that a session adds to the state of its trainer."""


def state_after(step: int) -> CheckpointState:
    """Return a state after so many updates."""
    return CheckpointState.model_validate(
        {
            **OTHERS,
            "step": step,
            "precision": "float32",
            "scaler": {"é": 0.1 + 0.2, "none": None},
            "stream": {"epoch": 1, "position": step},
            "tracker": {"best_step": None, "best_value": 0.1 + 0.2, "since_best": 0},
            "validated_step": None,
        }
    )
