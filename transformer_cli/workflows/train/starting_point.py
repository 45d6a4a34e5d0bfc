"""The start of a training: random weights, or the live version's weights and a weight for each pair."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from transformer_cli.artifacts.checkpoint.checkpoint import WEIGHTS_FILE, load_weights, read_tensors
from transformer_cli.artifacts.checkpoint.state import CheckpointState, StartState, read_state
from transformer_cli.artifacts.model_manifest import ModelManifest, missing_file
from transformer_cli.artifacts.run_directory import RunDirectory
from transformer_cli.data.cleaning.match_keys import hash_pair
from transformer_cli.data.splits.read import Corpus
from transformer_cli.errors import DamagedFileError
from transformer_cli.files.atomic import atomic_write
from transformer_cli.files.os_errors import explain_os_errors
from transformer_cli.model.transformer import Transformer
from transformer_cli.workflows.locate.recipe import LocatedRecipe

_WARM_UPS = 8
"""Latest point at which the schedule continues, in warm-ups. The rate there is about a third of the highest, so that a
model can still learn after years of nightly trainings."""


@dataclass(frozen=True, slots=True)
class Start:
    """The start of a training; part of every checkpoint.

    Args:
        version: The version whose weights the training begins with, or None for random weights.
        steps: Number of updates of these weights so far.
    """

    version: str | None = None
    steps: int = 0

    def state(self) -> StartState:
        """Return the start in the form of a checkpoint's record."""
        return StartState(version=self.version, steps=self.steps)

    def load_weights(self, run: RunDirectory, model: Transformer) -> None:
        """Load the first weights of the training into ``model``.

        Raises:
            DamagedFileError: The weights are not whole.
        """
        if self.version is not None:
            path = run.versions / self.version / WEIGHTS_FILE
            load_weights(model, read_tensors(path), where=path)

    def schedule_steps(self, warmup_steps: int) -> int:
        """Return the number of updates that the learning rate schedule has already passed."""
        return min(self.steps, _WARM_UPS * warmup_steps)


def choose_start(
    located: LocatedRecipe, tokenizer: str, *, training: str, pairs: str | None, from_scratch: bool
) -> tuple[Start, str]:
    """Choose the start of a training, or return the earlier choice if the training was interrupted.

    Args:
        located: The recipe and the run directory.
        tokenizer: Fingerprint of the run's tokenizer.
        training: Fingerprint of the training.
        pairs: Checksum of the training pairs, if it is known.
        from_scratch: Begin with random weights in any case.

    Returns:
        The start, and the reason in one line.
    """
    run = located.run
    live = run.live_version()
    manifest = ModelManifest.of(run.live_model)
    made_from = manifest.made_from if manifest else None
    interrupted = _start_of_checkpoints(run, training, tokenizer, pairs)
    if interrupted and (interrupted.version is None or not from_scratch):
        # A version that was rolled back meanwhile is not used any more.
        is_continued = made_from is not None and made_from.training == training
        if interrupted.version in (None, live) or is_continued:
            return interrupted, "as the interrupted training did"
    if from_scratch:
        return Start(), "as asked for"
    if live is None:
        return Start(), "there is no live version"
    obstacle = missing_file(run.live_model) or (manifest and _difference(located, manifest, tokenizer))
    if obstacle:
        return Start(), f"not with the weights of version {live}: {obstacle}"
    return Start(live, made_from.steps if made_from else 0), f"the weights of version {live} fit"


def is_released(run: RunDirectory, state: CheckpointState) -> bool:
    """Return whether the training of a checkpoint with this ``state`` has made a version."""
    steps = state.start.steps + state.step
    manifests = (ModelManifest.of(folder) for folder in run.version_folders())
    origins = [manifest.made_from for manifest in manifests if manifest and manifest.made_from]
    return any(origin.training == state.training and origin.steps >= steps for origin in origins)


def _start_of_checkpoints(run: RunDirectory, training: str, tokenizer: str, pairs: str | None) -> Start | None:
    """Return the start in the newest readable checkpoint, or None if it belongs to another training."""
    for folder in reversed(run.checkpoints_by_step()):
        try:
            state = read_state(folder)
        except DamagedFileError:
            continue
        return Start(state.start.version, state.start.steps) if state.is_of(training, tokenizer, pairs) else None
    return None


def _difference(located: LocatedRecipe, manifest: ModelManifest, tokenizer: str) -> str | None:
    """Return the reason why the recipe's model cannot use the weights of a model, or None if it can."""
    if manifest.tokenizer_sha256 != tokenizer:
        return "it has another tokenizer"
    recipe = located.recipe
    if manifest.languages != recipe.languages:
        return "it has other languages"
    changed = sorted(recipe.model.other_weights_than(manifest.model))
    return f"it has another model.{changed[0]}" if changed else None


def pair_hashes(corpus: Corpus) -> NDArray[np.uint64]:
    """Return a hash of each pair, (pairs,) uint64."""
    pairs = zip(corpus.sources, corpus.targets, strict=True)
    return np.fromiter((hash_pair(*pair) for pair in pairs), dtype=np.uint64, count=len(corpus))


def unseen_pairs(run: RunDirectory, version: str, corpus: Corpus) -> NDArray[np.bool_] | None:
    """Find the pairs that a version was not trained on.

    Returns:
        (pairs,) boolean, or None if the version's training pairs are not known.
    """
    try:
        seen = np.load(run.seen_pairs(version), allow_pickle=False)
    except (OSError, ValueError, EOFError):
        return None
    return ~np.isin(pair_hashes(corpus), seen)


def remember_pairs(path: Path, corpus: Corpus) -> None:
    """Write the hashes of the pairs that a version was trained on.

    Raises:
        TfmError: The file cannot be written.
    """
    with explain_os_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        with atomic_write(path) as out:
            np.save(out, np.unique(pair_hashes(corpus)), allow_pickle=False)
