"""Several test processes share the cores: each computes with one thread, and where there are more, none spins."""

from __future__ import annotations

import getpass
import os
import random
import tempfile
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

from tests.support.messages import Messages, logged

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OMP_WAIT_POLICY", "passive")  # read when torch is loaded

# torch.compile keeps machine code for all processes of a user, and takes that of one instruction set for another's.
if capability := os.environ.get("ATEN_CPU_CAPABILITY"):
    folder = f"{tempfile.gettempdir()}/torchinductor_{getpass.getuser()}_{capability}"
    os.environ.setdefault("TORCHINDUCTOR_CACHE_DIR", folder)


# A machine that does much else is no reason to fail.
settings.register_profile("unhurried", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("unhurried")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--shuffle", type=int, metavar="SEED", help="mix the files, and the tests of each, at random")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    seed = config.getoption("shuffle")
    if seed is not None:
        numbers = random.Random(seed)
        places = {path: numbers.random() for path in dict.fromkeys(item.path for item in items)}
        items.sort(key=lambda item: (places[item.path], numbers.random()))


@pytest.fixture
def messages() -> Iterator[Messages]:
    """What the package logs during a test."""
    with logged() as logged_messages:
        yield logged_messages
