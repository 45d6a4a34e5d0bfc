"""Choosing by the text itself, so that every machine and every version of Python chooses alike."""

from __future__ import annotations

import zlib
from collections.abc import Callable

Draw = Callable[[str], int]
"""Gives each text a number from 0 to 999; what has a larger share than its number is kept."""


def checksum_draw(text: str) -> int:
    """A number from 0 to 999 that looks random and depends on nothing but the text (CRC-32)."""
    return zlib.crc32(text.encode("utf-8")) % 1000
