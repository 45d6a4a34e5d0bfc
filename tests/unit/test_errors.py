from __future__ import annotations

import re
import signal

import pytest

from transformer_cli import errors
from transformer_cli.errors import (
    DamagedFileError,
    DataError,
    DivergedError,
    ModelNotFoundError,
    RecipeError,
    RunDirectoryBusyError,
    StoppedBySignalError,
    TfmError,
    UsageError,
)


# The table of exit codes that scripts rely on
@pytest.mark.parametrize(
    ("error", "code"),
    [
        (TfmError("x"), 1),
        (UsageError("x"), 2),
        (RecipeError("x"), 2),
        (DataError("x"), 65),
        (RunDirectoryBusyError("x"), 75),
        (ModelNotFoundError("x"), 1),
        (DamagedFileError("x"), 1),
        (DivergedError("x"), 1),
        (StoppedBySignalError(signal.SIGINT, "x"), 130),
        (StoppedBySignalError(signal.SIGTERM, "x"), 143),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else str(value),
)
def test_each_error_has_its_documented_exit_code(error, code):
    assert (error.exit_code, str(error)) == (code, "x")


def test_every_error_class_is_caught_as_one_of_ours_and_drawn_in_the_picture():
    classes = {value for value in vars(errors).values() if isinstance(value, type)}
    drawn = set(re.findall(r"^[│├└─ ]*(\w+Error)\b", errors.__doc__ or "", flags=re.MULTILINE))

    assert all(issubclass(each, TfmError) for each in classes)
    assert drawn == {each.__name__ for each in classes}
