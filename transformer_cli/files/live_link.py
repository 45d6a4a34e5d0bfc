"""The link ``model`` of a run, and the folder that stands in its place in a copy that was made without links."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Iterable
from pathlib import Path

from transformer_cli.errors import TfmError
from transformer_cli.files.atomic import fsync_folder
from transformer_cli.files.os_errors import explain_os_errors
from transformer_cli.files.temporary import TEMPORARY_SUFFIX

logger = logging.getLogger(__name__)


def set_link(link: Path, version: Path) -> None:
    """Point ``link`` at a version of the same run; a reader always finds the old or the new model.

    Raises:
        TfmError: The link cannot be written.
    """
    beside = link.with_name(f"{link.name}{TEMPORARY_SUFFIX}")
    with explain_os_errors(link):
        beside.unlink(missing_ok=True)
        beside.symlink_to(version.relative_to(link.parent), target_is_directory=True)
        beside.replace(link)
        fsync_folder(link.parent)


def copied_version(link: Path, versions: Iterable[Path], marker: str) -> Path | None:
    """Return the version that a folder in place of the link is a copy of, by the file ``marker``, or None."""
    copied = _content(link / marker)
    return next((each for each in versions if copied is not None and _content(each / marker) == copied), None)


def replace_copy(link: Path, version: Path | None) -> None:
    """Put the link back where a folder stands in its place; does nothing where there is a link, or nothing.

    Args:
        link: The place of the link.
        version: The version that the folder is a copy of, or None.

    Raises:
        TfmError: The folder is no copy of a version, or the link cannot be written.
    """
    if not link.is_dir() or link.is_symlink():
        return
    if version is None:
        raise TfmError(
            f"{link} is a folder, not a link to a version, and no version is the same; "
            f"move it away: mv {link} {link}.old"
        )
    set_aside = link.with_name(f"{link.name}.copied{TEMPORARY_SUFFIX}")
    with explain_os_errors(link):
        shutil.rmtree(set_aside, ignore_errors=True)
        link.rename(set_aside)
        set_link(link, version)
        shutil.rmtree(set_aside)
    logger.info(f"{link} was a folder, a copy of version {version.name}; it is a link again")


def _content(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except OSError:
        return None
