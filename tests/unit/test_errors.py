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
    members = vars(errors).values()
    classes = {each for each in members if isinstance(each, type) and each.__module__ == errors.__name__}
    drawn = set(re.findall(r"^[│├└─ ]*(\w+Error)\b", errors.__doc__ or "", flags=re.MULTILINE))

    assert all(issubclass(each, TfmError) for each in classes)
    assert drawn == {each.__name__ for each in classes}


@pytest.mark.parametrize(
    ("error", "is_lack"),
    [
        (MemoryError(), True),
        (RuntimeError("CUDA out of memory. Tried to allocate 2.00 GiB."), True),
        (RuntimeError("[enforce fail at alloc_cpu.cpp:127] DefaultCPUAllocator: can't allocate memory"), True),
        (RuntimeError("could not create a primitive"), True),  # what oneDNN says under a limit of the address space
        (RuntimeError("mat1 and mat2 shapes cannot be multiplied"), False),
    ],
)
def test_lack_of_memory_is_told_from_other_failures(error, is_lack):
    assert errors.is_out_of_memory(error) is is_lack
