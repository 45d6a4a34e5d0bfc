"""Which files this process opens: counted by the interpreter, whatever the program says of it."""

from __future__ import annotations

import os
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

_counters: list[Counter[Path]] = []
_is_listening = False


def _count(event: str, arguments: tuple[Any, ...]) -> None:
    if _counters and event == "open" and isinstance(arguments[0], str | bytes | os.PathLike):
        path = Path(os.fsdecode(arguments[0])).absolute()
        for counter in _counters:
            counter[path] += 1


@contextmanager
def opened_files() -> Iterator[Counter[Path]]:
    """Yield the number of times that each file was opened in the body, by its absolute path."""
    global _is_listening
    if not _is_listening:
        sys.addaudithook(_count)  # cannot be taken away again
        _is_listening = True
    counter: Counter[Path] = Counter()
    _counters.append(counter)
    try:
        yield counter
    finally:
        _counters.remove(counter)
