"""The request of a training, for each of its processes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from transformer_cli.stopping import StopRequest
from transformer_cli.training.events import TrainingEvent
from transformer_cli.training.processes.ranks import Ranks
from transformer_cli.workflows.locate.recipe import LocatedRecipe


@dataclass(frozen=True, slots=True)
class TrainRequest:
    """The arguments of `train`, in one of the processes that train together.

    Args:
        located: The recipe and the run directory.
        ranks: The processes that train together.
        on_event: Called with each event of the training.
        device: Name of this process's device, or "auto".
        from_scratch: Whether to begin with random weights even if those of the live version fit.
        stop: Makes the training save and stop.
        started: `time.monotonic()` at the start of the command.
    """

    located: LocatedRecipe
    ranks: Ranks
    on_event: Callable[[TrainingEvent], None]
    device: str
    from_scratch: bool
    stop: StopRequest
    started: float
