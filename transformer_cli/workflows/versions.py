"""The versions of a run, the live one, and the events that made it live. Nothing here needs torch.

An event is recorded before the link is switched, so that an interrupted switch can be completed later.
"""

from __future__ import annotations

import logging
import shutil
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from transformer_cli.artifacts.checkpoint.state import read_state
from transformer_cli.artifacts.metrics_log import MetricsLog, TestLine
from transformer_cli.artifacts.model_manifest import Candidate, ModelManifest, missing_file
from transformer_cli.artifacts.run_directory import RunDirectory
from transformer_cli.artifacts.version_history import Event, Release, Switch, VersionHistory, now
from transformer_cli.errors import DamagedFileError, ModelNotFoundError, TfmError
from transformer_cli.files.os_errors import explain_os_errors
from transformer_cli.files.temporary import TEMPORARY_SUFFIX

logger = logging.getLogger(__name__)

_DELETED = f".deleted{TEMPORARY_SUFFIX}"


def read_events(run: RunDirectory) -> list[Event]:
    """Return every release, promotion and rollback, oldest first.

    Raises:
        TfmError: The record of the events cannot be read.
        DamagedFileError: The record of the events is damaged.
    """
    return VersionHistory(run.version_events).events()


def find_release(run: RunDirectory, version: Path) -> Release | None:
    """Return the record of a version's release, or None if it is not released yet."""
    manifest = ModelManifest.of(version)
    made = manifest.candidate.time if manifest and manifest.candidate else None
    releases = (event for event in read_events(run) if isinstance(event, Release))
    return next((each for each in releases if each.version == version.name and made in (None, each.time)), None)


def complete_release(run: RunDirectory, *, keep: int) -> Release | None:
    """Complete the newest release: log its scores, record it, switch to it, delete old versions.

    Each part may be done already, so this also completes an interrupted release or switch.

    Args:
        run: Held for writing by the caller.
        keep: Number of versions to keep.

    Returns:
        The release's record if it was not yet recorded, else None.
    """
    newest = next(reversed(run.version_folders()), None)
    manifest = ModelManifest.of(newest) if newest else None
    release = None
    with run.switching():
        if newest and manifest and manifest.candidate and find_release(run, newest) is None:
            release = _release(newest.name, manifest.candidate, live=run.live_version())
            _log_scores(run, newest.name, manifest.candidate)
            VersionHistory(run.version_events).record(release)
        before = run.live_version()
        _switch_as_recorded(run)
        if release is None and before is not None and (live := run.live_version()) != before:
            logger.warning(
                f"version {live} is live in place of {before}, as the last release or switch says; "
                "`tfm versions rollback` takes that back"
            )
        _replace_lost(run)
        _delete_old_versions(run, keep=keep)
    return release


def _release(version: str, candidate: Candidate, *, live: str | None) -> Release:
    """Decide whether to promote a version: never if the live version is not the one it was compared with."""
    promoted, reason = candidate.passed, candidate.reason
    if promoted and live not in (candidate.replaces, version):
        promoted, reason = False, f"version {live} was put into service while it was trained"
    return Release(version=version, time=candidate.time, promoted=promoted, reason=reason, replaces=candidate.replaces)


def _log_scores(run: RunDirectory, version: str, candidate: Candidate) -> None:
    """Write the scores of a release to the metrics, unless they are there already."""
    log = MetricsLog(run.metrics)
    logged = {line.set for line in log.lines() if isinstance(line, TestLine) and line.version == version}
    for test, scores in candidate.tests.items():
        if test not in logged:
            log.write(
                TestLine(
                    version=version,
                    set=test,
                    bleu=scores.bleu.score,
                    chrf=scores.chrf.score,
                    signature=scores.bleu.signature,
                    chrf_signature=scores.chrf.signature,
                    elapsed_seconds=candidate.seconds,
                )
            )


def _switch_as_recorded(run: RunDirectory) -> None:
    """Complete the last recorded switch if the link is still that before it; any other link stays.

    Where a copy of the run has a folder in place of the link, the link is put back.
    """
    run.restore_link()
    last = next((event for event in reversed(read_events(run)) if _goes_live(event)), None)
    live = run.live_version()
    if last is None or live not in (None, last.replaces) or live == last.version:
        return
    folder = run.versions / last.version
    if folder.is_dir():
        run.make_live(folder)


def _replace_lost(run: RunDirectory) -> None:
    """Where somebody has deleted the live version, put the last one into service that was live and is whole."""
    if not run.live_model.is_symlink() or run.live_model.exists():
        return
    names = [event.version for event in reversed(read_events(run)) if _goes_live(event)]
    folders = (run.versions / name for name in names)
    if found := next((folder for folder in folders if missing_file(folder) is None), None):
        logger.warning(f"version {found.name} is live in place of {run.live_version()}, which has been deleted")
        run.make_live(found)


def _goes_live(event: Event) -> bool:
    return isinstance(event, Switch) or event.promoted


def previous_version(run: RunDirectory) -> str | None:
    """Return the target of a rollback: the previous live version; rolled-back and deleted ones do not count."""
    history: list[str] = []
    for event in read_events(run):
        if event.event == "rollback" and len(history) > 1:
            history.pop()
        elif _goes_live(event):
            history.append(event.version)
    live = run.live_version()
    if live is not None and live not in history[-1:]:
        history.append(live)
    return next((name for name in reversed(history[:-1]) if name != live and (run.versions / name).is_dir()), None)


def _delete_old_versions(run: RunDirectory, *, keep: int) -> None:
    """Delete the oldest versions except ``keep``, and the remains of an interrupted deletion."""
    folders = run.version_folders()
    spared = {run.live_version(), previous_version(run), *_starts_of_checkpoints(run)}
    dispensable = [folder for folder in folders[:-1] if folder.name not in spared]
    with explain_os_errors(run.versions):
        for folder in dispensable[: max(0, len(folders) - keep)]:
            folder.rename(folder.with_name(folder.name + _DELETED))  # an interruption may leave half of it
        for deleted in run.versions.glob(f"*{_DELETED}"):
            shutil.rmtree(deleted)
        for pairs in run.versions.glob(run.seen_pairs("*").name):
            if not (run.versions / pairs.name.partition(".")[0]).is_dir():
                pairs.unlink()


def _starts_of_checkpoints(run: RunDirectory) -> Iterator[str | None]:
    """Yield the versions that trainings began with whose checkpoints are there: a longer training reads them again."""
    for folder in run.checkpoints_by_step():
        with suppress(DamagedFileError):
            yield read_state(folder).start.version


@dataclass(frozen=True, slots=True)
class ListedVersion:
    """A version in the run directory.

    Args:
        path: Folder of the version.
        is_live: Whether the version is in service.
        missing: The missing or damaged parts, or None if the version is whole.
        start: The version whose weights the training began with, or None for random weights.
        candidate: The record of training and tests, or None if no training here made the version.
        release: The record of the release, or None if the release was interrupted.
    """

    path: Path
    is_live: bool
    missing: str | None
    start: str | None
    candidate: Candidate | None
    release: Release | None

    def to_json(self) -> dict[str, Any]:
        """Return the version as a JSON object, with the facts of its release in one nested object."""
        candidate = {} if self.candidate is None else {"start": self.start, **self.candidate.model_dump()}
        release = {} if self.release is None else self.release.model_dump()
        return {
            "version": self.path.name,
            "path": str(self.path),
            "live": self.is_live,
            "missing": self.missing,
            "release": {**candidate, **release} or None,
        }


@dataclass(frozen=True, slots=True)
class VersionList:
    """The versions of a run, oldest first, and the names of the live one and of the previous live one."""

    live: str | None
    previous: str | None
    versions: tuple[ListedVersion, ...]

    def to_json(self) -> dict[str, Any]:
        """Return the list as a JSON object."""
        versions = [version.to_json() for version in self.versions]
        return {"live": self.live, "previous": self.previous, "versions": versions}


def list_versions(run_dir: Path) -> VersionList:
    """Return the versions of a run.

    Raises:
        ModelNotFoundError: There is no such directory, or it is no run's.
        DamagedFileError: The record of releases is damaged.
    """
    run = _existing(run_dir)
    if not any(path.exists() for path in (run.versions, run.prepare_report, run.log)):
        raise ModelNotFoundError(f"{run_dir} is no run directory; name one with -d, or run `tfm train` first")
    live = run.live_version()
    listed = tuple(_listed(run, folder, live) for folder in run.version_folders())
    return VersionList(live, previous_version(run), listed)


def _existing(run_dir: Path) -> RunDirectory:
    if not run_dir.is_dir():
        raise ModelNotFoundError(f"there is no run directory {run_dir}; name one with -d, or run `tfm train` first")
    return RunDirectory(run_dir)


def _listed(run: RunDirectory, folder: Path, live: str | None) -> ListedVersion:
    manifest = ModelManifest.of(folder)
    return ListedVersion(
        path=folder,
        is_live=folder.name == live,
        missing=missing_file(folder),
        start=manifest.made_from.start if manifest and manifest.made_from else None,
        candidate=manifest.candidate if manifest else None,
        release=find_release(run, folder),
    )


def promote(run_dir: Path, number: int) -> str:
    """Put a version into service.

    Returns:
        One line about the change.

    Raises:
        ModelNotFoundError: There is no such version.
        TfmError: The version is not whole.
    """
    run = _existing(run_dir)
    with run.switching():
        _switch_as_recorded(run)
        return _switch(run, f"{number:04d}", "promote")


def rollback(run_dir: Path) -> str:
    """Put the previous live version back into service.

    Returns:
        One line about the change.

    Raises:
        ModelNotFoundError: There was no previous version, or it was deleted.
        TfmError: The version is not whole.
    """
    run = _existing(run_dir)
    with run.switching():
        _switch_as_recorded(run)
        previous = previous_version(run)
        if previous is None:
            raise ModelNotFoundError(f"no other version was live before in {run_dir}; `tfm versions` lists them")
        return _switch(run, previous, "rollback")


def _switch(run: RunDirectory, name: str, event: Literal["promote", "rollback"]) -> str:
    folder, live = run.versions / name, run.live_version()
    if not folder.is_dir():
        there = ", ".join(str(int(each.name)) for each in run.version_folders()) or "none"
        raise ModelNotFoundError(f"version {int(name)} is not in {run.path}; there are: {there}")
    missing = missing_file(folder)
    if missing:
        raise TfmError(f"version {name} cannot be put into service: {missing}; run `tfm train`, or take another one")
    if name == live:
        return f"nothing to do: version {name} is live"
    VersionHistory(run.version_events).record(Switch(event=event, version=name, time=now(), replaces=live))
    run.make_live(folder)
    return f"version {name} is live" + (f" in place of {live}" if live else "")
