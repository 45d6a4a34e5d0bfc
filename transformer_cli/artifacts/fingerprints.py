"""Short names for contents: what a file, a data set or a training was made from. No torch here."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pydantic import SkipValidation

from transformer_cli.config import Recipe
from transformer_cli.errors import DataError
from transformer_cli.files.os_errors import explain_os_errors
from transformer_cli.files.record import Record

# Settings that decide when a training ends, not what it does until then: a change of these lets it go on.
_LIMITS = {"max_steps", "max_minutes", "patience", "average_checkpoints", "log_every"}

# Settings that only decide what is written about a training.
_OUTPUTS = {"tensorboard"}


def of_values(values: Any) -> str:
    """Return 64 hexadecimal digits that stand for a JSON value."""
    return hashlib.sha256(json.dumps(values, sort_keys=True, ensure_ascii=True).encode()).hexdigest()


class FileFingerprint(Record):
    """A file, by which it is noticed that it has changed.

    Args:
        path: Its absolute path; bytes that are not UTF-8 are lone surrogates, as in `os.fsdecode`.
        size: In bytes.
        mtime_ns: When its content changed last.
        ctime_ns: When it was put here: a file that was put back from elsewhere has its old ``mtime_ns``.
        sha256: Of its content.
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
        known: An earlier answer: a file whose size and times are the same is not read again.
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
