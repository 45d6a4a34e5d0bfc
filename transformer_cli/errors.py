"""Every way in which the program fails on purpose, each with the exit code a script can rely on.

TfmError                     1   a known reason, one line
├── UsageError               2   wrong arguments
│   └── RecipeError          2   a recipe that cannot be read, or a key or value in it that is wrong
├── DataError               65   input data that cannot be used
│   └── UnsetKeyError       65   a corpus that keys in the recipe would make usable
├── RunDirectoryBusyError   75   another run holds the run directory; try again later
├── ModelNotFoundError       1   no model at the given place
├── DamagedFileError         1   a model, checkpoint or other file of this program is missing, cut short or altered
├── DivergedError            1   the training loss or a gradient is no longer a finite number
├── LostProcessError         1   another process of the same training has died or does not answer
└── StoppedBySignalError  128+n  SIGINT, SIGTERM or SIGHUP came; the state was saved first

Exit code 3 is not a failure: a version was trained and kept, but it is worse than the live one and was not promoted.

Raise the narrowest class. The message is one line, starts in lower case, names the value and its place, and gives a
way out.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, get_args

# PyTorch's messages when a CPU or a GPU runs out of memory: it raises no `MemoryError`. The last message comes from its
# library for matrix products.
_OUT_OF_MEMORY = re.compile(
    r"out of memory|(can't|cannot) allocate memory|not enough memory|could not create a (primitive|memory)",
    re.IGNORECASE,
)

NOT_PROMOTED_EXIT_CODE = 3


class TfmError(Exception):
    """A failure for a known reason; the command line prints its message after ``error:``."""

    exit_code = 1


class UsageError(TfmError):
    """The arguments make no sense together."""

    exit_code = 2


class RecipeError(UsageError):
    """The recipe cannot be read, or one of its keys or values is wrong."""


class DataError(TfmError):
    """The input data cannot be used: misaligned, empty, cut short or not text."""

    exit_code = 65


class UnsetKeyError(DataError):
    """A corpus that cannot be used as it is, and could be with keys in its table of the recipe.

    Args:
        message: The message; it names the keys.
        keys: The keys with values that may be right.
    """

    def __init__(self, message: str, keys: Mapping[str, str | int | bool]) -> None:
        super().__init__(message)
        self.keys = dict(keys)


class RunDirectoryBusyError(TfmError):
    """Another process writes to the same run directory."""

    exit_code = 75


class ModelNotFoundError(TfmError):
    """There is no model at the given place."""


class DamagedFileError(TfmError):
    """A file of a model or a checkpoint is missing, cut short or altered."""


class DivergedError(TfmError):
    """The loss or the gradient norm stopped being a finite number."""


class LostProcessError(TfmError):
    """One of several processes that train one model has died or no longer answers."""


class StoppedBySignalError(TfmError):
    """A signal asked the run to stop, and its state was saved.

    Args:
        signal_number: The signal, 1 (SIGHUP), 2 (SIGINT) or 15 (SIGTERM); the exit code is 128 more.
        message: A line that names the saved state and the way to continue.
    """

    def __init__(self, signal_number: int, message: str) -> None:
        super().__init__(message)
        self.exit_code = 128 + signal_number


def lower_first(text: str) -> str:
    """Return the message of another program with its first letter in lower case, as in this program's messages."""
    return text[:1].lower() + text[1:]


def is_out_of_memory(error: MemoryError | RuntimeError) -> bool:
    """Return whether an error of any library means that memory ran out."""
    return isinstance(error, MemoryError) or _OUT_OF_MEMORY.search(str(error)) is not None


def require_one_of(name: str, value: str, names: Any) -> None:
    """Refuse a value that is none of a ``Literal``'s: from Python, nobody has checked it.

    Raises:
        UsageError: It is another one.
    """
    if value not in get_args(names):
        raise UsageError(f"{name} = {value!r}: give one of {', '.join(map(repr, get_args(names)))}")
