"""Errors of the operating system, each in one line that says the way out."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from transformer_cli.errors import TfmError
from transformer_cli.files.temporary import TEMPORARY_SUFFIX

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
