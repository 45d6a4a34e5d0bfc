"""What the validations so far say: which was best, and whether patience has run out."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class ProgressTracker:
    """The best validation and how many have passed since; immutable, part of every checkpoint.

    Args:
        best_step: Step of the best validation so far, or None before the first.
        best_value: Its value, lower is better (a score is kept with its sign turned).
        since_best: Validations after the best one.
    """

    best_step: int | None = None
    best_value: float | None = None
    since_best: int = 0

    def after(self, step: int, value: float) -> ProgressTracker:
        """Return the tracker after a validation at ``step`` with ``value``; lower is better, equal no better."""
        if self.best_value is None or value < self.best_value:
            return ProgressTracker(step, value, 0)
        return ProgressTracker(self.best_step, self.best_value, self.since_best + 1)

    def is_out_of_patience(self, patience: int | None) -> bool:
        """Say whether ``patience`` validations in a row brought nothing better; None never runs out."""
        return patience is not None and self.since_best >= patience

    def to_json(self) -> dict[str, Any]:
        """Return the fields as a JSON object; ``ProgressTracker(**...)`` reads it back."""
        return asdict(self)
