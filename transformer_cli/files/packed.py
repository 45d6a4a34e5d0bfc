"""Reads and writes files as bytes, compressed or not: ``.gz``, ``.bz2``, ``.xz`` and ``.zst``."""

from __future__ import annotations

import bz2
import gzip
import importlib
import io
import lzma
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO

from transformer_cli.errors import DataError
from transformer_cli.files.os_errors import explain_os_errors

COMPRESSIONS = (".gz", ".bz2", ".xz", ".zst")
_UNPACKED_AT_ONCE = 1 << 16


def open_text_input(path: Path) -> BinaryIO:
    """Open a file to be read as bytes; ``.gz``, ``.bz2``, ``.xz`` and ``.zst`` are unpacked.

    Args:
        path: The file.

    Returns:
        A buffered stream of the unpacked bytes, to be closed by the caller.

    Raises:
        DataError: The file cannot be opened, or no installed package can unpack it.
    """
    with explain_os_errors(path, "read", DataError):
        match path.suffix.lower():
            case ".gz":
                if path.is_file() and path.stat().st_size == 0:
                    raise _damaged(path, 0)  # gzip would read it as an empty archive
                return _unpacked(path, gzip.open(path))
            case ".bz2":
                return _unpacked(path, bz2.open(path))
            case ".xz":
                return _unpacked(path, lzma.open(path))
            case ".zst":
                return _unpacked(path, _zstd(path).open(path))
            case _:
                return path.open("rb")


@contextmanager
def packed_as_named(path: Path, stream: BinaryIO) -> Iterator[BinaryIO]:
    """Yield a stream that packs what is written into another one, as the suffix of a name says; or that one itself.

    Args:
        path: The name of the file.
        stream: The stream of its bytes; it stays open.

    Raises:
        DataError: No installed package can pack it.
    """
    packers: dict[str, Callable[[BinaryIO], Any]] = {
        ".gz": lambda out: gzip.GzipFile(filename="", mode="wb", fileobj=out, mtime=0),  # equal texts, equal files
        ".bz2": lambda out: bz2.BZ2File(out, "wb"),
        ".xz": partial(lzma.LZMAFile, mode="wb"),
        ".zst": lambda out: _zstd(path).open(out, "wb"),
    }
    pack = packers.get(path.suffix.lower())
    if pack is None:
        yield stream
        return
    with pack(stream) as packed:
        yield packed


def name_of_content(path: Path) -> str:
    """Return the name of a file in lower case, without the suffix of a compression."""
    return (path.stem if path.suffix.lower() in COMPRESSIONS else path.name).lower()


def suffix_of_content(path: Path) -> str:
    """Return the suffix of a name in lower case, without the suffix of a compression."""
    return Path(name_of_content(path)).suffix


def _unpacked(path: Path, packed: io.BufferedIOBase) -> BinaryIO:
    return io.BufferedReader(_Unpacked(path, packed), _UNPACKED_AT_ONCE)


class _Unpacked(io.RawIOBase):
    """The unpacked bytes of a compressed file; it has no descriptor, which would give the packed bytes."""

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
            # bz2 reports "Invalid data stream" by an OSError without a number.
            if error.errno is None:
                raise _damaged(self._path, self._lines) from error
            raise OSError(error.errno, error.strerror, str(self._path)) from error  # else no message can name it
        self._lines += data.count(b"\n")
        target[: len(data)] = data
        return len(data)

    def close(self) -> None:
        self._packed.close()
        super().close()


def _damaged(path: Path, number: int) -> DataError:
    return DataError(
        f"{path} is cut short or damaged after line {number}; fetch or make the file again, "
        f"or take {path.suffix} off its name if it is not packed"
    )


def _zstd(path: Path) -> Any:
    # Python 3.14 has the module; a package provides it for older versions.
    for name in ("compression.zstd", "backports.zstd"):
        with suppress(ImportError):
            return importlib.import_module(name)
    raise DataError(f"{path}: this Python has no zstd; run `pip install backports.zstd`, or use the command `zstd`")
