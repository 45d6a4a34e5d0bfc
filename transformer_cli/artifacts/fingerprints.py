"""Fingerprints: short names for the content of a file, a data set or the inputs of a training. No torch here."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import SkipValidation

from transformer_cli.config import Recipe
from transformer_cli.errors import DataError
from transformer_cli.files.os_errors import explain_os_errors
from transformer_cli.files.record import Record

# Settings that decide only when a training ends. A training can continue after a change of these.
_LIMITS = {"max_steps", "max_minutes", "patience", "average_checkpoints"}

# Settings that decide only the logs of a training.
_OUTPUTS = {"tensorboard", "log_every"}

# Settings that decide only what a run without versions begins with; version 0001 has it from then on.
_BEGINNINGS = {"start_from"}


def of_values(values: Any) -> str:
    """Return the fingerprint of a JSON value: 64 hexadecimal digits."""
    return hashlib.sha256(json.dumps(values, sort_keys=True, ensure_ascii=True).encode()).hexdigest()


class FileFingerprint(Record):
    """The fingerprint of a file, which reveals a change.

    Args:
        path: Its absolute path; bytes that are not UTF-8 are lone surrogates, as in `os.fsdecode`.
        size: The size in bytes.
        mtime_ns: The time of the last change of its content.
        ctime_ns: The time of its last change here; a file restored from elsewhere keeps its old ``mtime_ns``.
        sha256: The checksum of its content.
    """

    path: SkipValidation[str]
    size: int
    mtime_ns: int
    ctime_ns: int
    sha256: str


def of_files(paths: Sequence[Path], known: Sequence[FileFingerprint] = ()) -> list[FileFingerprint]:
    """Return the fingerprints of files.

    Args:
        paths: The files.
        known: An earlier result; a file with the same size and times is not read again.
    """
    by_path = {file.path: file for file in known}
    return [_of_file(path, by_path.get(str(path.resolve()))) for path in paths]


def _of_file(path: Path, known: FileFingerprint | None) -> FileFingerprint:
    with explain_os_errors(path, "read", DataError):
        status = path.stat()
        times = (status.st_size, status.st_mtime_ns, status.st_ctime_ns)
        if known and (known.size, known.mtime_ns, known.ctime_ns) == times:
            return known
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
    size, mtime_ns, ctime_ns = times
    return FileFingerprint(path=str(path.resolve()), size=size, mtime_ns=mtime_ns, ctime_ns=ctime_ns, sha256=digest)


def of_training_data(prepared: str, made: Mapping[str, str]) -> str:
    """Return the fingerprint of all pairs that a model learns from.

    Args:
        prepared: The fingerprint of the prepared data.
        made: The fingerprint of each part that models made from text, by its name.
    """
    return of_values([prepared, dict(made)]) if made else prepared


def of_rows(data_fingerprint: str, content: str | None) -> str:
    """Return the fingerprint of data whose rows have this checksum; None: an earlier release wrote them without one.

    ``data_fingerprint`` alone is that of the inputs: the same corpora and settings give other rows if other pairs were
    held out before.
    """
    return data_fingerprint if content is None else of_values([data_fingerprint, content])


def of_tokenizer(recipe: Recipe) -> str:
    """Return the fingerprint of the settings of a tokenizer; those that are left out change nothing for older runs."""
    settings: list[object] = [recipe.tokenizer.model_dump()]
    if placeholders := recipe.placeholders.model_dump(exclude_defaults=True):
        settings.append(placeholders)
    if recipe.glossary.hints:
        settings.append("hints")
    return of_values(settings if len(settings) > 1 else settings[0])


def of_training(recipe: Recipe, data_fingerprint: str) -> str:
    """Return the fingerprint of the course of a training; limits on its length are not part of it."""
    # Settings with their default value are left out, so a key added in a later release does not change the fingerprint.
    sections = {
        "tokenizer",
        "placeholders",
        "glossary",
        "model",
        "distillation",
        "back_translation",
        "training",
        "retraining",
        "decoding",
    }
    values = recipe.model_dump(include=sections, exclude_defaults=True)
    without = _LIMITS | _OUTPUTS | _BEGINNINGS
    values["training"] = {key: value for key, value in values.get("training", {}).items() if key not in without}
    weights = [corpus.weight for corpus in recipe.data.train]
    return of_values([data_fingerprint, values, weights])


def of_version(recipe: Recipe, data_fingerprint: str) -> str:
    """Return the fingerprint of a finished model: the course of its training and the limits on its length."""
    return _of_version(recipe, data_fingerprint, _LIMITS)


def of_version_before(recipe: Recipe, data_fingerprint: str) -> str:
    """Return what `of_version` returned in releases for which ``log_every`` was a limit."""
    return _of_version(recipe, data_fingerprint, _LIMITS | {"log_every"})


def _of_version(recipe: Recipe, data_fingerprint: str, limits: set[str]) -> str:
    values = recipe.training.model_dump(include=limits, exclude_defaults=True)
    return of_values([of_training(recipe, data_fingerprint), values])
