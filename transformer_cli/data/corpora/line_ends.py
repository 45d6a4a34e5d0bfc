"""Files whose lines end in carriage returns alone, which no reader takes for line ends."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from itertools import chain, islice
from pathlib import Path

from transformer_cli.errors import DataError
from transformer_cli.text.lines import Line


def carriage_returns(path: Path) -> DataError:
    """Return the error about such a file."""
    name = shlex.quote(str(path))
    return DataError(f"{path}: its lines end in carriage returns; convert it with: tr '\\r' '\\n' < {name}")


def refuse_carriage_returns(lines: Iterator[Line], path: Path) -> Iterator[Line]:
    """Yield the lines of a file.

    Raises:
        DataError: It is one line alone, with carriage returns in it.
    """
    first = list(islice(lines, 2))
    if len(first) == 1 and "\r" in first[0].text:
        raise carriage_returns(path)
    yield from chain(first, lines)
