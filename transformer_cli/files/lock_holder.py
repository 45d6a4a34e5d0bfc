"""The process that holds a lock, by name, for those who find it held."""

from __future__ import annotations

import json
import os
import socket
import time
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class LockHolder:
    """The process that holds a lock; a plain class, so that help need not wait for pydantic."""

    pid: int
    host: str
    since: str

    @classmethod
    def this_process(cls) -> LockHolder:
        """Return this process, which holds the lock from now on."""
        return cls(pid=os.getpid(), host=socket.gethostname(), since=time.strftime("%Y-%m-%d %H:%M:%S"))

    @classmethod
    def read_from(cls, path: Path) -> LockHolder | None:
        """Return the process that a file names, or None if it names none."""
        try:
            return cls(**json.loads(path.read_bytes()))
        except (OSError, ValueError, TypeError):
            return None

    def to_json(self) -> bytes:
        """Return the content of the file."""
        return json.dumps(asdict(self)).encode()


def describe_holder(path: Path) -> str:
    """Say which process holds a lock.

    Args:
        path: The file that names it.
    """
    # A process that has just taken the lock needs a moment to write its name.
    for _ in range(10):
        holder = LockHolder.read_from(path)
        if holder is not None:
            return f"process {holder.pid} on {holder.host} since {holder.since}"
        time.sleep(0.01)
    return "another process"
