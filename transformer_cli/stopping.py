"""Passes a signal to the training loop, which saves its state before it stops."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class StopRequest:
    """Passes a signal from the signal handler to the training loop.

    Args:
        is_deferred: True while the loop polls ``signal_number``; otherwise the receiver of a signal must act on it.
        signal_number: The received signal, or None.
    """

    is_deferred: bool = False
    signal_number: int | None = None

    @property
    def is_asked(self) -> bool:
        """Whether a signal was received."""
        return self.signal_number is not None
