"""Names of files that are still being written."""

from __future__ import annotations

from pathlib import Path

TEMPORARY_SUFFIX = ".tfm-tmp"
"""Ends the name of every file that is still being written; what a killed process leaves of them may be deleted."""


def remove_unfinished(folder: Path, begins: str = ".") -> None:
    """Delete the temporary files in ``folder`` that killed processes left, as far as their names begin so."""
    for path in folder.glob(f"{begins}*{TEMPORARY_SUFFIX}"):
        path.unlink(missing_ok=True)
