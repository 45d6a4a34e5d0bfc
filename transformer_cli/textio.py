"""Lines of text in, whole files out: what a line is, and how a file is read and written.

Only a line feed ends a line here. Python's own text mode and ``str.splitlines`` also stop at a lone carriage return, at
U+2028 and at other characters; one of those inside a sentence would shift every later line of an aligned corpus.
"""

from __future__ import annotations

import bz2
import codecs
import errno
import gzip
import importlib
import io
import lzma
import os
import secrets
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, cast

from transformer_cli.errors import DataError, TfmError

TEMPORARY_SUFFIX = ".tfm-tmp"
"""Ends the name of every file that is still being written; what a killed process leaves of them may be deleted."""

# UTF-32 comes first: its little-endian mark begins with the bytes of UTF-16's.
_WIDE_MARKS = (
    (codecs.BOM_UTF32_LE, "UTF-32"),
    (codecs.BOM_UTF32_BE, "UTF-32"),
    (codecs.BOM_UTF16_LE, "UTF-16"),
    (codecs.BOM_UTF16_BE, "UTF-16"),
)

_UNPACKED_AT_ONCE = 1 << 16

_ADVICE = {
    errno.ENOSPC: "free some space there and run the command again",
    errno.EDQUOT: "free some of your quota there and run the command again",
    errno.EROFS: "choose a folder that can be written to",
    errno.EACCES: "change its permissions or choose another place",
    errno.EPERM: "change its permissions or choose another place",
    errno.ENOENT: "check the path, and that its folder exists",
    errno.EEXIST: "a file of this name is in the way of a folder; choose another place",
    errno.ENOTDIR: "check the path: a part of it is a file, not a folder",
    errno.EISDIR: "name a file, not a folder",
    errno.ENAMETOOLONG: "choose a shorter name",
}


@dataclass(frozen=True, slots=True)
class Line:
    """One line of text.

    Attributes:
        number: Its place in the input, counted from 1.
        text: What it says, without the line end; what is not UTF-8 became U+FFFD.
        had_invalid_bytes: Whether there was such a sequence.
    """

    number: int
    text: str
    had_invalid_bytes: bool


def decode_line(raw: bytes, number: int) -> Line:
    r"""Turn the bytes of one line into text.

    One final ``\n`` and a ``\r`` right before it are dropped; so is a UTF-8 byte order mark on line 1.

    Args:
        raw: The line, with or without its line end.
        number: Its place in the input, counted from 1.
    """
    if raw.endswith(b"\n"):
        raw = raw[:-1].removesuffix(b"\r")
    if number == 1:
        raw = raw.removeprefix(codecs.BOM_UTF8)
    try:
        return Line(number, raw.decode("utf-8"), had_invalid_bytes=False)
    except UnicodeDecodeError:
        return Line(number, raw.decode("utf-8", errors="replace"), had_invalid_bytes=True)


def read_lines(stream: BinaryIO) -> Iterator[Line]:
    r"""Read the lines of a binary stream, each as soon as it is complete, also from a slow pipe.

    Only ``\n`` ends a line. A last line without it is a line; empty input has none.

    Args:
        stream: A buffered binary stream, such as ``sys.stdin.buffer``.

    Yields:
        The lines, numbered from 1.
    """
    # readline asks a buffered stream for no more than it needs: a typed line comes out at once.
    for number, raw in enumerate(iter(stream.readline, b""), start=1):
        yield decode_line(raw, number)


def open_text_input(path: Path) -> BinaryIO:
    """Open a file to be read as bytes; ``.gz``, ``.bz2``, ``.xz`` and ``.zst`` are unpacked.

    Args:
        path: The file.

    Returns:
        A buffered stream of the unpacked bytes, to be closed by the caller.

    Raises:
        DataError: The file cannot be opened, or nothing installed can unpack it.
    """
    with explain_os_errors(path, "read", DataError):
        match path.suffix.lower():
            case ".gz":
                if path.is_file() and path.stat().st_size == 0:
                    raise _damaged(path, 0)  # gzip would take it for an archive of nothing
                return _unpacked(path, gzip.open(path))
            case ".bz2":
                return _unpacked(path, bz2.open(path))
            case ".xz":
                return _unpacked(path, lzma.open(path))
            case ".zst":
                return _unpacked(path, _open_zst(path))
            case _:
                return path.open("rb")


def _unpacked(path: Path, packed: io.BufferedIOBase) -> BinaryIO:
    return io.BufferedReader(_Unpacked(path, packed), _UNPACKED_AT_ONCE)


class _Unpacked(io.RawIOBase):
    """The bytes that a packed file holds; has no descriptor, which would give the packed ones."""

    def __init__(self, path: Path, packed: io.BufferedIOBase) -> None:
        self._path = path
        self._packed = packed
        self._lines = 0

    def readable(self) -> bool:
        return True

    def readinto(self, target: Any) -> int:
        try:
            data = self._packed.read1(len(target))
        except (EOFError, zlib.error, lzma.LZMAError, gzip.BadGzipFile) as error:
            raise _damaged(self._path, self._lines) from error
        except OSError as error:
            # bz2 says "Invalid data stream" with an OSError that has no number.
            if error.errno is None:
                raise _damaged(self._path, self._lines) from error
            raise
        self._lines += data.count(b"\n")
        target[: len(data)] = data
        return len(data)

    def close(self) -> None:
        self._packed.close()
        super().close()


def read_text_lines(path: Path) -> Iterator[Line]:
    """Read the lines of a file, packed or not; the file is opened when the first line is asked for.

    Args:
        path: The file.

    Yields:
        The lines, numbered from 1.

    Raises:
        DataError: The file cannot be opened, is cut short or damaged, or is UTF-16 or UTF-32.
    """
    with open_text_input(path) as stream, explain_os_errors(path, "read", DataError):
        for number, raw in enumerate(iter(stream.readline, b""), start=1):
            if number == 1:
                _refuse_wide_text(path, raw)
            yield decode_line(raw, number)


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


@contextmanager
def explain_os_errors(path: Path, doing: str = "write", error_class: type[TfmError] = TfmError) -> Iterator[None]:
    """Turn an ``OSError`` of the body into one line: what cannot be done, why, and the way out.

    A broken pipe passes: it says that the reader has gone, which is no failure of ours.

    Args:
        path: What the body works on; named in the message unless the error names another file.
        doing: The verb of the message: ``"write"``, ``"read"``.
        error_class: The class to raise.

    Raises:
        TfmError: Of the given class, in place of an ``OSError``.
    """
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as error:
        reason = error.strerror or str(error) or "the system gives no reason"
        advice = _ADVICE.get(error.errno or 0, "check the disk and run the command again")
        temporary = str(error.filename).endswith(TEMPORARY_SUFFIX)
        named = path if error.filename is None or temporary else error.filename
        message = f"cannot {doing} {named}: {reason[:1].lower()}{reason[1:]}; {advice}"
        raise error_class(message) from error


def _refuse_wide_text(path: Path, beginning: bytes) -> None:
    name = next((name for mark, name in _WIDE_MARKS if beginning.startswith(mark)), None)
    if name is None and 3 * beginning.count(0) > len(beginning) > 3:
        # Written without a mark: of Latin letters every other byte is zero, or three of four, first ones or last ones.
        width = 32 if 3 * beginning.count(0) > 2 * len(beginning) else 16
        name = f"UTF-{width}{'BE' if beginning[0] == 0 else 'LE'}"
    if name is not None:
        raise DataError(f"{path} is {name}, not UTF-8; convert it with: iconv -f {name} -t UTF-8 {path}")


def _damaged(path: Path, number: int) -> DataError:
    return DataError(
        f"{path} is cut short or damaged after line {number}; fetch or make the file again, "
        f"or take {path.suffix} off its name if it is not packed"
    )


def _open_zst(path: Path) -> io.BufferedIOBase:
    # Python 3.14 brings the module; the package gives older ones the same.
    for name in ("compression.zstd", "backports.zstd"):
        try:
            zstd = importlib.import_module(name)
        except ImportError:
            continue
        return cast("io.BufferedIOBase", zstd.open(path))
    raise DataError(
        f"cannot unpack {path}: this Python has no zstd; "
        "run `pip install backports.zstd`, or unpack the file with `zstd -d`"
    )
