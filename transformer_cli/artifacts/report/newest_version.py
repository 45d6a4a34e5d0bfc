"""A mark in the page of a run: the newest version when the page was written. No clock tells that reliably."""

from __future__ import annotations

from transformer_cli.artifacts.run_directory import RunDirectory


def mark_of_newest(run: RunDirectory) -> str:
    """Return the mark of a page that is written now; the run has a version."""
    return f"report up to version {run.version_folders()[-1].name}"


def has_current_report(run: RunDirectory) -> bool:
    """Return whether the page was written after the newest version; a training may be killed before its report."""
    try:
        return mark_of_newest(run) in run.report.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return False
