"""SIGINT and SIGTERM: recorded while a training loop looks for them, raised at once elsewhere."""

from __future__ import annotations

import signal
from types import FrameType

from transformer_cli.errors import StoppedBySignalError
from transformer_cli.stopping import StopRequest

REQUEST = StopRequest()
"""The one that this process' signals go to."""


def install() -> None:
    """Route both signals to `REQUEST`."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _on_signal)


def _on_signal(number: int, _: FrameType | None) -> None:
    if REQUEST.is_deferred and REQUEST.signal_number is None:
        REQUEST.signal_number = number
    else:
        raise StoppedBySignalError(number, "interrupted" if number == signal.SIGINT else "terminated")
