"""SIGINT and SIGTERM: recorded while a training loop looks for them, raised at once elsewhere."""

from __future__ import annotations

import signal
from types import FrameType

from transformer_cli.stopping import StopRequest

REQUEST = StopRequest()
"""The one that this process' signals go to."""


class SignalReceived(BaseException):
    """A signal came while nothing was to be saved; no ``except Exception`` on its way swallows it.

    Args:
        number: The signal.
    """

    def __init__(self, number: int) -> None:
        super().__init__("interrupted" if number == signal.SIGINT else "terminated")
        self.exit_code = 128 + number


def install() -> None:
    """Route both signals to `REQUEST`; one that is ignored, as Ctrl-C in the background of a script, stays so."""
    for number in (signal.SIGINT, signal.SIGTERM):
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _on_signal)


def _on_signal(number: int, _: FrameType | None) -> None:
    if REQUEST.is_deferred and REQUEST.signal_number is None:
        REQUEST.signal_number = number
    else:
        raise SignalReceived(number)
