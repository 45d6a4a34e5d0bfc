"""A process with variables of its own that does one thing after the other, for it takes seconds to start."""

from __future__ import annotations

import contextlib
import os
import pickle
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

from tests.support.command_line import ROOT, Finished, environment, killed_if_it_hangs, run_here

Answer = TypeVar("Answer")

_SERVE = "from tests.support.other_process import serve; serve()"


class OtherProcess:
    """See `other_process`.

    Args:
        process: Runs `serve`.
    """

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process

    def call(self, function: Callable[..., Answer], *arguments: Any) -> Answer:
        """Return what a function of a module returns there."""
        assert self._process.stdin
        assert self._process.stdout
        pickle.dump((function, arguments), self._process.stdin)
        self._process.stdin.flush()
        with killed_if_it_hangs(self._process):
            answer: Answer = pickle.load(self._process.stdout)
        return answer

    def run(self, *arguments: object, cwd: Path, stdin: bytes = b"") -> Finished:
        """Run the command line there."""
        return self.call(_run_in, cwd, [*map(str, arguments)], stdin)


@contextlib.contextmanager
def other_process(**variables: str) -> Iterator[OtherProcess]:
    """Start a process with these variables; the end of the block ends it."""
    command = [sys.executable, "-c", _SERVE]
    with subprocess.Popen(
        command, cwd=ROOT, env=environment(**variables), stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        yield OtherProcess(process)


def serve() -> None:
    """Call the functions that come from stdin; stdout is for their answers, and nothing else gets there."""
    with os.fdopen(os.dup(1), "wb") as answers, contextlib.suppress(EOFError):
        os.dup2(2, 1)
        while True:
            function, arguments = pickle.load(sys.stdin.buffer)
            pickle.dump(function(*arguments), answers)
            answers.flush()


def _run_in(folder: Path, arguments: list[str], stdin: bytes) -> Finished:
    with contextlib.chdir(folder):
        return run_here(*arguments, stdin=stdin)
