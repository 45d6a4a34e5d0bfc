"""The command line as a process of its own, and, where that is not the point, inside this one."""

from __future__ import annotations

import contextlib
import io
import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

from transformer_cli.cli import app

ROOT = Path(__file__).resolve().parents[2]
COMMAND = (sys.executable, "-m", "transformer_cli")
_COUNT_OF_EACH_MINUTE = re.compile(r"^.* translated [\d,]+ (?:lines|passages), \d+ a second.*\n", re.MULTILINE)
"""Where translating takes a minute, the command says how far it has come."""
TIMEOUT_SECONDS = 600  # ends only what hangs, also on a machine that does much else


@dataclass(frozen=True)
class Finished:
    """What a command left behind."""

    code: int
    stdout: bytes
    stderr: str

    @property
    def error(self) -> str:
        """The message of the one ``error:`` line, which is the last of stderr."""
        lines = self.stderr.splitlines()
        assert lines, "nothing on stderr"
        assert "Traceback" not in self.stderr, self.stderr
        assert [line for line in lines if line.startswith("error: ")] == lines[-1:], self.stderr
        return lines[-1].removeprefix("error: ")


def environment(**changes: str) -> dict[str, str]:
    """Return variables for a child process: this package, as many threads as here, nothing of the user's settings."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("TFM_", "_TFM", "NO_COLOR"))}
    return {**kept, "PYTHONPATH": str(ROOT), "TERM": "xterm", **changes}


def start(
    *arguments: object, cwd: Path, env: Mapping[str, str] | None = None, close_streams: bool = False, **options: Any
) -> Any:
    """Start the command line.

    Args:
        arguments: What follows the program's name.
        cwd: Its current folder.
        env: Variables to set.
        close_streams: Start it without the three standard streams.
        options: For `subprocess.Popen`; the default for the three streams are pipes.
    """
    streams = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
    # A shell's background jobs ignore Ctrl-C, those of `nohup` the end of the terminal, and so would their children.
    reset = "import signal, sys, os; signal.signal(1, signal.SIG_DFL); signal.signal(2, signal.SIG_DFL)"
    reset += "; os.closerange(0, 3)" if close_streams else ""
    reset += "; os.execv(sys.argv[1], sys.argv[1:])"
    command = [sys.executable, "-c", reset, *COMMAND, *map(str, arguments)]
    return subprocess.Popen(command, cwd=cwd, env=environment(**(env or {})), **{**streams, **options})


def run_process(
    *arguments: object, cwd: Path, stdin: bytes = b"", env: Mapping[str, str] | None = None, **options: Any
) -> Finished:
    """Run the command line as a process of its own."""
    return finish(start(*arguments, cwd=cwd, env=env, **options), stdin)


def finish(process: Any, stdin: bytes = b"") -> Finished:
    """Give a started process its input and wait for its end."""
    try:
        stdout, stderr = process.communicate(stdin or None, timeout=TIMEOUT_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        raise
    return Finished(process.returncode, stdout or b"", _COUNT_OF_EACH_MINUTE.sub("", (stderr or b"").decode()))


def wait_for(process: Any, text: bytes) -> None:
    """Read what a started process says on stderr until a line holds ``text``."""
    with killed_if_it_hangs(process):
        assert any(text in line for line in process.stderr), f"{text!r} never came"


@contextlib.contextmanager
def killed_if_it_hangs(process: Any) -> Iterator[None]:
    """Kill ``process`` if the block takes too long, so that whoever reads from it comes to an end."""
    watchdog = threading.Timer(TIMEOUT_SECONDS, process.kill)
    watchdog.start()
    try:
        yield
    finally:
        watchdog.cancel()


def run_here(*arguments: object, stdin: bytes = b"", stderr: TextIO | None = None) -> Finished:
    """Run the command line in this process.

    Args:
        arguments: What follows the program's name.
        stdin: What it reads.
        stderr: A terminal, say, instead of a buffer; then the result's ``stderr`` is empty.
    """
    with _standard_streams(stdin, stderr) as (out, errors):
        code = app.run([str(argument) for argument in arguments])
        sys.stdout.flush()
    return Finished(code, out.getvalue(), _COUNT_OF_EACH_MINUTE.sub("", errors.getvalue().decode()))


@contextlib.contextmanager
def _standard_streams(stdin: bytes, stderr: TextIO | None) -> Iterator[tuple[io.BytesIO, io.BytesIO]]:
    out, errors = io.BytesIO(), io.BytesIO()
    saved = sys.stdin, sys.stdout, sys.stderr
    opened = [
        io.TextIOWrapper(io.BytesIO(stdin), encoding="utf-8"),
        io.TextIOWrapper(out, encoding="utf-8"),
        io.TextIOWrapper(errors, encoding="utf-8", errors="backslashreplace"),
    ]
    sys.stdin, sys.stdout, sys.stderr = opened[0], opened[1], stderr or opened[2]
    try:
        yield out, errors
    finally:
        sys.stdin, sys.stdout, sys.stderr = saved
        for stream in opened:
            stream.detach()  # else closing it would close the buffer that is still to be read
