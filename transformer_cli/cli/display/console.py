"""Everything that is printed: the product on stdout, all else on stderr, and never a word of data as markup."""

from __future__ import annotations

import contextlib
import json
import os
import re
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from transformer_cli.cli.display.log_file import LogFile

_CONTROLS = re.compile(r"[\x00-\x08\x0a-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")

_level = 1  # 0 quiet, 1 normal, 2 verbose
_as_json = False
_log: LogFile | None = None


def set_level(*, quiet: bool, verbose: bool) -> None:
    """Choose how much of the progress is told; warnings and errors always are."""
    global _level
    _level = 0 if quiet else 2 if verbose else 1


def set_json(wanted: bool) -> None:
    """Choose whether each line on stderr is a JSON object: time, level, message and more."""
    global _as_json
    _as_json = wanted


def is_json() -> bool:
    """Say whether each line on stderr is to be a JSON object."""
    return _as_json


def is_quiet() -> bool:
    """Say whether progress is not to be told."""
    return _level == 0


def is_verbose() -> bool:
    """Say whether details are to be told."""
    return _level == 2


def is_terminal() -> bool:
    """Say whether stderr is a terminal that can be drawn on."""
    return sys.stderr.isatty() and os.environ.get("TERM") != "dumb"


def plain(text: str) -> str:
    """Return ``text`` with control characters made visible: data must not steer the terminal."""
    return _CONTROLS.sub(lambda match: match[0].encode("unicode_escape").decode(), text)


def note(text: str, **fields: Any) -> None:
    """Tell on stderr what is going on, dated where it will be read in a log.

    Args:
        text: One line; one that begins with "warning: " is told in any case, as `warn` does.
        fields: What a machine would want to know of it.
    """
    if text.startswith("warning: "):
        warn(text.removeprefix("warning: "), **fields)
    elif not is_quiet():
        _tell("info", text, fields, is_dated=not is_terminal())
    elif _log:
        _log.write(plain(text))


def detail(text: str) -> None:
    """Tell on stderr what only those want to know who ask for it."""
    if is_verbose():
        note(text)


def warn(text: str, **fields: Any) -> None:
    """Tell on stderr what is doubtful."""
    _tell("warning", text, fields)


def error(text: str, **fields: Any) -> None:
    """Tell on stderr why the program ends, in one line."""
    _tell("error", text, fields)


def log(text: str) -> None:
    """Keep a line in the log file alone: it is shown in another way."""
    if _log:
        _log.write(plain(text))


def open_log(path: Path) -> None:
    """Keep a copy of all lines from now on."""
    global _log
    close_log()
    _log = LogFile(path, warn)


def close_log() -> None:
    """Keep no copy any more."""
    global _log
    if _log:
        _log.close()
    _log = None


def _tell(level: str, text: str, fields: Mapping[str, Any], *, is_dated: bool = False) -> None:
    line = plain(text if level == "info" else f"{level}: {text}")
    if _log:
        _log.write(line)
    now = time.strftime("%Y-%m-%d %H:%M:%S")
    if _as_json:
        document = {"time": time.strftime("%Y-%m-%dT%H:%M:%S%z"), "level": level, "message": text, **fields}
        _write_line(json.dumps(document))
    else:
        _write_line(f"{now} {line}" if is_dated else line)


def _write_line(line: str) -> None:
    # Nobody listens any more, or the log's disk is full: that is no reason to stop working.
    with contextlib.suppress(OSError):
        sys.stderr.write(line + "\n")
        sys.stderr.flush()
