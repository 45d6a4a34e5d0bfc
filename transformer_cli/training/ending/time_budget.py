"""The time that a training may take: how much of it is used, and how many updates fit into the rest."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

_UPDATES_TO_MEASURE = 200
_SHARE_TO_MEASURE = 0.2
"""Of the time, or of the updates, after which the speed counts as measured in any case."""


_PLANNED_SHARE = 0.97
"""Of the time that is left: a training that ends a little early has come to its end, one that is cut short has not."""


@dataclass(slots=True)
class TimeBudget:
    """The time of one training, over all its sittings.

    Args:
        seconds: That it may take, evaluation and release included; None: any number.
        started: What the clock showed when this sitting began.
        translations_at_end: How many sentences will be translated to test the outcome, in sizes of the validation set.
        clock: Returns seconds.
        elapsed_before: Seconds that earlier sittings took.
        validation_seconds: Of the latest validation, if there was one.
        saving_seconds: Of the latest checkpoint.
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
        """Return the seconds that the training has taken, earlier sittings included."""
        return self.elapsed_before + self.clock() - self.started

    def to_json(self) -> dict[str, Any]:
        """Return what has been measured so far as a JSON object."""
        return {
            "elapsed_seconds": self.elapsed(),
            "validation_seconds": self.validation_seconds,
            "saving_seconds": self.saving_seconds,
            "measured_updates": self._updates,
            "measured_seconds": self._update_seconds,
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on from what an earlier sitting has measured.

        Args:
            state: From `to_json`, maybe with other keys.
        """
        self.elapsed_before = state["elapsed_seconds"]
        self.validation_seconds, self.saving_seconds = state["validation_seconds"], state["saving_seconds"]
        self._updates, self._update_seconds = state["measured_updates"], state["measured_seconds"]

    def remaining(self) -> float:
        """Return the seconds that are left for updates: the end needs time for the release."""
        if self.seconds is None:
            return math.inf
        # The last validation, those of average and best, the tests; and a fourth of all that for their statistics, the
        # export and the report. Unknown before the first validation.
        validations = 1.25 * (3 + self.translations_at_end)
        finish = 0.15 * self.seconds if self.validation_seconds is None else validations * self.validation_seconds + 10
        return self.seconds - self.elapsed() - min(finish, 0.5 * self.seconds)

    def take_update(self) -> None:
        """Measure the time since the last update; to be called right after each."""
        now = self.clock()
        if self._update_ended is not None:
            self._updates += 1
            self._update_seconds += now - self._update_ended
        self._update_ended = now

    def pause(self) -> None:
        """Leave the time until the next update out of the measurement."""
        self._update_ended = None

    def updates_left(self, *, max_steps: int, validate_every: int, save_every: int) -> int | None:
        """Return how many updates fit into the remaining time, together with their validations and checkpoints.

        Returns:
            At most ``max_steps``; None if the speed is not yet known well enough.
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
