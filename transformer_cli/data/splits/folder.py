"""The folder of the prepared data; a new one replaces the old one when it is whole."""

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
    """Yield a folder to write to, which replaces ``folder`` at the end of the body.

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
    """Put the old data back if a process was killed between removing it and putting the new data in its place."""
    old = folder.with_name(folder.name + _OLD)
    if old.is_dir() and not folder.exists():
        with explain_os_errors(folder):
            old.rename(folder)
