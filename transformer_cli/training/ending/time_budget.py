"""The time limit of a training: the time used, and the number of updates that fit into the rest."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

_UPDATES_TO_MEASURE = 200
_SHARE_TO_MEASURE = 0.2
"""Share of the time, or of the updates, after which the speed counts as measured in any case."""


_PLANNED_SHARE = 0.97
"""Share of the remaining time to plan for: a training that ends early is complete, one that is cut short is not."""


@dataclass(slots=True)
class TimeBudget:
    """The time budget of one training, over all its sittings.

    Args:
        seconds: Time limit, evaluation and release included, or None for no limit.
        started: Clock time at the start of this sitting.
        translations_at_end: Number of sentences to translate for the final tests, as a multiple of the validation set.
        clock: Returns seconds.
        elapsed_before: Duration of earlier sittings, in seconds.
        validation_seconds: Duration of the latest validation, or None if there was none.
        saving_seconds: Duration of saving the latest checkpoint.
    """

    seconds: float | None
    started: float
    translations_at_end: float
    clock: Callable[[], float] = time.monotonic
    elapsed_before: float = 0.0
    validation_seconds: float | None = None
    saving_seconds: float = 0.0
    _updates: int = 0
    _update_seconds: float = 0.0
    _update_ended: float | None = None

    def elapsed(self) -> float:
        """Return the duration of the training in seconds, earlier sittings included."""
        return self.elapsed_before + self.clock() - self.started

    def to_json(self) -> dict[str, Any]:
        """Return the measurements so far as a JSON object."""
        return {
            "elapsed_seconds": self.elapsed(),
            "validation_seconds": self.validation_seconds,
            "saving_seconds": self.saving_seconds,
            "measured_updates": self._updates,
            "measured_seconds": self._update_seconds,
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Continue from the measurements of an earlier sitting.

        Args:
            state: The result of `to_json`, possibly with other keys.
        """
        self.elapsed_before = state["elapsed_seconds"]
        self.validation_seconds, self.saving_seconds = state["validation_seconds"], state["saving_seconds"]
        self._updates, self._update_seconds = state["measured_updates"], state["measured_seconds"]

    def remaining(self) -> float:
        """Return the seconds left for updates, without the time that the release needs at the end."""
        if self.seconds is None:
            return math.inf
        # The last validation, the validations of average and best, and the tests; plus a quarter of all that for
        # statistics, export and report. Unknown before the first validation.
        validations = 1.25 * (3 + self.translations_at_end)
        finish = 0.15 * self.seconds if self.validation_seconds is None else validations * self.validation_seconds + 10
        return self.seconds - self.elapsed() - min(finish, 0.5 * self.seconds)

    def take_update(self) -> None:
        """Measure the time since the last update; call this right after each update."""
        now = self.clock()
        if self._update_ended is not None:
            self._updates += 1
            self._update_seconds += now - self._update_ended
        self._update_ended = now

    def pause(self) -> None:
        """Exclude the time until the next update from the measurement."""
        self._update_ended = None

    def updates_left(self, *, max_steps: int, validate_every: int, save_every: int) -> int | None:
        """Return the number of updates that fit into the remaining time, with their validations and checkpoints.

        Returns:
            The number, at most ``max_steps``, or None if the speed is not yet known well enough.
        """
        if self.seconds is None:
            return max_steps
        few = min(_UPDATES_TO_MEASURE, math.ceil(_SHARE_TO_MEASURE * max_steps))
        is_measured = self._updates >= few and self.validation_seconds is not None
        is_late = self.elapsed() >= _SHARE_TO_MEASURE * self.seconds or self._updates >= _SHARE_TO_MEASURE * max_steps
        if not self._updates or not (is_measured or is_late):
            return None
        seconds = self._update_seconds / self._updates + self.saving_seconds / save_every
        seconds += (self.validation_seconds or 0.0) / validate_every
        return min(max_steps, max(0, math.floor(_PLANNED_SHARE * self.remaining() / seconds)))
