"""The best of the validations so far, and whether patience has run out."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class ProgressTracker:
    """The best validation and the number of validations since; immutable, part of every checkpoint.

    Args:
        best_step: Step of the best validation so far, or None before the first.
        best_value: Value of the best validation; lower is better, so a score is negated.
        since_best: Number of validations after the best one.
    """

    best_step: int | None = None
    best_value: float | None = None
    since_best: int = 0

    def after(self, step: int, value: float) -> ProgressTracker:
        """Return the tracker after a validation at ``step``; only a lower ``value`` than the best is an improvement."""
        if self.best_value is None or value < self.best_value:
            return ProgressTracker(step, value, 0)
        return ProgressTracker(self.best_step, self.best_value, self.since_best + 1)

    def is_out_of_patience(self, patience: int | None) -> bool:
        """Return whether the last ``patience`` validations brought no improvement; None never runs out."""
        return patience is not None and self.since_best >= patience

    def to_json(self) -> dict[str, Any]:
        """Return the fields as a JSON object; ``ProgressTracker(**...)`` reads it back."""
        return asdict(self)
