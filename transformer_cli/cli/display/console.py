"""Shows the log messages of the package during a command: lines or JSON on stderr, and a copy in the log of a run.

The package logs to ``transformer_cli`` and its children. Handlers are installed only here, and only while a command
runs. Text from data is never interpreted as markup or terminal control.
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
    """Return ``text`` with visible control characters, so that data cannot control the terminal."""
    return _CONTROLS.sub(lambda match: match[0].encode("unicode_escape").decode(), text)


def duration(seconds: float) -> str:
    """Return a duration as ``M:SS`` or ``H:MM:SS``."""
    minutes, seconds = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"


def is_terminal() -> bool:
    """Return whether stderr is a terminal that supports drawing."""
    return sys.stderr.isatty() and os.environ.get("TERM") != "dumb"


class LineFormatter(logging.Formatter):
    """Formats a record as one line, and one for each of its ``more_lines``; all except progress begin with the level.

    Args:
        is_dated: Whether the lines of a record begin with date and time.
    """

    def __init__(self, is_dated: Callable[[logging.LogRecord], bool]) -> None:
        super().__init__()
        self._is_dated = is_dated

    def format(self, record: logging.LogRecord) -> str:
        """Return the lines of a record."""
        level = f"{record.levelname.lower()}: " if record.levelno > logging.INFO else ""
        date = f"{self.formatTime(record, '%Y-%m-%d %H:%M:%S')} " if self._is_dated(record) else ""
        lines = [f"{level}{record.getMessage()}", *getattr(record, "more_lines", ())]
        return "\n".join(f"{date}{plain(line)}" for line in lines)


class JsonFormatter(logging.Formatter):
    """Formats a record as a JSON object: time, level, message, and its ``fields``."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the JSON object as one line."""
        time = self.formatTime(record, "%Y-%m-%dT%H:%M:%S%z")
        document = {"time": time, "level": record.levelname.lower(), "message": record.getMessage()}
        return json.dumps({**document, **getattr(record, "fields", {})})


class StderrHandler(logging.Handler):
    """Writes to the current stderr, or through a function that draws on it; skips records with ``is_drawn``."""

    def __init__(self) -> None:
        super().__init__()
        self.print: Callable[[str], None] = _print_to_stderr

    def emit(self, record: logging.LogRecord) -> None:
        """Write a record; errors from a closed terminal or a full disk are ignored."""
        if not getattr(record, "is_drawn", False):
            with suppress(OSError):
                self.print(self.format(record))


class RunLogHandler(RotatingFileHandler):
    """Writes ``train.log``, ``train.log.1`` and so on; after a write error it warns and stops.

    Args:
        path: The path of the log file.
    """

    def __init__(self, path: Path) -> None:
        # Opened at the first record, so that all write errors appear in one place.
        super().__init__(path, "a", _LARGEST_LOG, _OLDER_LOGS, "utf-8", delay=True, errors="backslashreplace")
        self.setFormatter(LineFormatter(lambda _: True))

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802
        """Stop writing to the file."""
        error = sys.exc_info()[1]
        if not isinstance(error, OSError):
            super().handleError(record)
            return
        self.setLevel(logging.CRITICAL + 1)
        reason = (error.strerror or str(error)).lower()
        _PACKAGE.warning(f"cannot write {self.baseFilename}: {reason}; going on without it")

    def close(self) -> None:
        """Close the file; text that did not fit on a full disk is lost."""
        with suppress(OSError):
            super().close()


def _print_to_stderr(line: str) -> None:
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()


_PACKAGE = logging.getLogger("transformer_cli")
_STDERR = StderrHandler()
# Progress lines have a date if they are read in a log.
_LINES = LineFormatter(lambda record: record.levelno <= logging.INFO and not is_terminal())


@contextmanager
def shown_messages() -> Iterator[None]:
    """Show the messages that the package logs in the block as lines, from level INFO on."""
    level, propagate = _PACKAGE.level, _PACKAGE.propagate
    _PACKAGE.addHandler(_STDERR)
    _PACKAGE.propagate = False  # else messages appear twice if a library adds a handler to the root logger
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
    """Set the lowest level of messages shown; the log of a run always starts at INFO."""
    _STDERR.setLevel(level)
    _PACKAGE.setLevel(min(level, logging.INFO))


def is_quiet() -> bool:
    """Return whether progress is hidden."""
    return _STDERR.level > logging.INFO


def is_verbose() -> bool:
    """Return whether details are shown."""
    return _STDERR.level <= logging.DEBUG


def set_json(wanted: bool) -> None:
    """Set whether each line on stderr is a JSON object."""
    _STDERR.setFormatter(JsonFormatter() if wanted else _LINES)


def is_json() -> bool:
    """Return whether each line on stderr is a JSON object."""
    return isinstance(_STDERR.formatter, JsonFormatter)


@contextmanager
def printed_by(write: Callable[[str], None]) -> Iterator[None]:
    """Show the messages of the block through ``write``, which coordinates them with other drawing."""
    _STDERR.print = write
    try:
        yield
    finally:
        _STDERR.print = _print_to_stderr


def open_log(path: Path) -> None:
    """Write a copy of all further messages to ``path`` until the command ends."""
    _close_log()
    _PACKAGE.addHandler(RunLogHandler(path))


def _close_log() -> None:
    for handler in [handler for handler in _PACKAGE.handlers if isinstance(handler, RunLogHandler)]:
        _PACKAGE.removeHandler(handler)
        handler.close()
