"""``versions.jsonl``: every release, promotion and rollback of a run, one JSON object a line. No torch here.

Whether a version was promoted when it was released is recorded here and nowhere else.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Literal

from pydantic import TypeAdapter

from transformer_cli.errors import DamagedFileError
from transformer_cli.files.atomic import write_atomically
from transformer_cli.files.os_errors import explain_os_errors
from transformer_cli.files.record import Record


class Release(Record):
    """A version was released.

    Args:
        version: The name of the version.
        time: The time at which it was made; with the name it identifies the version.
        promoted: Whether it was made the live version.
        reason: The reason for promoting it or not.
        replaces: The version that was live during its tests.
    """

    event: Literal["release"] = "release"
    version: str
    time: str
    promoted: bool
    reason: str
    replaces: str | None


class Switch(Record):
    """The user made another version live.

    Args:
        event: Whether the user named the version, or asked for the one before.
        version: The name of the new live version.
        time: The time of the switch.
        replaces: The version that was live before.
    """

    event: Literal["promote", "rollback"]
    version: str
    time: str
    replaces: str | None


Event = Release | Switch
_EVENT: TypeAdapter[Event] = TypeAdapter(Event)


class VersionHistory:
    """Reads ``versions.jsonl`` and appends to it.

    Args:
        path: The file; created with the first event.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def events(self) -> list[Event]:
        """Return all events, oldest first.

        Raises:
            TfmError: The file cannot be read.
            DamagedFileError: A line of it is not an event.
        """
        events: list[Event] = []
        for number, line in enumerate(self._content().split(b"\n"), start=1):
            if line.strip():
                try:
                    events.append(_EVENT.validate_json(line))
                except ValueError:
                    raise DamagedFileError(
                        f"{self._path}: line {number} is damaged; mend it, or delete that line"
                    ) from None
        return events

    def record(self, event: Event) -> None:
        """Append an event; the whole file is rewritten, so no line is ever cut short.

        Raises:
            TfmError: The file cannot be written.
        """
        content = self._content()
        newline = b"" if content.endswith(b"\n") or not content else b"\n"
        write_atomically(self._path, content + newline + event.to_json())

    def _content(self) -> bytes:
        with explain_os_errors(self._path, "read"):
            return self._path.read_bytes() if self._path.exists() else b""


def now() -> str:
    """Return the local time in the form used in the file."""
    return time.strftime("%Y-%m-%dT%H:%M:%S%z")
