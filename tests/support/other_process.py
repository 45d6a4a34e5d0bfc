"""A process with variables of its own that does one thing after the other, for it takes seconds to start."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

import pytest

from tests.support.command_line import TIMEOUT_SECONDS, Finished, environment, run_here

Answer = TypeVar("Answer")


class OtherProcess:
    """See `other_process`.

    Args:
        executor: Has the process.
    """

    def __init__(self, executor: ProcessPoolExecutor) -> None:
        self._executor = executor
        self._pid = executor.submit(os.getpid).result(TIMEOUT_SECONDS)  # it starts with the first call

    def call(self, function: Callable[..., Answer], *arguments: Any) -> Answer:
        """Return what a function of a module returns there."""
        try:
            return self._executor.submit(function, *arguments).result(TIMEOUT_SECONDS)
        except TimeoutError:
            os.kill(self._pid, signal.SIGKILL)
            raise

    def run(self, *arguments: object, cwd: Path, stdin: bytes = b"") -> Finished:
        """Run the command line there."""
        return self.call(_run_in, cwd, [*map(str, arguments)], stdin)


@contextlib.contextmanager
def other_process(**variables: str) -> Iterator[OtherProcess]:
    """Start a process with these variables; the end of the block ends it."""
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as executor:
        with pytest.MonkeyPatch.context() as patch:
            for name, value in environment(**variables).items():
                patch.setenv(name, value)
            process = OtherProcess(executor)
        yield process


def _run_in(folder: Path, arguments: list[str], stdin: bytes) -> Finished:
    with contextlib.chdir(folder):
        return run_here(*arguments, stdin=stdin)
