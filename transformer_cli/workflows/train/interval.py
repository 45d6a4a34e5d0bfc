"""The updates between two lines of metrics, and their means."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, field

from transformer_cli.training.events import IntervalReport, StepReport


@dataclass(slots=True)
class Interval:
    """Sums over the updates since the last line of metrics."""

    began: float = field(default_factory=time.monotonic)
    loss: float = 0.0
    target_tokens: int = 0
    source_tokens: int = 0
    positions: int = 0

    def add(self, step: StepReport) -> None:
        """Count one update."""
        self.loss += step.loss * step.target_tokens
        self.target_tokens += step.target_tokens
        self.source_tokens += step.source_tokens
        self.positions += step.positions

    def seconds(self) -> float:
        """Return the seconds since the interval began."""
        return time.monotonic() - self.began

    def means(self, last: StepReport, *, seconds: float, epoch: int, elapsed_seconds: float) -> IntervalReport:
        """Return the metrics of the interval.

        Args:
            last: The last update.
            seconds: Duration of the updates.
            epoch: Number of whole epochs so far.
            elapsed_seconds: Duration of the training so far.
        """
        return IntervalReport(
            step=last.step,
            loss=self.loss / self.target_tokens,
            target_tokens_per_second=self.target_tokens / seconds,
            learning_rate=last.learning_rate,
            gradient_norm=last.gradient_norm if math.isfinite(last.gradient_norm) else None,
            padding_share=1 - (self.source_tokens + self.target_tokens) / self.positions,
            epoch=epoch,
            elapsed_seconds=elapsed_seconds,
        )
