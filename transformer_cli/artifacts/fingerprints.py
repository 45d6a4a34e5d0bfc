"""Short names for contents: what a file, a data set or a training was made from. No torch here."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from transformer_cli.config import Recipe
from transformer_cli.errors import DataError
from transformer_cli.files.os_errors import explain_os_errors

# Settings that decide when a training ends, not what it does until then: a change of these lets it go on.
_LIMITS = {"max_steps", "max_minutes", "patience", "average_checkpoints", "log_every"}

# Settings that only decide what is written about a training.
_OUTPUTS = {"tensorboard"}


def of_values(values: Any) -> str:
    """Return 64 hexadecimal digits that stand for a JSON value."""
    return hashlib.sha256(json.dumps(values, sort_keys=True, ensure_ascii=True).encode()).hexdigest()


def of_files(paths: Sequence[Path], known: Sequence[Mapping[str, Any]] = ()) -> list[dict[str, Any]]:
    """Describe files by path, size, times of change and SHA-256.

    Args:
        paths: The files.
        known: An earlier answer: a file whose size and times are the same is not read again.
    """
    by_path = {entry.get("path"): entry for entry in known}
    return [_of_file(path, by_path.get(str(path.resolve()))) for path in paths]


def _of_file(path: Path, known: Mapping[str, Any] | None) -> dict[str, Any]:
    with explain_os_errors(path, "read", DataError):
        status = path.stat()
        # A file that was put back from elsewhere has its old time of change, but not its old time of arrival.
        times = {"mtime_ns": status.st_mtime_ns, "ctime_ns": status.st_ctime_ns}
        entry = {"path": str(path.resolve()), "size": status.st_size, **times}
        if known and all(known.get(key) == value for key, value in entry.items()):
            return dict(known)
        with path.open("rb") as file:
            return {**entry, "sha256": hashlib.file_digest(file, "sha256").hexdigest()}


def of_training(recipe: Recipe, data_fingerprint: str) -> str:
    """Return what stands for the course of a training; its limits are not part of it."""
    # Without what has its default: a key that a later release brings does not make a recipe another one.
    sections = {"tokenizer", "model", "training", "retraining", "decoding"}
    values = recipe.model_dump(include=sections, exclude_defaults=True)
    without = _LIMITS | _OUTPUTS
    values["training"] = {key: value for key, value in values.get("training", {}).items() if key not in without}
    weights = [corpus.weight for corpus in recipe.data.train]
    return of_values([data_fingerprint, values, weights])


def of_version(recipe: Recipe, data_fingerprint: str) -> str:
    """Return what stands for a finished model: the course of its training and where that was to end."""
    limits = recipe.training.model_dump(include=_LIMITS, exclude_defaults=True)
    return of_values([of_training(recipe, data_fingerprint), limits])
