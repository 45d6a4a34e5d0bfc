"""Files and folders that appear whole or not at all, whatever ends the process in between."""

from __future__ import annotations

import errno
import fcntl
import os
import re
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from transformer_cli.errors import RunDirectoryBusyError
from transformer_cli.files.os_errors import explain_os_errors
from transformer_cli.files.temporary import TEMPORARY_SUFFIX

_OLD_SUFFIX = f".old{TEMPORARY_SUFFIX}"
_held_here: set[int] = set()  # descriptors of folders that this process writes
_STREAMS = {"/dev/stdin": 0, "/dev/stdout": 1, "/dev/stderr": 2}


@contextmanager
def atomic_write(path: Path) -> Iterator[BinaryIO]:
    """Write a file that appears whole or not at all, whatever ends the process in between.

    The bytes go to a temporary file in the same folder, which is flushed to the disk and then renamed. A symbolic link
    stays one, and what it points to is replaced. A device or a named pipe (``/dev/null``) is written to directly, as
    is an open stream (``/dev/stdout``), which may be a file.

    Args:
        path: The file to make or replace; its permissions follow the umask.

    Yields:
        A stream to write the content to.

    Raises:
        TfmError: It cannot be written: no space, no permission, no such folder.
    """
    with explain_os_errors(path):
        stream = _stream(path)
        if stream is not None:
            with os.fdopen(os.dup(stream), "wb") as out:
                yield out
            return
        if path.exists() and not path.is_file():
            with path.open("wb") as out:
                yield out
            return
        target = path.resolve()
        # A part of the name is enough to recognise it; the whole name could exceed the length limit.
        temporary = target.with_name(f".{target.name[:32]}.{secrets.token_hex(6)}{TEMPORARY_SUFFIX}")
        # A signal may raise as soon as the file exists, also before `open` has returned.
        try:
            with temporary.open("xb") as out:
                yield out
                out.flush()
                os.fsync(out.fileno())
                temporary.replace(target)
        finally:
            temporary.unlink(missing_ok=True)
        fsync_folder(target.parent)


def _stream(path: Path) -> int | None:
    """Return the number of the open stream that a path names, or None."""
    numbered = re.fullmatch("/(?:dev|proc/self)/fd/([0-9]{1,9})", str(path))
    return int(numbered[1]) if numbered else _STREAMS.get(str(path))


def write_atomically(path: Path, data: bytes) -> None:
    """Write ``data`` as the whole content of the file ``path``; see ``atomic_write``."""
    with atomic_write(path) as out:
        out.write(data)


@contextmanager
def atomic_folder(folder: Path, *, replace: bool = True) -> Iterator[Path]:
    """Write a folder that appears whole or not at all, whatever ends the process in between.

    Its files are written to an empty folder beside it and flushed to the disk. Then two renames put the new folder in
    the place of the old one. A process that is killed between the renames leaves the old folder under another name;
    `restore_folders` or the next `atomic_folder` puts it back.

    Args:
        folder: The folder to make or replace; a symbolic link stays one.
        replace: Whether to replace an existing folder; otherwise it is an error.

    Yields:
        The folder to write to.

    Raises:
        TfmError: It cannot be written; an existing folder is unchanged.
        RunDirectoryBusyError: Another process is writing the same folder.
    """
    with explain_os_errors(folder):
        if folder.is_symlink():
            folder = Path(os.path.realpath(folder))
            if not folder.parent.is_dir():  # of a disk that is not there no folders are made
                raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(folder))
        beside, old = folder.with_name(folder.name + TEMPORARY_SUFFIX), folder.with_name(folder.name + _OLD_SUFFIX)
        with _held(beside, folder):
            try:
                _restore(old)
                yield beside
                _flush(beside)
                if folder.exists():
                    if not (replace and folder.is_dir()):
                        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(folder))
                    folder.rename(old)  # deleting it in place could leave it half deleted
                beside.rename(folder)
                fsync_folder(folder.parent)
            finally:
                _restore(old)


@contextmanager
def _held(beside: Path, folder: Path) -> Iterator[None]:
    """Make an empty folder that no other process makes meanwhile; delete it at the end if it still has this name.

    What a killed process has left is emptied and taken over: its lock ended with it.
    """
    beside.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(beside, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    _held_here.add(descriptor)
    try:
        if not (_lock(descriptor) and _is_named(descriptor, beside)):
            raise RunDirectoryBusyError(f"another process is writing {folder}; run the command again when it has ended")
        try:
            _empty(beside)
            yield
        finally:
            if _is_named(descriptor, beside):
                shutil.rmtree(beside, ignore_errors=True)
    finally:
        if descriptor in _held_here:
            _held_here.remove(descriptor)
            os.close(descriptor)


def _let_go() -> None:
    """Close the folders that a forked process has inherited; their locks would outlive the one that holds them."""
    while _held_here:
        os.close(_held_here.pop())


os.register_at_fork(after_in_child=_let_go)


def _lock(descriptor: int) -> bool:
    """Lock an open folder; return False if another process has done so. Some file systems of networks have no locks."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return True
    return True


def _is_named(descriptor: int, path: Path) -> bool:
    """Return whether an open folder still has a name; another process may have given it its last one."""
    return descriptor in _held_here and path.exists() and os.path.samestat(os.fstat(descriptor), path.lstat())


def _empty(folder: Path) -> None:
    for path in folder.iterdir():
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()


def restore_folders(parent: Path) -> None:
    """Restore folders in ``parent`` that killed processes were replacing.

    Raises:
        TfmError: One cannot be renamed.
    """
    with explain_os_errors(parent):
        for old in parent.glob(f"*{_OLD_SUFFIX}"):
            _restore(old)


def _restore(old: Path) -> None:
    """Rename an old folder back, or delete it if the new folder has its name."""
    folder = old.with_name(old.name.removesuffix(_OLD_SUFFIX))
    if folder.exists():
        shutil.rmtree(old, ignore_errors=True)
    elif old.is_dir():
        old.rename(folder)


def _flush(folder: Path) -> None:
    for path in [*folder.rglob("*"), folder]:
        if path.is_dir():
            fsync_folder(path)
        else:
            with path.open("rb+") as file:
                os.fsync(file.fileno())


def fsync_folder(folder: Path) -> None:
    """Flush a folder's list of names to the disk, so that a rename in it survives a power cut.

    Raises:
        OSError: The disk failed. A file system without this operation raises no error.
    """
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOTSUP):
            raise
    finally:
        os.close(descriptor)
