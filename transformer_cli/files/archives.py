"""Opens archives: ``.zip``."""

from __future__ import annotations

import lzma
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from transformer_cli.errors import DataError
from transformer_cli.files.os_errors import explain_os_errors


@contextmanager
def open_zip(path: Path) -> Iterator[zipfile.ZipFile]:
    """Open a ``.zip`` archive and explain what goes wrong while it is read.

    Args:
        path: The archive.

    Raises:
        DataError: It cannot be read, is no archive, is cut short or damaged, or the body needs its password.
    """
    with explain_os_errors(path, "read", DataError):
        try:
            with zipfile.ZipFile(path) as archive:
                yield archive
        except (zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError) as error:
            raise DataError(f"{path} is no .zip archive, cut short or damaged ({error}); fetch it again") from None
        except (RuntimeError, NotImplementedError) as error:  # a password, or a method of packing
            raise DataError(f"{path} cannot be unpacked ({error}); unpack it and name what is in it") from None
