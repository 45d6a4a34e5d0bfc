"""Which versions a run has, which one is live, and how it came to that. No torch here.

``versions.jsonl`` in the run directory has a line for each release, promotion and rollback. It is written before the
link is switched: a switch that was broken off is found there and made up for.
"""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from transformer_cli.artifacts.metrics_log import MetricsLog
from transformer_cli.artifacts.run_directory import MODEL_CONFIG_FILE, RunDirectory, read_json
from transformer_cli.errors import DamagedFileError, ModelNotFoundError, TfmError
from transformer_cli.files.atomic import write_atomically
from transformer_cli.files.os_errors import explain_os_errors
from transformer_cli.files.temporary import TEMPORARY_SUFFIX

Event = Mapping[str, Any]
_DELETED = f".deleted{TEMPORARY_SUFFIX}"


def read_events(run: RunDirectory) -> list[Event]:
    """Return the lines of ``versions.jsonl``, oldest first.

    Raises:
        TfmError: The file cannot be read.
        DamagedFileError: A line of it is no JSON object.
    """
    path = run.version_events
    with explain_os_errors(path, "read"):
        lines = path.read_bytes().split(b"\n") if path.exists() else []
    events: list[Event] = []
    for number, line in enumerate(lines, start=1):
        if line.strip():
            try:
                event = json.loads(line)
                events.append({"event": event["event"], "version": event["version"], **event})
            except (ValueError, TypeError, KeyError):
                raise DamagedFileError(f"{path}: line {number} is damaged; mend it, or delete that line") from None
    return events


def record_event(run: RunDirectory, event: Event) -> None:
    """Append a line to ``versions.jsonl``; the file is written anew, so that no line of it is ever cut short."""
    lines = [json.dumps(each, ensure_ascii=False) + "\n" for each in (*read_events(run), event)]
    write_atomically(run.version_events, "".join(lines).encode())


def now() -> str:
    """Return the local time, as it is recorded."""
    return time.strftime("%Y-%m-%dT%H:%M:%S%z")


def what_is_missing(version: Path) -> str | None:
    """Say what of a version is not there or cut short, as far as sizes tell; None if it is whole."""
    config = read_json(version / MODEL_CONFIG_FILE)
    if config is None:
        return f"{MODEL_CONFIG_FILE} is missing or damaged"
    for name, size in config.get("files", {}).items():
        path = version / name
        if not path.is_file() or path.stat().st_size != size:
            return f"{name} is missing or cut short"
    return None


def complete_release(run: RunDirectory, *, keep: int) -> Event | None:
    """Do what is still to be done of the newest release: log its scores, record it, switch to it, delete old versions.

    Every part may have been done before; so it also makes up for a release or a switch that was broken off.

    Args:
        run: Held for writing by the caller.
        keep: How many versions to keep.

    Returns:
        The release's record if it was not yet recorded, else None.
    """
    newest = next(reversed(run.version_folders()), None)
    release = (read_json(newest / MODEL_CONFIG_FILE) or {}).get("release") if newest else None
    with run.switching():
        events = read_events(run)
        if release and not any(all(e.get(key) == release[key] for key in ("event", "version", "time")) for e in events):
            if release["promoted"] and run.live_version() not in (release["replaces"], release["version"]):
                reason = f"version {run.live_version()} was put into service while it was trained"
                release = {**release, "promoted": False, "reason": reason}
            _log_scores(run, release)
            record_event(run, release)
        else:
            release = None
        _switch_as_recorded(run)
        _delete_old_versions(run, keep=keep)
    return release


def _log_scores(run: RunDirectory, release: Event) -> None:
    """Write the scores of a release to the metrics, unless they are there."""
    name = release["version"]
    written = run.metrics.read_text(encoding="utf-8", errors="replace") if run.metrics.exists() else ""
    for test, scores in release["tests"].items():
        # Whole lines begin like this; one that a full disk has cut short is written again.
        beginning = json.dumps({"kind": "test", "version": name, "set": test}, ensure_ascii=False).removesuffix("}")
        if any(line.startswith(f"{beginning}, ") and line.endswith("}") for line in written.split("\n")):
            continue
        MetricsLog(run.metrics).write(
            kind="test",
            version=name,
            set=test,
            bleu=scores["bleu"]["score"],
            chrf=scores["chrf"]["score"],
            signature=scores["bleu"]["signature"],
            chrf_signature=scores["chrf"]["signature"],
            elapsed_seconds=release["seconds"],
        )


def _switch_as_recorded(run: RunDirectory) -> None:
    """Make the switch that was recorded last, if it was broken off; a link that somebody set otherwise stays."""
    last = next((event for event in reversed(read_events(run)) if _goes_live(event)), None)
    live = run.live_version()
    if last is None or live not in (None, last["replaces"]) or live == last["version"]:
        return
    folder = run.versions / last["version"]
    if folder.is_dir():
        run.make_live(folder)


def _goes_live(event: Event) -> bool:
    return event["event"] in ("promote", "rollback") or bool(event.get("promoted"))


def previous_version(run: RunDirectory) -> str | None:
    """Return the version to which a rollback would go: the one that was live before, rollbacks taken back."""
    history: list[str] = []
    for event in read_events(run):
        if event["event"] == "rollback" and len(history) > 1:
            history.pop()
        elif _goes_live(event):
            history.append(event["version"])
    live = run.live_version()
    if live is not None and live not in history[-1:]:
        history.append(live)
    return next((name for name in reversed(history[:-1]) if name != live), None)


def _delete_old_versions(run: RunDirectory, *, keep: int) -> None:
    """Delete the oldest versions but ``keep``, and what a deletion that was broken off has left."""
    folders = run.version_folders()
    spared = {run.live_version(), previous_version(run)}
    dispensable = [folder for folder in folders[:-1] if folder.name not in spared]
    with explain_os_errors(run.versions):
        for folder in dispensable[: max(0, len(folders) - keep)]:
            folder.rename(folder.with_name(folder.name + _DELETED))  # else it could be left half deleted
        for deleted in run.versions.glob(f"*{_DELETED}"):
            shutil.rmtree(deleted)
        for pairs in run.versions.glob(run.seen_pairs("*").name):
            if not (run.versions / pairs.name.partition(".")[0]).is_dir():
                pairs.unlink()


def list_versions(run_dir: Path) -> dict[str, Any]:
    """Return the versions of a run, oldest first, as an object for JSON.

    Returns:
        ``live`` and ``previous``: names or None; ``versions``: for each its name, its folder, whether it is live, what
        is missing of it (None if it is whole), and what was recorded when it was released.
    """
    run = RunDirectory(run_dir)
    live = run.live_version()
    versions = [
        {
            "version": folder.name,
            "path": str(folder),
            "live": folder.name == live,
            "missing": what_is_missing(folder),
            "release": (read_json(folder / MODEL_CONFIG_FILE) or {}).get("release"),
        }
        for folder in run.version_folders()
    ]
    return {"live": live, "previous": previous_version(run), "versions": versions}


def promote(run_dir: Path, number: int) -> str:
    """Put a version into service.

    Returns:
        One line that says what was done.

    Raises:
        ModelNotFoundError: There is no such version.
        TfmError: It is not whole.
    """
    run = RunDirectory(run_dir)
    with run.switching():
        _switch_as_recorded(run)
        return _switch(run, f"{number:04d}", "promote")


def rollback(run_dir: Path) -> str:
    """Put the version into service that was live before.

    Returns:
        One line that says what was done.

    Raises:
        ModelNotFoundError: There was none, or it was deleted.
        TfmError: It is not whole.
    """
    run = RunDirectory(run_dir)
    with run.switching():
        _switch_as_recorded(run)
        previous = previous_version(run)
        if previous is None:
            raise ModelNotFoundError(
                f"no other version was live before in {run_dir}; `tfm versions` lists what is there"
            )
        return _switch(run, previous, "rollback")


def _switch(run: RunDirectory, name: str, event: str) -> str:
    folder, live = run.versions / name, run.live_version()
    if not folder.is_dir():
        there = ", ".join(str(int(each.name)) for each in run.version_folders()) or "none"
        raise ModelNotFoundError(f"version {int(name)} is not in {run.path}; there are: {there}")
    missing = what_is_missing(folder)
    if missing:
        raise TfmError(f"version {name} cannot be put into service: {missing}; run `tfm train`, or take another one")
    if name == live:
        return f"nothing to do: version {name} is live"
    record_event(run, {"event": event, "version": name, "time": now(), "replaces": live})
    run.make_live(folder)
    return f"version {name} is live" + (f" in place of {live}" if live else "")
