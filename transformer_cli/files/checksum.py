"""Checksums of contents."""

from __future__ import annotations

import hashlib


def checksum(*contents: bytes) -> str:
    """Return the SHA-256 of a content, in hexadecimal; of several, that of their checksums one after the other."""
    digests = [hashlib.sha256(content).hexdigest() for content in contents]
    return digests[0] if len(digests) == 1 else hashlib.sha256("".join(digests).encode()).hexdigest()
