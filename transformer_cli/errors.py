"""Every way in which the program fails on purpose, each with the exit code a script can rely on.

TfmError                     1   a known reason, one line
├── UsageError               2   wrong arguments
│   └── RecipeError          2   a recipe that cannot be read, or a key or value in it that is wrong
├── DataError               65   input data that cannot be used
├── RunDirectoryBusyError   75   another run holds the run directory; try again later
├── ModelNotFoundError       1   no model where one was looked for
├── DamagedFileError         1   a model, checkpoint or other file of ours that is missing, cut short or altered
├── DivergedError            1   the training loss or a gradient is not a finite number any more
├── LostProcessError         1   another process that trains the same model has died or does not answer
└── StoppedBySignalError  128+n  SIGINT, SIGTERM or SIGHUP came; the state was saved before this was raised

Exit code 3 is no failure: a version was trained and kept, but is worse than the live one and was not promoted.

Raise the narrowest one. The message is one line, starts in lower case, names value and place, and says what to do.
"""

from __future__ import annotations

import re

# What PyTorch says of the memory of a CPU and of a GPU, neither of which it reports by a `MemoryError`; the last is
# what its library for matrix products says where it finds none.
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


class RunDirectoryBusyError(TfmError):
    """Another process writes to the same run directory."""

    exit_code = 75


class ModelNotFoundError(TfmError):
    """There is no model where one was looked for."""


class DamagedFileError(TfmError):
    """A file of a model or a checkpoint is missing, cut short or altered."""


class DivergedError(TfmError):
    """The loss or the gradient norm stopped being a finite number."""


class LostProcessError(TfmError):
    """Of several processes that train one model one has died, or does not answer any more."""


class StoppedBySignalError(TfmError):
    """A signal asked the run to stop, and its state was saved.

    Args:
        signal_number: The signal, 1 (SIGHUP), 2 (SIGINT) or 15 (SIGTERM); the exit code is 128 more.
        message: What was saved, and how to go on.
    """

    def __init__(self, signal_number: int, message: str) -> None:
        super().__init__(message)
        self.exit_code = 128 + signal_number


def lower_first(text: str) -> str:
    """Return another program's message in the style of ours, which begin in lower case."""
    return text[:1].lower() + text[1:]


def is_out_of_memory(error: MemoryError | RuntimeError) -> bool:
    """Say whether an error, of whatever library, means that there is not enough memory."""
    return isinstance(error, MemoryError) or _OUT_OF_MEMORY.search(str(error)) is not None
