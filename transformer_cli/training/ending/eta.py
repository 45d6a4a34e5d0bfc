"""The progress of a training towards each of its limits, and the time left until each. Nothing here needs torch."""

from __future__ import annotations

from dataclasses import dataclass

from transformer_cli.training.events import IntervalReport, SessionOpened, ValidationReport


@dataclass(frozen=True, slots=True)
class StopLimit:
    """One limit of a training; the first limit to be reached ends the training.

    Args:
        name: "steps", "minutes" or "patience".
        share: The used share of the limit, from 0 to 1.
        progress: The same in words.
        seconds_left: Time until the limit at the present speed; for patience, if no more validation improves.
    """

    name: str
    share: float
    progress: str
    seconds_left: float


class StopLimits:
    """The limits of a training, updated from its events.

    Args:
        opened: The first event of the training.
    """

    def __init__(self, opened: SessionOpened) -> None:
        self._opened = opened
        self._since_best = opened.since_best
        self.best = "" if opened.best_step is None else f"at step {opened.best_step:,}"

    def take_validation(self, event: ValidationReport) -> None:
        """Update the best validation and the patience from a validation."""
        self._since_best = 0 if event.is_best else self._since_best + 1
        if event.is_best:
            self.best = f"loss {event.loss:.3f}, BLEU {event.scores.bleu:.2f} at step {event.step:,}"

    def at(self, event: IntervalReport) -> list[StopLimit]:
        """Return the state of this training's limits at ``event``."""
        opened = self._opened
        seconds = (event.elapsed_seconds - opened.elapsed_seconds) / max(1, event.step - opened.step)
        found = [
            StopLimit(
                "steps",
                event.step / opened.max_steps,
                f"{event.step:,} of {opened.max_steps:,}",
                (opened.max_steps - event.step) * seconds,
            )
        ]
        if opened.max_seconds is not None:
            used, budget = event.elapsed_seconds / 60, opened.max_seconds / 60
            left = max(0.0, opened.max_seconds - event.elapsed_seconds)
            found.append(StopLimit("minutes", min(1.0, used / budget), f"{used:.1f} of {budget:g}", left))
        if opened.patience is not None:
            remaining = max(0, opened.patience - self._since_best)
            last_step = (event.step // opened.validate_every + remaining) * opened.validate_every
            progress = f"{self._since_best} of {opened.patience} validations"
            share = min(1.0, self._since_best / opened.patience)
            found.append(StopLimit("patience", share, progress, (last_step - event.step) * seconds))
        return found
