from __future__ import annotations

import os
import signal
from collections.abc import Iterator

import pytest

from transformer_cli.cli import signals


@pytest.fixture(autouse=True)
def _own_handlers() -> Iterator[None]:
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    signals.install()
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


def native_code() -> None:
    """Receive a signal and raise another error in its place, as code that is not Python does."""
    try:
        os.kill(os.getpid(), signal.SIGTERM)
    except signals.SignalReceived:
        raise ValueError("could not determine the shape") from None


def test_a_signal_counts_more_than_the_error_that_came_of_it():
    with pytest.raises(signals.SignalReceived, match="terminated") as caught, signals.before_errors():
        native_code()

    assert caught.value.exit_code == 143


def test_an_error_without_a_signal_stays_itself_and_a_signal_of_before_is_forgotten():
    with pytest.raises(signals.SignalReceived), signals.before_errors():
        native_code()

    with pytest.raises(ValueError, match="a bug"), signals.before_errors():
        raise ValueError("a bug")
    with signals.before_errors():
        pass
