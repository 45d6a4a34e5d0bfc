"""Where the messages of the package go during a command: lines or JSON on stderr, and a copy in the log of a run.

The package logs to ``transformer_cli`` and its children. Handlers are installed here alone, and only while a command
runs. No word of data is taken for markup or for terminal control.
"""

from __future__ import annotations

import json
import logging
import os
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from logging.handlers import RotatingFileHandler
from pathlib import Path

_CONTROLS = re.compile(r"[\x00-\x08\x0a-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
_LARGEST_LOG = 1_000_000
_OLDER_LOGS = 3


def plain(text: str) -> str:
    """Return ``text`` with control characters made visible: data must not steer the terminal."""
    return _CONTROLS.sub(lambda match: match[0].encode("unicode_escape").decode(), text)


def duration(seconds: float) -> str:
    """Return a time as ``M:SS`` or ``H:MM:SS``."""
    minutes, seconds = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"


def is_terminal() -> bool:
    """Say whether stderr is a terminal that can be drawn on."""
    return sys.stderr.isatty() and os.environ.get("TERM") != "dumb"


class LineFormatter(logging.Formatter):
    """One line for a record, and one for each of its ``more_lines``; all but progress begins with its level.

    Args:
        is_dated: Whether a record's lines begin with date and time.
    """

    def __init__(self, is_dated: Callable[[logging.LogRecord], bool]) -> None:
        super().__init__()
        self._is_dated = is_dated

    def format(self, record: logging.LogRecord) -> str:
        """Return the lines."""
        level = f"{record.levelname.lower()}: " if record.levelno > logging.INFO else ""
        date = f"{self.formatTime(record, '%Y-%m-%d %H:%M:%S')} " if self._is_dated(record) else ""
        lines = [f"{level}{record.getMessage()}", *getattr(record, "more_lines", ())]
        return "\n".join(f"{date}{plain(line)}" for line in lines)


class JsonFormatter(logging.Formatter):
    """A JSON object for a record: time, level, message, and its ``fields``."""

    def format(self, record: logging.LogRecord) -> str:
        """Return one line."""
        time = self.formatTime(record, "%Y-%m-%dT%H:%M:%S%z")
        document = {"time": time, "level": record.levelname.lower(), "message": record.getMessage()}
        return json.dumps({**document, **getattr(record, "fields", {})})


class StderrHandler(logging.Handler):
    """Writes to the stderr of the moment, or through a function that draws on it; leaves out what ``is_drawn``."""

    def __init__(self) -> None:
        super().__init__()
        self.print: Callable[[str], None] = _print_to_stderr

    def emit(self, record: logging.LogRecord) -> None:
        """Write a record; a terminal that was closed or a full disk is no reason to stop working."""
        if not getattr(record, "is_drawn", False):
            with suppress(OSError):
                self.print(self.format(record))


class RunLogHandler(RotatingFileHandler):
    """Keeps ``train.log``, ``train.log.1`` and so on; one that cannot be written is given up with a warning.

    Args:
        path: The file.
    """

    def __init__(self, path: Path) -> None:
        # Opened with the first record, so that there is one place to learn that it cannot be written.
        super().__init__(path, "a", _LARGEST_LOG, _OLDER_LOGS, "utf-8", delay=True, errors="backslashreplace")
        self.setFormatter(LineFormatter(lambda _: True))

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802
        """Write no more."""
        error = sys.exc_info()[1]
        if not isinstance(error, OSError):
            super().handleError(record)
            return
        self.setLevel(logging.CRITICAL + 1)
        reason = (error.strerror or str(error)).lower()
        _PACKAGE.warning(f"cannot write {self.baseFilename}: {reason}; going on without it")

    def close(self) -> None:
        """Close the file; what a full disk did not take is lost."""
        with suppress(OSError):
            super().close()


def _print_to_stderr(line: str) -> None:
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()


_PACKAGE = logging.getLogger("transformer_cli")
_STDERR = StderrHandler()
# Progress is dated where it will be read in a log.
_LINES = LineFormatter(lambda record: record.levelno <= logging.INFO and not is_terminal())


@contextmanager
def shown_messages() -> Iterator[None]:
    """Show what the package logs in the block, from level INFO on, as lines."""
    level, propagate = _PACKAGE.level, _PACKAGE.propagate
    _PACKAGE.addHandler(_STDERR)
    _PACKAGE.propagate = False  # else a library that gives Python's root logger a handler would show all twice
    set_level(logging.INFO)
    set_json(False)
    try:
        yield
    finally:
        _close_log()
        _PACKAGE.removeHandler(_STDERR)
        _PACKAGE.setLevel(level)
        _PACKAGE.propagate = propagate


def set_level(level: int) -> None:
    """Choose from which level on messages are shown; the log of a run has them from INFO on in any case."""
    _STDERR.setLevel(level)
    _PACKAGE.setLevel(min(level, logging.INFO))


def is_quiet() -> bool:
    """Say whether progress is not to be shown."""
    return _STDERR.level > logging.INFO


def is_verbose() -> bool:
    """Say whether details are to be shown."""
    return _STDERR.level <= logging.DEBUG


def set_json(wanted: bool) -> None:
    """Choose whether each line on stderr is a JSON object."""
    _STDERR.setFormatter(JsonFormatter() if wanted else _LINES)


def is_json() -> bool:
    """Say whether each line on stderr is to be a JSON object."""
    return isinstance(_STDERR.formatter, JsonFormatter)


@contextmanager
def printed_by(write: Callable[[str], None]) -> Iterator[None]:
    """Let ``write`` show the messages of the block: it knows what else is drawn."""
    _STDERR.print = write
    try:
        yield
    finally:
        _STDERR.print = _print_to_stderr


def open_log(path: Path) -> None:
    """Keep a copy of all messages from now on, until the command ends."""
    _close_log()
    _PACKAGE.addHandler(RunLogHandler(path))


def _close_log() -> None:
    for handler in [handler for handler in _PACKAGE.handlers if isinstance(handler, RunLogHandler)]:
        _PACKAGE.removeHandler(handler)
        handler.close()
