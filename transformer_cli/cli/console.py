"""Everything that is printed: the product on stdout, all else on stderr, and never a word of data as markup."""

from __future__ import annotations

import os
import re
import sys
import time

_CONTROLS = re.compile(r"[\x00-\x08\x0a-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")

_level = 1  # 0 quiet, 1 normal, 2 verbose


def set_level(*, quiet: bool, verbose: bool) -> None:
    """Choose how much of the progress is told; warnings and errors always are."""
    global _level
    _level = 0 if quiet else 2 if verbose else 1


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


def note(text: str) -> None:
    """Tell on stderr what is going on, dated where it will be read in a log."""
    if not is_quiet():
        _write_line(text if is_terminal() else f"{time.strftime('%Y-%m-%d %H:%M:%S')} {text}")


def detail(text: str) -> None:
    """Tell on stderr what only those want to know who ask for it."""
    if is_verbose():
        note(text)


def warn(text: str) -> None:
    """Tell on stderr what is doubtful."""
    _write_line(f"warning: {text}")


def error(text: str) -> None:
    """Tell on stderr why the program ends, in one line."""
    _write_line(f"error: {text}")


def _write_line(text: str) -> None:
    try:
        sys.stderr.write(plain(text) + "\n")
        sys.stderr.flush()
    except BrokenPipeError:
        pass  # nobody listens any more; that is no reason to stop working
