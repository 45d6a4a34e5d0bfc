"""``metrics.jsonl``: the course of all trainings and the scores of all versions, one JSON object a line."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Literal

from pydantic import TypeAdapter

from transformer_cli.files.atomic import write_atomically
from transformer_cli.files.os_errors import explain_os_errors
from transformer_cli.files.record import Record


class TrainingLine(Record):
    """Mean values over an interval of updates; see `training.events.IntervalReport`."""

    kind: Literal["train"] = "train"
    step: int
    loss: float
    target_tokens_per_second: float
    learning_rate: float
    gradient_norm: float | None
    padding_share: float
    epoch: int
    elapsed_seconds: float


class ValidationLine(Record):
    """A validation after ``step`` updates.

    ``tokenizer`` is sacreBLEU's for BLEU, ``language`` that of the targets; both are None in an older log.
    """

    kind: Literal["valid"] = "valid"
    step: int
    loss: float
    bleu: float
    chrf: float
    elapsed_seconds: float
    tokenizer: str | None = None
    language: str | None = None


class TestLine(Record):
    """The scores of a version on one test set."""

    __test__ = False  # keeps pytest from collecting this class

    kind: Literal["test"] = "test"
    version: str
    set: str
    bleu: float
    chrf: float
    signature: str
    chrf_signature: str
    elapsed_seconds: float


MetricsLine = TrainingLine | ValidationLine | TestLine
_LINE: TypeAdapter[MetricsLine] = TypeAdapter(MetricsLine)


class MetricsLog:
    """Appends to ``metrics.jsonl``, and can cut it back to its length at a checkpoint.

    Args:
        path: The file; created with the first line.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def write(self, line: MetricsLine) -> None:
        """Append a line.

        Raises:
            TfmError: The file cannot be written.
        """
        content = line.to_json()
        with explain_os_errors(self._path), self._path.open("ab+") as file:
            if file.tell():
                file.seek(-1, os.SEEK_END)
                # A line that was cut short by a full disk must not damage this one.
                content = content if file.read() == b"\n" else b"\n" + content
            file.write(content)

    def lines(self) -> list[MetricsLine]:
        """Return all lines, oldest first, except lines that were cut short by a full disk.

        Raises:
            TfmError: The file cannot be read.
        """
        parsed = (_parsed(line) for line in self._content().split(b"\n"))
        return [line for line in parsed if line is not None]

    def size(self) -> int:
        """Return the length of the file in bytes."""
        return self._path.stat().st_size if self._path.exists() else 0

    def rewind(self, size: int) -> None:
        """Remove training and validation lines written after the first ``size`` bytes; a resumed training repeats them.

        Test scores stay, because they belong to existing versions.
        """
        if self.size() <= size:
            return
        content = self._content()
        later = content[size:].splitlines(keepends=True)
        kept = [line for line in later if isinstance(_parsed(line), TestLine)]
        write_atomically(self._path, content[:size] + b"".join(kept))

    def _content(self) -> bytes:
        with explain_os_errors(self._path, "read"):
            return self._path.read_bytes() if self._path.exists() else b""


def _parsed(line: bytes) -> MetricsLine | None:
    try:
        return _LINE.validate_json(line)
    except ValueError:
        return None
