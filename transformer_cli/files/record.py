"""Typed JSON documents: a file is read into a frozen record, and only records are written."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Self

from pydantic import BaseModel, ConfigDict

from transformer_cli.files.atomic import write_atomically


class Record(BaseModel):
    """A JSON object on disk: a document, a line of one, or a part.

    Unknown keys are ignored on reading, because other releases of the program may have written them.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    @classmethod
    def parse(cls, content: bytes) -> Self:
        """Return the record that ``content`` holds as JSON.

        Raises:
            ValueError: It holds something else; a ``pydantic.ValidationError`` if it is JSON.
        """
        return cls.model_validate(json.loads(content))

    @classmethod
    def read_from(cls, path: Path) -> Self | None:
        """Return the record in the file ``path``, or None if there is no such file or it holds something else."""
        try:
            return cls.parse(path.read_bytes())
        except (OSError, ValueError):
            return None

    def write_to(self, path: Path) -> None:
        """Write the record as the whole content of the file ``path``, which appears whole or not at all.

        Raises:
            TfmError: It cannot be written.
        """
        write_atomically(path, self.to_json(indent=1))

    def to_json(self, *, indent: int | None = None) -> bytes:
        """Return the record as JSON that ends with a newline; without ``indent`` it is one line."""
        text = json.dumps(self.model_dump(), ensure_ascii=False, indent=indent) + "\n"
        # In Python, a byte of a file name that is not UTF-8 is a lone surrogate; JSON spells it the same way.
        return text.encode("utf-8", "backslashreplace")
