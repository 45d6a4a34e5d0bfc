"""Errors of the operating system, each as one line with a way out."""

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
    """Turn an ``OSError`` of the body into one line: the failed action, its reason, and a way out.

    A broken pipe is not turned: it only means that the reader has ended.

    Args:
        path: The file that the body works on; the message names it unless the error names another file.
        doing: The verb of the message: ``"write"``, ``"read"``.
        error_class: The class to raise.

    Raises:
        TfmError: The body raised an ``OSError``; the error is of the given class.
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
