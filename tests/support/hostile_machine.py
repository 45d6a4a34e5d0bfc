"""A machine that fails: a full disk, and processes that die at the worst moment."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

REPOSITORY = Path(__file__).parents[2]

# Each change of the file system is announced to an audit hook before it happens.
_CRASH_AT_EACH_MOMENT = """
import os, signal, sys

CHANGES = {"open", "os.mkdir", "os.rename", "os.remove", "os.rmdir", "os.symlink", "os.truncate"}

def run_until(moment):
    steps = 0
    def count(event, arguments):
        nonlocal steps
        if event in CHANGES:
            steps += 1
            if steps == moment:
                os.kill(os.getpid(), signal.SIGKILL)
    sys.addaudithook(count)
    act()
    os._exit(0)

moment, status = 0, -signal.SIGKILL
while status == -signal.SIGKILL:
    moment += 1
    begin()
    child = os.fork()
    if not child:
        run_until(moment)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    print(outcome(), flush=True)
sys.exit(status)
"""


@contextmanager
def disk_full_after(size: int) -> Iterator[None]:
    """Let no file grow beyond ``size`` bytes inside the block, as where the disk is full."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)


def python(*arguments: str, folder: Path) -> subprocess.Popen[str]:
    """Start a Python of its own in ``folder``, with this package, one thread, and pipes for its three streams."""
    return subprocess.Popen(
        [sys.executable, *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def output_of(code: str, *, folder: Path) -> str:
    """Run ``code`` in a Python of its own to its end, and return what it printed."""
    process = python("-c", code, folder=folder)
    out, error = process.communicate()
    assert process.returncode == 0, error
    return out


def crash_at_each_moment(code: str, *, folder: Path) -> list[str]:
    """Kill a function before its first change of the file system, then before its second, and so on.

    Args:
        code: Defines ``begin()``, which makes the state before; ``act()``, which is killed; and ``outcome()``, which
            says in a word what is there afterwards, or raises.
        folder: Where all this happens.

    Returns:
        The outcomes, moment by moment; the last one is that of an ``act()`` that was not killed.
    """
    return output_of(code + _CRASH_AT_EACH_MOMENT, folder=folder).split()


def kill(process: subprocess.Popen[str]) -> None:
    """Kill ``process`` as `kill -9` does, and wait until it is gone."""
    process.kill()
    process.communicate()
    assert process.returncode == -signal.SIGKILL
