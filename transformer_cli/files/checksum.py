"""Checksums of contents."""

from __future__ import annotations

import hashlib
from pathlib import Path


def checksum(*contents: bytes) -> str:
    """Return the SHA-256 of a content, in hexadecimal; of several, that of their checksums one after the other."""
    digests = [hashlib.sha256(content).hexdigest() for content in contents]
    return digests[0] if len(digests) == 1 else hashlib.sha256("".join(digests).encode()).hexdigest()


def checksum_of_file(path: Path) -> str:
    """Return the SHA-256 of a file's content, in hexadecimal; the content is not held in memory."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
