"""Several test processes share the cores: each computes with one thread."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from tests.support.messages import Messages, logged

os.environ.setdefault("OMP_NUM_THREADS", "1")


@pytest.fixture
def messages() -> Iterator[Messages]:
    """What the package logs during a test."""
    with logged() as logged_messages:
        yield logged_messages
