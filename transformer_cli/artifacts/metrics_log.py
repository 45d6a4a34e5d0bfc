"""``metrics.jsonl``: the course of all trainings and the scores of all versions, one JSON object a line."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from transformer_cli.files.atomic import write_atomically
from transformer_cli.files.os_errors import explain_os_errors


class MetricsLog:
    """Appends to ``metrics.jsonl``, and can go back to where it was at a checkpoint.

    Args:
        path: The file; made when the first line is written.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def write(self, **fields: Any) -> None:
        """Append one JSON object.

        Raises:
            TfmError: The file cannot be written.
        """
        line = (json.dumps(fields, ensure_ascii=False) + "\n").encode()
        with explain_os_errors(self._path), self._path.open("ab+") as file:
            if file.tell():
                file.seek(-1, os.SEEK_END)
                # A line that a full disk has cut short must not spoil this one.
                line = line if file.read() == b"\n" else b"\n" + line
            file.write(line)

    def size(self) -> int:
        """Return the length of the file in bytes."""
        return self._path.stat().st_size if self._path.exists() else 0

    def rewind(self, size: int) -> None:
        """Forget the course of training written after the file had ``size`` bytes: a resumed training writes it again.

        Test scores stay: they belong to versions that exist.
        """
        if self.size() <= size:
            return
        with explain_os_errors(self._path, "read"):
            content = self._path.read_bytes()
        later = content[size:].splitlines(keepends=True)
        kept = [line for line in later if line.startswith(b'{"kind": "test"')]
        write_atomically(self._path, content[:size] + b"".join(kept))
