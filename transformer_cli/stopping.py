"""How a signal reaches a training that wants to save before it stops."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class StopRequest:
    """Carries a signal from whoever receives it to the training loop.

    Args:
        is_deferred: True while the loop looks at ``signal_number``; else whoever receives a signal must act on it.
        signal_number: The signal that came, or None.
    """

    is_deferred: bool = False
    signal_number: int | None = None

    @property
    def is_asked(self) -> bool:
        """Whether a signal came."""
        return self.signal_number is not None
