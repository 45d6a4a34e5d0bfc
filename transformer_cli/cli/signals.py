"""Handles SIGINT, SIGTERM and SIGHUP: records them while a training loop checks for them, else raises at once."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
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


_received: list[SignalReceived] = []


@contextmanager
def before_errors() -> Iterator[None]:
    """Let a signal end the block as itself, although an error came of it.

    Native code that calls Python, as that which reads weights does, raises an error of its own in place of ours.

    Raises:
        SignalReceived: The block ended with an error, and a signal had come.
    """
    _received.clear()
    is_whole = False
    try:
        yield
        is_whole = True
    finally:
        if _received and not is_whole:
            raise _received[0]


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
    # While a training defers signals, only a repeated Ctrl-C is certainly intended.
    if REQUEST.is_deferred and (REQUEST.signal_number is None or number != signal.SIGINT):
        REQUEST.signal_number = REQUEST.signal_number or number
        return
    _received.append(SignalReceived(number))
    raise _received[-1]
