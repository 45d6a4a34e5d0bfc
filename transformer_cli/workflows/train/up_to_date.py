"""Finds out whether a version of exactly this recipe, data and tokenizer exists. Nothing here needs torch."""

from __future__ import annotations

import logging
from pathlib import Path

from transformer_cli.artifacts import fingerprints
from transformer_cli.artifacts.model_manifest import ModelManifest, missing_file
from transformer_cli.artifacts.preparation_report import PreparationRecord
from transformer_cli.artifacts.run_directory import RunDirectory
from transformer_cli.artifacts.tokenizer_record import TokenizerRecord
from transformer_cli.training.events import StopReason
from transformer_cli.workflows.locate.recipe import LocatedRecipe
from transformer_cli.workflows.prepare.status import DataStatus
from transformer_cli.workflows.train_tokenizer import is_learned_from

logger = logging.getLogger(__name__)

_CHANGED = "the recipe has changed since"


def find_finished(
    located: LocatedRecipe, status: DataStatus, training_data: str, *, from_scratch: bool, retrain_tokenizer: bool
) -> tuple[Path | None, str]:
    """Find a whole version of exactly this recipe, data and tokenizer, or of limits that allow it no more updates.

    Args:
        located: The recipe and the run directory.
        status: The state of the data.
        training_data: The fingerprint of all pairs that are to be trained on.
        from_scratch: Whether its training must have begun with random weights.
        retrain_tokenizer: Whether its tokenizer must have been trained on exactly this data.

    Returns:
        The newest such version, or None; and in either case why, in a few words.
    """
    run = located.run
    folders = run.version_folders()
    if not folders:
        return None, "there is none yet"
    newest = folders[-1].name
    data = training_data
    if not status.is_current:
        return None, f"the data has changed since version {newest}, or how it is to be prepared"
    if retrain_tokenizer and not is_learned_from(run, located.recipe, status.inputs.fingerprint):
        return None, "the tokenizer is to be learned anew"
    reason = f"the data has changed since version {newest}"
    record = TokenizerRecord.read_from(run.tokenizer_report)
    tokenizer = record.fingerprint if record else None
    for folder in reversed(folders):
        manifest = ModelManifest.of(folder)
        mismatch = _mismatch(located, data, tokenizer, manifest, from_scratch=from_scratch)
        said = "is up to date with recipe and data"
        missing = missing_file(folder)
        if mismatch == _CHANGED and missing is None and (limit := _limit_reached(located, data, folder)):
            mismatch, said = None, has_all_updates(limit)
        if mismatch is None and missing is None:
            return folder, said
        if mismatch is None or (folder.name == newest and manifest is None):
            reason = f"version {folder.name} is damaged: {missing}"
        elif folder.name == newest and manifest and manifest.made_from and manifest.made_from.data == data:
            reason = f"{mismatch} version {newest}"
    return None, reason


def _mismatch(
    located: LocatedRecipe, data: str, tokenizer: str | None, manifest: ModelManifest | None, *, from_scratch: bool
) -> str | None:
    """Return the difference between a version and the wanted one, or None if there is none."""
    if manifest is None or manifest.tokenizer_sha256 != tokenizer:
        return "the tokenizer is another one than that of"
    made_from = manifest.made_from
    if from_scratch and made_from is not None and made_from.start is not None:
        return "it is to begin from scratch, unlike"
    wanted = {of(located.recipe, data) for of in (fingerprints.of_version, fingerprints.of_version_before)}
    return _CHANGED if made_from is None or made_from.version not in wanted else None


def _limit_reached(located: LocatedRecipe, data: str, version: Path) -> StopReason | None:
    """Return a limit that ends a version's training where it ended, or None if it may go on or is another training."""
    recipe, manifest = located.recipe, ModelManifest.load(version)
    made_from, candidate = manifest.made_from, manifest.candidate
    if made_from is None or candidate is None or made_from.training != fingerprints.of_training(recipe, data):
        return None
    most = recipe.training.max_steps
    if made_from.start is not None:
        most = recipe.retraining.max_steps or most
    if candidate.steps > most:
        logger.warning(
            f"version {version.name} has been trained for more updates than max_steps now allows; fewer make no new "
            "version, unless in another run directory (-d)"
        )
    if candidate.steps >= most:
        return StopReason.MAX_STEPS
    key, value = made_from.limit or ("", 0.0)
    now = getattr(recipe.training, key, None)
    return StopReason[key.upper()] if now is not None and now <= value else None


def has_all_updates(limit: StopReason) -> str:
    """Return what is said of a version whose training has reached a limit of the recipe."""
    return f"has all updates that the recipe allows ({limit.value})"


def find_released(run: RunDirectory, training: str, steps: int) -> Path | None:
    """Find a whole version of this course of training after so many updates, those before its start included."""
    for folder in reversed(run.version_folders()):
        manifest = ModelManifest.of(folder)
        made_from = manifest.made_from if manifest else None
        if made_from and (made_from.training, made_from.steps) == (training, steps) and missing_file(folder) is None:
            return folder
    return None


def existing_training_data(run: RunDirectory) -> str:
    """Return the fingerprint of the existing training pairs, even if the corpora have changed since."""
    record = PreparationRecord.read_from(run.prepare_report)
    return record.training_data() if record else ""
