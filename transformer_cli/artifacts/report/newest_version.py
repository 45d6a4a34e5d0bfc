"""A mark in the page of a run: the newest version when the page was written. No clock tells that reliably."""

from __future__ import annotations

from transformer_cli.artifacts.run_directory import MODEL_CONFIG_FILE, RunDirectory

_MARK = "report up to version "


def mark_of_newest(run: RunDirectory) -> str:
    """Return the mark of a page that is written now; the run has a version."""
    return f"{_MARK}{run.version_folders()[-1].name}"


def has_current_report(run: RunDirectory) -> bool:
    """Return whether the page was written after the newest version; a training may be killed before its report."""
    try:
        page = run.report.read_text(encoding="utf-8", errors="replace")
        if _MARK not in page:  # of an earlier release
            newest = run.version_folders()[-1] / MODEL_CONFIG_FILE
            return run.report.stat().st_mtime >= newest.stat().st_mtime
    except OSError:
        return False
    return mark_of_newest(run) in page
