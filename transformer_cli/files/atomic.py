"""Files that appear whole or not at all, whatever ends the process in between."""

from __future__ import annotations

import errno
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from transformer_cli.files.os_errors import explain_os_errors
from transformer_cli.files.temporary import TEMPORARY_SUFFIX


@contextmanager
def atomic_write(path: Path) -> Iterator[BinaryIO]:
    """Write a file that appears whole or not at all, whatever ends the process in between.

    The bytes go to a temporary file in the same folder, which is flushed to the disk and then renamed. A symbolic link
    stays one, and what it points to is replaced. A device or a named pipe (``/dev/null``) is written to directly.

    Args:
        path: The file to make or replace; its permissions follow the umask.

    Yields:
        A stream to write the content to.

    Raises:
        TfmError: It cannot be written: no space, no permission, no such folder.
    """
    with explain_os_errors(path):
        if path.exists() and not path.is_file():
            with path.open("wb") as out:
                yield out
            return
        target = path.resolve()
        # A part of the name is enough to recognise it, and a whole one could exceed the limit.
        temporary = target.with_name(f".{target.name[:32]}.{secrets.token_hex(6)}{TEMPORARY_SUFFIX}")
        with temporary.open("xb") as out:
            try:
                yield out
                out.flush()
                os.fsync(out.fileno())
                temporary.replace(target)
            finally:
                temporary.unlink(missing_ok=True)
        fsync_folder(target.parent)


def write_atomically(path: Path, data: bytes) -> None:
    """Write ``data`` as the whole content of the file ``path``; see ``atomic_write``."""
    with atomic_write(path) as out:
        out.write(data)


def fsync_folder(folder: Path) -> None:
    """Flush a folder's list of names to the disk, so that a rename in it outlives a power cut.

    Raises:
        OSError: The disk failed. A file system that has no such operation is not an error.
    """
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOTSUP):
            raise
    finally:
        os.close(descriptor)
