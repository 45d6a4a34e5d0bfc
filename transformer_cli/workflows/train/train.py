"""``tfm train``: prepares missing or stale data and tokenizer, then trains, evaluates and writes a new version."""

from __future__ import annotations

import logging
import shutil
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from transformer_cli.artifacts.model_manifest import ModelManifest, missing_file
from transformer_cli.artifacts.report.newest_version import has_current_report
from transformer_cli.artifacts.run_directory import RunDirectory
from transformer_cli.artifacts.version_history import Release
from transformer_cli.errors import DamagedFileError, StoppedBySignalError, UsageError
from transformer_cli.files.atomic import write_atomically
from transformer_cli.files.os_errors import explain_os_errors
from transformer_cli.recipe import recipe_to_toml
from transformer_cli.stopping import StopRequest
from transformer_cli.training.events import RunOpened, StopReason, TrainingEnded, TrainingEvent
from transformer_cli.training.processes.ranks import Ranks, is_one_of_several
from transformer_cli.training.tensorboard import events_for_tensorboard, require_tensorboard
from transformer_cli.workflows.locate.recipe import LocatedRecipe, locate_recipe_to_run
from transformer_cli.workflows.more_text.ensure import ensure_more_text
from transformer_cli.workflows.prepare.more_text.plan import training_data
from transformer_cli.workflows.prepare.status import check_data
from transformer_cli.workflows.starting_model import ensure_starting_model
from transformer_cli.workflows.train.request import TrainRequest
from transformer_cli.workflows.train.up_to_date import (
    existing_training_data,
    find_finished,
    find_released,
    has_all_updates,
)
from transformer_cli.workflows.train_tokenizer import ensure_tokenizer
from transformer_cli.workflows.versions import complete_release, find_release

if TYPE_CHECKING:
    from transformer_cli.workflows.train.session import TrainingSession

logger = logging.getLogger(__name__)

_NOTHING, _TRAIN = b"nothing", b"train"
"""What the first of several processes has the others do after the preparation, in which it may have them translate."""


@dataclass(frozen=True, slots=True)
class TrainOutcome:
    """The outcome of ``tfm train``.

    Args:
        version: Folder of the new version, or of the up-to-date version if there was nothing to do.
        is_new: False if there was nothing to do.
        is_live: Whether this version is in service.
        summary: One line for the user.
    """

    version: Path
    is_new: bool
    is_live: bool
    summary: str


def train(
    recipe: str | Path | None = None,
    *,
    run_dir: Path | None = None,
    overrides: Sequence[str] = (),
    on_event: Callable[[TrainingEvent], None] = lambda _: None,
    device: str = "auto",
    from_scratch: bool = False,
    retrain_tokenizer: bool = False,
    wait: bool = False,
    stop: StopRequest | None = None,
    started: float | None = None,
) -> TrainOutcome:
    """Bring a run up to date with its recipe and data: prepare, train the tokenizer, train or resume, release.

    Args:
        recipe: A path or the name of a shipped recipe; None stands for ``./tfm.toml``, or else the phrasebook.
        run_dir: The run directory; None stands for ``TFM_RUN_DIR``, or else ``runs/`` and the recipe's name.
        overrides: Settings to replace, each as ``section.key=value``.
        on_event: Called with each event of the training, only in the first process; messages go to the log.
        device: "auto", "cpu", "cuda" ...
        from_scratch: Begin with random weights even if those of the live version fit.
        retrain_tokenizer: Train the tokenizer again if the data has changed; else the live version's is kept.
        wait: Wait if another process holds the run directory.
        stop: Set by a signal handler to make the training save and stop.
        started: `time.monotonic()` at the start of the command; ``max_minutes`` counts from there, but
            for the time that it waits.

    Raises:
        TfmError: A step failed, or the training stopped on a signal after saving (`StoppedBySignalError`).
    """
    stop = stop or StopRequest()
    located = locate_recipe_to_run(recipe, run_dir=run_dir, overrides=overrides)
    if located.recipe.training.tensorboard:
        require_tensorboard()
    if located.recipe.training.start_from is not None and (from_scratch or retrain_tokenizer):
        option = "--from-scratch" if from_scratch else "--retrain-tokenizer"
        raise UsageError(f"{option} contradicts training.start_from; take that key out of the recipe")
    if not located.run.path.is_dir():  # no run is begun for a device that is not there
        _require_device(device)
    with _meet(device) as (ranks, device):
        request = TrainRequest(
            located,
            ranks,
            on_event if ranks.is_first else lambda _: None,
            device,
            from_scratch=from_scratch,
            stop=stop,
            started=time.monotonic() if started is None else started,
        )
        if not ranks.is_first:
            return _follow(request)
        asked = time.monotonic()
        with located.run.lock(wait=wait):
            request = replace(request, started=request.started + time.monotonic() - asked)
            on_event(RunOpened(located.run.log))
            _require_device(device)  # before hours of preparation, and in the log of the run
            return _bring_up_to_date(request, retrain_tokenizer=retrain_tokenizer)


def _bring_up_to_date(request: TrainRequest, *, retrain_tokenizer: bool = False) -> TrainOutcome:
    """Do what the run lacks; the caller holds the lock of the run directory."""
    located, ranks = request.located, request.ranks
    broken_off = complete_release(located.run, keep=located.recipe.release.keep)
    if broken_off is not None:
        logger.info(f"the release of version {broken_off.version} was broken off; it is completed now")
    ensure_starting_model(located)  # before hours of preparation
    status = check_data(located)
    data = training_data(located, status.inputs.fingerprint)
    find = partial(find_finished, located, from_scratch=request.from_scratch, retrain_tokenizer=retrain_tokenizer)
    finished, reason = find(status, data)
    if finished is None:
        logger.info(f"training a new version: {reason}")
        ensure_tokenizer(located, status, retrain=retrain_tokenizer)
        finished, reason = find(check_data(located), data)  # if they were lost, all may be the same again
    if finished is not None:
        ranks.broadcast(_NOTHING)
        return _released_before(located.run, finished, reason, broken_off)
    reverse = partial(_train_reverse, request)
    data = ensure_more_text(located, train_reverse=reverse, device=request.device, ranks=ranks)
    write_atomically(located.run.recipe, recipe_to_toml(located.recipe).encode())
    ranks.broadcast(_TRAIN)
    return _train_and_release(request, data)


def _train_reverse(request: TrainRequest, located: LocatedRecipe) -> str:
    """Bring the run of the reverse model up to date; of several processes, the first does so alone."""
    own = replace(request, located=located, ranks=Ranks(), from_scratch=False, started=time.monotonic())
    with located.run.lock():
        return _bring_up_to_date(own).summary


@contextmanager
def _meet(device: str) -> Iterator[tuple[Ranks, str]]:
    """Yield the processes that train together and this one's device; only several need torch for that."""
    if not is_one_of_several():
        yield Ranks(), device
        return
    from transformer_cli.device import choose_device
    from transformer_cli.training.processes.process_group import joined, own_device

    device = own_device(device)
    with joined(choose_device(device)) as ranks:
        yield ranks, device


def _require_device(device: str) -> None:
    if device not in ("auto", "cpu"):
        from transformer_cli.device import choose_device

        choose_device(device)


def _follow(request: TrainRequest) -> TrainOutcome:
    """Translate and train together with the first process when it has prepared that; it alone does the rest."""
    located, ranks = request.located, request.ranks
    while (message := ranks.broadcast(b"")) not in (_NOTHING, _TRAIN):
        from transformer_cli.workflows.more_text.together import translate_for_the_first

        translate_for_the_first(message, located.recipe, request.device, ranks)
    is_new = message == _TRAIN
    if is_new:
        _train(request, existing_training_data(located.run))
    live = request.located.run.live_model
    return TrainOutcome(live, is_new, True, "the first process of this training has finished it")


def _released_before(run: RunDirectory, version: Path, reason: str, broken_off: Release | None) -> TrainOutcome:
    """Return the outcome for an existing version of this recipe and data, whether or not its release is complete."""
    if broken_off and broken_off.version == version.name:
        from transformer_cli.workflows.export.export import export_after_training
        from transformer_cli.workflows.report import report_after_training

        export_after_training(version)
        _remove_old_checkpoints(run)
        report_after_training(run)
        return _outcome(run, version)
    if not has_current_report(run):
        from transformer_cli.workflows.report import report_after_training

        report_after_training(run)
    return _nothing_to_do(run, version, reason)


def _nothing_to_do(run: RunDirectory, version: Path, reason: str) -> TrainOutcome:
    live = run.live_version()
    summary = f"nothing to do: {version} {reason}"
    if live != version.name and (problem := missing_file(run.live_model)):
        raise DamagedFileError(
            f"version {live}, which is to be live, cannot be used: {problem}; `tfm versions promote "
            f"{int(version.name)}` puts {version} into service, which {reason}"
        )
    if live != version.name:
        summary += f"; it is not in service, version {live} is: `tfm versions promote {int(version.name)}` changes that"
    return TrainOutcome(version, is_new=False, is_live=live == version.name, summary=summary)


def _train_and_release(request: TrainRequest, data_fingerprint: str) -> TrainOutcome:
    from transformer_cli.workflows.export.export import export_after_training
    from transformer_cli.workflows.report import report_after_training
    from transformer_cli.workflows.train.release.write_version import write_version

    run = request.located.run
    with _events(request.located, request.on_event) as on_event:
        session, ended = _train(replace(request, on_event=on_event), data_fingerprint)
    logger.info(f"training ended at step {ended.step}: {ended.reason.value}")
    if not session.has_updated:
        before = find_released(run, session.training, session.start.steps + session.step)
        if before is not None:
            return _nothing_to_do(run, before, has_all_updates(ended.reason))
    logger.info(session.course())
    version = write_version(session, ended.reason)
    export_after_training(version)
    complete_release(run, keep=request.located.recipe.release.keep)
    _remove_old_checkpoints(run)
    report_after_training(run)
    return _outcome(run, version)


def _events(
    located: LocatedRecipe, on_event: Callable[[TrainingEvent], None]
) -> AbstractContextManager[Callable[[TrainingEvent], None]]:
    if not located.recipe.training.tensorboard:
        return nullcontext(on_event)
    return events_for_tensorboard(on_event, located.run.tensorboard / located.run.next_version().name)


def _train(request: TrainRequest, data_fingerprint: str) -> tuple[TrainingSession, TrainingEnded]:
    # Imported here: "nothing to do" must not wait for torch.
    from transformer_cli.workflows.train.build_session import open_session

    stop = request.stop
    session = open_session(request, data_fingerprint)
    stop.is_deferred = True  # from here on there is something to save; before, a signal ends the process at once
    try:
        ended = session.train()
    finally:
        stop.is_deferred = False
    # Checked after signals are no longer deferred: one may have come after the loop's last check.
    if stop.is_asked or ended.reason is StopReason.SIGNAL:
        said = f"at step {ended.step}, which is saved; the same command goes on from there"
        if not ended.step:
            said = "before the first update; the same command begins again"
        raise StoppedBySignalError(stop.signal_number or signal.SIGINT, f"stopped {said}")
    return session, ended


def _outcome(run: RunDirectory, version: Path) -> TrainOutcome:
    candidate, release = ModelManifest.load(version).candidate, find_release(run, version)
    if candidate is None or release is None:
        raise DamagedFileError(f"{run.version_events} lacks the release of {version}; run `tfm train` again")
    scores = "; ".join(
        f"BLEU {test.bleu.score:.2f}, chrF {test.chrf.score:.2f} on {test.pairs} {name} pairs ({test.bleu.signature})"
        for name, test in candidate.tests.items()
    )
    trained = f"{candidate.steps} steps and {candidate.seconds / 60:.1f} minutes: {scores}; it lies in {version}"
    if release.promoted:
        return TrainOutcome(version, True, True, f"version {version.name} is live after {trained}")
    kept = f"version {version.name} is not promoted and {run.live_version()} stays live: {release.reason}"
    return TrainOutcome(version, True, False, f"{kept}; after {trained}")


def _remove_old_checkpoints(run: RunDirectory) -> None:
    """Keep only the best checkpoint and the newest one, from which a longer training could go on."""
    with explain_os_errors(run.checkpoints):
        for folder in run.checkpoints_by_step()[:-1]:
            shutil.rmtree(folder)
