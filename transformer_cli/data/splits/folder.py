"""The folder of the prepared data: the new one takes the place of the old when it is whole."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from transformer_cli.files.atomic import fsync_folder
from transformer_cli.files.os_errors import explain_os_errors
from transformer_cli.files.temporary import TEMPORARY_SUFFIX

_OLD = f".old{TEMPORARY_SUFFIX}"


@contextmanager
def new_data(folder: Path) -> Iterator[Path]:
    """Yield a folder to write to, which takes the place of ``folder`` when the body has come to its end.

    Raises:
        TfmError: It cannot be written; ``folder`` is as it was.
    """
    beside, old = folder.with_name(folder.name + TEMPORARY_SUFFIX), folder.with_name(folder.name + _OLD)
    with explain_os_errors(folder):
        shutil.rmtree(beside, ignore_errors=True)
        beside.mkdir(parents=True)
        try:
            yield beside
            if folder.exists() and not folder.is_dir():
                raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(folder))
            shutil.rmtree(old, ignore_errors=True)
            if folder.exists():
                folder.rename(old)
            beside.rename(folder)
            fsync_folder(folder.parent)
        finally:
            restore_data(folder)
            shutil.rmtree(beside, ignore_errors=True)
        shutil.rmtree(old, ignore_errors=True)


def restore_data(folder: Path) -> None:
    """Put the old data back if a process was killed in the moment in which neither they nor the new were in place."""
    old = folder.with_name(folder.name + _OLD)
    if old.is_dir() and not folder.exists():
        with explain_os_errors(folder):
            old.rename(folder)
