"""SIGINT, SIGTERM and SIGHUP: recorded while a training loop looks for them, raised at once elsewhere."""

from __future__ import annotations

import signal
from types import FrameType

from transformer_cli.stopping import StopRequest

REQUEST = StopRequest()
"""The one that this process' signals go to."""


_WORDS: dict[int, str] = {signal.SIGINT: "interrupted", signal.SIGTERM: "terminated", signal.SIGHUP: "hung up"}


class SignalReceived(BaseException):
    """A signal came while nothing was to be saved; no ``except Exception`` on its way swallows it.

    Args:
        number: The signal.
    """

    def __init__(self, number: int) -> None:
        super().__init__(_WORDS[number])
        self.exit_code = 128 + number


def install() -> None:
    """Route all three to `REQUEST`; one that is ignored, as Ctrl-C in the background of a script, stays so."""
    for number in _WORDS:
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _on_signal)


def ignore() -> None:
    """Let no signal disturb the end of the process, which is near."""
    for number in _WORDS:
        signal.signal(number, signal.SIG_IGN)


def _on_signal(number: int, _: FrameType | None) -> None:
    if not REQUEST.is_deferred:
        raise SignalReceived(number)
    if REQUEST.signal_number is None:
        REQUEST.signal_number = number
    elif number == signal.SIGINT:  # only somebody at the keyboard repeats himself because he means it
        raise SignalReceived(number)
