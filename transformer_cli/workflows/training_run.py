"""``tfm train``: whatever is missing or stale of data and tokenizer, then training, evaluation, and a new version."""

from __future__ import annotations

import shutil
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from transformer_cli.errors import StoppedBySignalError
from transformer_cli.recipe import recipe_to_toml
from transformer_cli.run_directory import MODEL_CONFIG_FILE, RunDirectory, read_json
from transformer_cli.stopping import StopRequest
from transformer_cli.textio import explain_os_errors, write_atomically
from transformer_cli.training.ranks import Ranks, is_one_of_several
from transformer_cli.training.reports import StopReason, TrainingEnded
from transformer_cli.workflows import fingerprints
from transformer_cli.workflows.located_recipe import LocatedRecipe, locate_recipe
from transformer_cli.workflows.preparation import data_fingerprint
from transformer_cli.workflows.tensorboard import reports_for_tensorboard, require_tensorboard
from transformer_cli.workflows.tokenizer_training import ensure_tokenizer

if TYPE_CHECKING:
    from transformer_cli.workflows.training_session import TrainingSession


@dataclass(frozen=True, slots=True)
class TrainOutcome:
    """What ``tfm train`` has done.

    Args:
        version: Folder of the version that is now live.
        is_new: False if there was nothing to do.
        summary: One line for people.
    """

    version: Path
    is_new: bool
    summary: str


def train(
    recipe: str | Path | None = None,
    *,
    run_dir: Path | None = None,
    overrides: Sequence[str] = (),
    report: Callable[[object], None] = lambda _: None,
    device: str = "auto",
    wait: bool = False,
    stop: StopRequest | None = None,
    started: float | None = None,
) -> TrainOutcome:
    """Bring a run up to date with its recipe and data: prepare, learn the tokenizer, train or resume, release.

    Args:
        recipe: A path or the name of a shipped recipe; None: ``./tfm.toml``, else the phrasebook.
        run_dir: The run directory; None: ``TFM_RUN_DIR``, else ``runs/`` and the recipe's name.
        overrides: ``section.key=value``.
        report: Called with a line of text, or with a `training.loop` report, as things happen.
        device: "auto", "cpu", "cuda" ...
        wait: Wait if another process holds the run directory.
        stop: Set by a signal handler to make the training save and stop.
        started: `time.monotonic()` when the command started; ``max_minutes`` counts from there.

    Raises:
        TfmError: As each step says; `StoppedBySignalError` after saving.
    """
    started = time.monotonic() if started is None else started
    stop = stop or StopRequest()
    located = locate_recipe(recipe, run_dir=run_dir, overrides=overrides, note=report)
    if located.recipe.training.tensorboard:
        require_tensorboard()
    with _meet(device) as (ranks, device):
        if not ranks.is_first:
            return _follow(located, ranks, report, device, stop, started)
        with located.run.lock(wait=wait):
            done = _finished_version(located)
            if done is not None:
                ranks.go_ahead(False)
                _ensure_live(located.run, done)
                return TrainOutcome(done, False, f"nothing to do: {done} is up to date with recipe and data")
            ensure_tokenizer(located, note=report)
            write_atomically(located.run.recipe, recipe_to_toml(located.recipe).encode())
            ranks.go_ahead(True)
            return _train_and_release(located, ranks, report, device, stop, started)


@contextmanager
def _meet(device: str) -> Iterator[tuple[Ranks, str]]:
    """Yield the processes that train together, and the device of this one; torch is needed only where several do."""
    if not is_one_of_several():
        yield Ranks(), device
        return
    from transformer_cli.device import choose_device
    from transformer_cli.training.distributed import joined, own_device

    device = own_device(device)
    with joined(choose_device(device)) as ranks:
        yield ranks, device


def _follow(
    located: LocatedRecipe,
    ranks: Ranks,
    report: Callable[[object], None],
    device: str,
    stop: StopRequest,
    started: float,
) -> TrainOutcome:
    """Train with the first process once it has prepared everything; the rest is its work."""
    is_new = ranks.go_ahead(False)
    if is_new:
        _train(located, ranks, report, device, stop, started)
    return TrainOutcome(located.run.live_model, is_new, "the first process of this training has finished it")


def _finished_version(located: LocatedRecipe) -> Path | None:
    """Return the newest version that was made from just this recipe and data. Imports no torch."""
    data = data_fingerprint(located)
    if data is None:
        return None
    wanted = fingerprints.of_version(located.recipe, data)
    for folder in reversed(located.run.version_folders()):
        made_from = (read_json(folder / MODEL_CONFIG_FILE) or {}).get("made_from", {})
        if made_from.get("version") == wanted and (folder / "model.safetensors").is_file():
            return folder
    return None


def _ensure_live(run: RunDirectory, version: Path) -> None:
    """Finish a release that was broken off between the writing of the version and the switch to it."""
    live = run.live_model
    if not live.exists() or int(live.readlink().name) < int(version.name):
        run.make_live(version)


def _train_and_release(
    located: LocatedRecipe,
    ranks: Ranks,
    report: Callable[[object], None],
    device: str,
    stop: StopRequest,
    started: float,
) -> TrainOutcome:
    from transformer_cli.workflows.release import release

    with _reports(located, report) as report:
        session, ended = _train(located, ranks, report, device, stop, started)
    report(f"training ended at step {ended.step}: {ended.reason.value}")
    version, summary = release(session, report)
    _remove_old_checkpoints(located.run)
    return TrainOutcome(version, True, summary)


def _reports(
    located: LocatedRecipe, report: Callable[[object], None]
) -> AbstractContextManager[Callable[[object], None]]:
    if not located.recipe.training.tensorboard:
        return nullcontext(report)
    return reports_for_tensorboard(report, located.run.tensorboard / located.run.next_version().name)


def _train(
    located: LocatedRecipe,
    ranks: Ranks,
    report: Callable[[object], None],
    device: str,
    stop: StopRequest,
    started: float,
) -> tuple[TrainingSession, TrainingEnded]:
    # Imported here: "nothing to do" must not wait for torch.
    from transformer_cli.workflows.training_session import open_session

    session = open_session(
        located,
        data_fingerprint=data_fingerprint(located) or "",
        device=device,
        report=report,
        stop=stop,
        started=started,
        ranks=ranks,
    )
    stop.is_deferred = True  # only now: until here a signal may end the process at once, for there is nothing to save
    try:
        ended = session.train()
    finally:
        stop.is_deferred = False
    # Looked at only now, when no signal is deferred any more: one may have come after the loop's last look.
    if stop.is_asked or ended.reason is StopReason.SIGNAL:
        raise StoppedBySignalError(
            stop.signal_number or signal.SIGINT,
            f"stopped at step {ended.step}, which is saved; the same command goes on from there",
        )
    return session, ended


def _remove_old_checkpoints(run: RunDirectory) -> None:
    """Keep only the newest checkpoint, from which a longer training could go on, and the best."""
    with explain_os_errors(run.checkpoints):
        for folder in run.checkpoints_by_step()[:-1]:
            shutil.rmtree(folder)
