"""Handles SIGINT, SIGTERM and SIGHUP: records them while a training loop checks for them, else raises at once."""

from __future__ import annotations

import signal
from types import FrameType

from transformer_cli.stopping import StopRequest

REQUEST = StopRequest()
"""The stop request that records the signals of this process."""


_WORDS: dict[int, str] = {signal.SIGINT: "interrupted", signal.SIGTERM: "terminated", signal.SIGHUP: "hung up"}


class SignalReceived(BaseException):
    """A signal came while there was nothing to save; ``except Exception`` does not catch it.

    Args:
        number: The signal number.
    """

    def __init__(self, number: int) -> None:
        super().__init__(_WORDS[number])
        self.exit_code = 128 + number


def install() -> None:
    """Send all three signals to `REQUEST`; a signal that is already ignored, as in a background job, stays ignored."""
    for number in _WORDS:
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _on_signal)


def ignore() -> None:
    """Ignore all three signals, because the process is about to end."""
    for number in _WORDS:
        signal.signal(number, signal.SIG_IGN)


def _on_signal(number: int, _: FrameType | None) -> None:
    if not REQUEST.is_deferred:
        raise SignalReceived(number)
    if REQUEST.signal_number is None:
        REQUEST.signal_number = number
    elif number == signal.SIGINT:  # only a repeated Ctrl-C is certainly intended
        raise SignalReceived(number)
