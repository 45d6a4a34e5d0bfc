"""Plans the fall of the learning rate to zero: from the start, or after the speed has been measured."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from transformer_cli.config import TrainingConfig
from transformer_cli.training.ending.time_budget import TimeBudget
from transformer_cli.training.processes.ranks import Ranks
from transformer_cli.training.schedule import Ending
from transformer_cli.training.trainer import Trainer

logger = logging.getLogger(__name__)


@dataclass(slots=True)
class EndingPlan:
    """Gives a trainer its `Ending` if the recipe's ``decay`` has one; the same in all processes.

    Args:
        trainer: Receives the ending.
        config: ``[training]``, with the limits of this training.
        warmup_steps: Number of updates of this training until the highest rate.
        budget: The time budget of the training; only that of the first process counts.
        ranks: The processes that train together.
    """

    trainer: Trainer
    config: TrainingConfig
    warmup_steps: int
    budget: TimeBudget
    ranks: Ranks
    _first_step: int | None = None
    _is_guess: bool = False

    def __post_init__(self) -> None:
        if self.config.decay != "inverse_sqrt" and self.config.max_minutes is None:
            last = self.config.max_steps
            if last <= self.warmup_steps and self.ranks.is_first:
                logger.warning(
                    f"the learning rate rises to the end: the warm-up has {self.warmup_steps:,} updates, and the "
                    f"training {last:,}"
                )
            self.trainer.ending = Ending(min(self.warmup_steps, last), last)

    def look_ahead(self) -> None:
        """Fix the last update once the speed is known; all processes call this after the same updates.

        What a validation takes may not be known by then. If so, the end is fixed again after the first one.
        """
        if self.config.decay == "inverse_sqrt" or (self.trainer.ending is not None and not self._is_guess):
            return
        is_known = self.budget.validation_seconds is not None
        updates = self._updates_left() if is_known or self.trainer.ending is None else None
        left, known = self.ranks.from_first(-1 if updates is None else updates, float(is_known))
        if left < 0:
            return
        step = self.trainer.step
        last = step + int(left)
        if self._first_step is None:
            self._first_step = max(self.warmup_steps, step)
        self._is_guess = not known
        before, self.trainer.ending = self.trainer.ending, Ending(min(self._first_step, last), last)
        if self.ranks.is_first and before != self.trainer.ending:
            falls = "falls to zero" if self._first_step < last else "still rises, for its warm-up is longer"
            logger.info(f"the time suffices for {last:,} updates: until then the learning rate {falls}")

    def _updates_left(self) -> int | None:
        config = self.config
        return self.budget.updates_left(
            max_steps=config.max_steps - self.trainer.step,
            validate_every=config.validate_every,
            save_every=config.save_every,
        )

    def to_json(self) -> dict[str, Any] | None:
        """Return the ending and the limits it was fixed for as a JSON object, or None if there is no ending."""
        ending = self.trainer.ending
        return None if ending is None else {**asdict(ending), "limits": self._limits(), "is_guess": self._is_guess}

    def restore(self, state: Mapping[str, Any] | None) -> None:
        """Restore the ending of a checkpoint; if the limits have changed, it keeps its beginning and gets a new end.

        Args:
            state: The result of `to_json`.
        """
        if state is None or self.config.decay == "inverse_sqrt" or self.config.max_minutes is None:
            return
        self._first_step = state["first_step"]
        if state["limits"] == self._limits():
            self._is_guess = state["is_guess"]
            self.trainer.ending = Ending(state["first_step"], state["last_step"])

    def _limits(self) -> list[float | None]:
        return [self.config.max_steps, self.config.max_minutes]
