"""The run directory: the place of each file of a run, the lock for writing, and the live version.

runs/NAME/
├── recipe.toml          every setting the run uses, spelled out
├── prepare.json         the counts of pairs read, kept and dropped
├── cleaned/             the clean pairs of each corpus, so that only a changed corpus is read again
├── data/                train, valid, test: `datasets` folders; valid and test as plain text as well
├── more_text/           pairs that models made, by section of the recipe, and the translations/ that they are made of
├── reverse/             a run of the reverse direction, for back-translation
├── tokenizer.model      SentencePiece; with separate vocabularies tokenizer.source.model and tokenizer.target.model
├── checkpoints/         step-00000500/ ..., and best/
├── metrics.jsonl        one JSON object a line
├── tensorboard/0001/    the same for TensorBoard, if enabled
├── versions/0001/ ...   finished models, each beside the hashes of its training pairs
├── versions.jsonl       every release, promotion and rollback
├── report.html          the run on one page; report/ keeps its translations and what a benchmark found
├── train.log            the log of `tfm train`
└── model                link to the live version
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from transformer_cli.errors import RunDirectoryBusyError
from transformer_cli.files.atomic import restore_folders, write_atomically
from transformer_cli.files.live_link import copied_version, replace_copy, set_link
from transformer_cli.files.lock_holder import LockHolder, describe_holder
from transformer_cli.files.os_errors import explain_os_errors
from transformer_cli.files.temporary import remove_unfinished

MODEL_CONFIG_FILE = "config.json"
"""The file written last into a model directory: if it exists, the model is whole."""


@dataclass(frozen=True, slots=True)
class RunDirectory:
    """The files of one run.

    Args:
        path: The directory; it may not exist yet.
    """

    path: Path

    @property
    def recipe(self) -> Path:
        """The recipe of the latest training, with every value spelled out."""
        return self.path / "recipe.toml"

    @property
    def prepare_report(self) -> Path:
        """The report of `tfm prepare`; it is written last, so if it exists, the prepared data is whole."""
        return self.path / "prepare.json"

    @property
    def data(self) -> Path:
        """The prepared data."""
        return self.path / "data"

    @property
    def text_profile(self) -> Path:
        """What the training sources are like; runs of earlier releases have none."""
        return self.data / "text.json"

    @property
    def cleaned(self) -> Path:
        """The cleaned pairs of each corpus; the folder may be deleted and is made again when needed."""
        return self.path / "cleaned"

    def made_pairs(self, section: str) -> Path:
        """Return the folder of the training pairs that models made for a section of the recipe."""
        return self.path / "more_text" / section

    @property
    def translations(self) -> Path:
        """Every translation that training pairs were made of; a text is translated once."""
        return self.made_pairs("translations")

    @property
    def reverse(self) -> Path:
        """The run of the reverse model, if it is trained here."""
        return self.path / "reverse"

    @property
    def encoded(self) -> Path:
        """The training data as token ids."""
        return self.path / "encoded"

    @property
    def tokenizer_report(self) -> Path:
        """The file with the origin of the tokenizer."""
        return self.path / "tokenizer.json"

    @property
    def checkpoints(self) -> Path:
        """The folder of the checkpoints of the current or latest training."""
        return self.path / "checkpoints"

    @property
    def best_checkpoint(self) -> Path:
        """The checkpoint with the best validation."""
        return self.checkpoints / "best"

    @property
    def metrics(self) -> Path:
        """Metrics of all trainings, one JSON object a line."""
        return self.path / "metrics.jsonl"

    @property
    def tensorboard(self) -> Path:
        """The course of all trainings for TensorBoard, if it is enabled."""
        return self.path / "tensorboard"

    @property
    def versions(self) -> Path:
        """The folder of the finished models."""
        return self.path / "versions"

    @property
    def live_model(self) -> Path:
        """The link to the live version."""
        return self.path / "model"

    @property
    def version_events(self) -> Path:
        """Every release, promotion and rollback, one JSON object a line."""
        return self.path / "versions.jsonl"

    @property
    def report(self) -> Path:
        """The page that `tfm report` writes."""
        return self.path / "report.html"

    def test_translations(self, version: str) -> Path:
        """Return the file with a version's translations of test sentences, kept for the report."""
        return self.path / "report" / f"{version}.json"

    def robustness(self, version: str) -> Path:
        """Return the file with the results of ``recipes/benchmarks/robustness.py`` for a version."""
        return self.path / "report" / f"{version}.robustness.json"

    @property
    def log(self) -> Path:
        """The log of `tfm train`; each start appends to it."""
        return self.path / "train.log"

    def seen_pairs(self, version: str) -> Path:
        """Return the file with the hashes of the pairs that a version was trained on."""
        return self.versions / f"{version}.pairs.npy"

    def live_version(self) -> str | None:
        """Return the name of the version that the live link points to, whole or not, or None if there is no link.

        Programs that copy a run without links leave a folder in place of the link; then it is the version that the
        folder is a copy of.
        """
        if self.live_model.is_symlink():
            return self.live_model.readlink().name
        copied = copied_version(self.live_model, self.version_folders(), MODEL_CONFIG_FILE)
        return copied.name if copied else None

    def lost_version(self) -> str | None:
        """Return a sentence about a live link whose version has been deleted, or None."""
        if not self.live_model.is_symlink() or self.live_model.exists():
            return None
        return (
            f"version {self.live_version()}, which is to be live, is not there; `tfm train` or "
            "`tfm versions promote N` puts another one in its place"
        )

    def restore_link(self) -> None:
        """Put the live link back where a copy of the run has a folder in its place.

        Raises:
            TfmError: The folder is no copy of a version, or the link cannot be written.
        """
        replace_copy(self.live_model, copied_version(self.live_model, self.version_folders(), MODEL_CONFIG_FILE))

    def checkpoint(self, step: int) -> Path:
        """Return the folder of the checkpoint after ``step`` updates."""
        return self.checkpoints / f"step-{step:08d}"

    def checkpoints_by_step(self) -> list[Path]:
        """Return the folders of all existing checkpoints, oldest first."""
        return sorted(path for path in self.checkpoints.glob("step-*") if re.fullmatch(r"step-\d{8,}", path.name))

    def version_folders(self) -> list[Path]:
        """Return the finished versions, oldest first."""
        return sorted(
            (p for p in self.versions.glob("*") if re.fullmatch(r"\d{4,}", p.name)), key=lambda p: int(p.name)
        )

    def next_version(self) -> Path:
        """Return the folder for the next version; the number of one that was deleted is not used again."""
        from transformer_cli.artifacts.version_history import VersionHistory  # see `switching`

        names = [folder.name for folder in self.version_folders()]
        names += [event.version for event in VersionHistory(self.version_events).events()]
        return self.versions / f"{max(map(int, names), default=0) + 1:04d}"

    def begin_version(self, reason: str) -> Path:
        """Record the release of a version that is made elsewhere, and return its folder, which is to be written now.

        It is recorded first, so that a killed process leaves no version without a record; repeated for the same reason,
        it gives the same folder.
        """
        from transformer_cli.artifacts.version_history import Release, VersionHistory, now  # see `switching`

        history = VersionHistory(self.version_events)
        last = next(reversed(history.events()), None)
        if isinstance(last, Release) and last.reason == reason and not (self.versions / last.version).exists():
            return self.versions / last.version
        version = self.next_version()
        history.record(Release(version=version.name, time=now(), promoted=True, reason=reason, replaces=None))
        return version

    def make_live(self, version: Path) -> None:
        """Point the live link at ``version``; a reader always finds the old or the new model.

        Raises:
            TfmError: The link cannot be written.
        """
        set_link(self.live_model, version)

    @contextmanager
    def switching(self) -> Iterator[None]:
        """Lock the switching of versions; the lock is held only for moments, so a rollback never has to wait.

        Raises:
            TfmError: The directory does not exist or cannot be written to.
        """
        import filelock  # here: a translation starts sooner without it

        with explain_os_errors(self.path):
            lock = filelock.FileLock(self.path / ".versions.lock")
            lock.acquire()
        try:
            remove_unfinished(self.path, f".{self.version_events.name}.")
            yield
        finally:
            lock.release()

    @contextmanager
    def lock(self, *, wait: bool = False) -> Iterator[None]:
        """Lock the directory for writing; the lock of a dead process does not count.

        Args:
            wait: Whether to wait for the current holder instead of giving up.

        Raises:
            RunDirectoryBusyError: Another process holds the lock; the message names it.
            TfmError: The directory cannot be written to.
        """
        import filelock  # see `switching`

        holder = self.path / ".lock.json"
        with explain_os_errors(self.path):
            self.path.mkdir(parents=True, exist_ok=True)
            lock = filelock.FileLock(self.path / ".lock")
            try:
                lock.acquire(timeout=-1 if wait else 0)
            except filelock.Timeout:
                raise RunDirectoryBusyError(
                    f"{self.path} is in use by {describe_holder(holder)}; try later, or --wait"
                ) from None
            try:
                self._remove_leftovers()
                write_atomically(holder, LockHolder.this_process().to_json())
                yield
            finally:
                holder.unlink(missing_ok=True)
                lock.release()

    def _remove_leftovers(self) -> None:
        """Remove or restore the unfinished files and folders of killed processes; the caller must hold the lock.

        Of the files outside the folders, only those that are written under the lock are removed: another process may be
        writing a translation into this directory.
        """
        for parent in (self.path, self.checkpoints, self.translations.parent):
            restore_folders(parent)
        for begins in (".recipe.toml.", ".prepare.json.", ".tokenizer.", "..lock.json."):
            remove_unfinished(self.path, begins)
        folders = (self.data, self.encoded, self.cleaned, self.versions, self.test_translations("").parent)
        for folder in (*folders, *self.translations.glob("*")):
            remove_unfinished(folder)
