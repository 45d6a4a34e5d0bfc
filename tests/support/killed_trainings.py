"""``tfm train`` killed before one change of the file system after the other, and run again each time."""

from __future__ import annotations

import os
import shutil
import signal
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from transformer_cli.cli import app

_CHANGES = {"os.mkdir", "os.rename", "os.remove", "os.rmdir", "os.symlink", "os.truncate", "shutil.rmtree"}
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND


def is_change(event: str, arguments: Sequence[Any]) -> bool:
    """Say whether an audit event announces a change of the file system; the shared memory of a library is none."""
    if event == "open":
        return isinstance(arguments[2], int) and bool(arguments[2] & _WRITING) and "/dev/" not in str(arguments[0])
    return event in _CHANGES


def run_in_child(folder: Path, arguments: Sequence[str], *, killed_before: int | None = None) -> tuple[int, int]:
    """Run the command line in a child process; what is slow to import may have been imported before.

    Args:
        folder: Its current folder; ``output.log`` there gets what it says.
        arguments: What follows the program's name.
        killed_before: Number of the change, counted from 1, before which the child is killed.

    Returns:
        The exit code, or minus the signal; and how many changes there were, if it came to its end.
    """
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        os.close(reading)
        os.chdir(folder)
        log = os.open("output.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        os.dup2(log, 1)
        os.dup2(log, 2)
        _run_counted(arguments, killed_before, lambda count: os.write(writing, str(count).encode()))
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        count = pipe.read()
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), int(count or 0)


def _run_counted(arguments: Sequence[str], killed_before: int | None, tell: Callable[[int], object]) -> None:
    changes = 0

    def count(event: str, values: Sequence[Any]) -> None:
        nonlocal changes
        if is_change(event, values):
            changes += 1
            if changes == killed_before:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(count)
    code = 70
    try:
        code = app.run(list(arguments))
        tell(changes)
    finally:
        os._exit(code)


def copy_anew(template: Path, folder: Path) -> Path:
    """Make ``folder`` an exact copy of ``template``, times included."""
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(template, folder, symlinks=True)
    return folder


def moments(changes: int, wanted: int) -> list[int]:
    """Return numbers of changes spread evenly over all of them, the first and the last among them."""
    if wanted >= changes:
        return list(range(1, changes + 1))
    return sorted({1 + round(i * (changes - 1) / (wanted - 1)) for i in range(wanted)})
