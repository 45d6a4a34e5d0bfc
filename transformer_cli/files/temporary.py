"""Names of files that are still being written."""

from __future__ import annotations

from pathlib import Path

TEMPORARY_SUFFIX = ".tfm-tmp"
"""Suffix of every file that is still being written; files left by killed processes may be deleted."""


def remove_unfinished(folder: Path, begins: str = ".") -> None:
    """Delete temporary files of killed processes in ``folder`` whose names begin with ``begins``."""
    for path in folder.glob(f"{begins}*{TEMPORARY_SUFFIX}"):
        path.unlink(missing_ok=True)
