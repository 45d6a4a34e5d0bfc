"""Normalisation: the form of all text for training and translation."""

from __future__ import annotations

import re
import unicodedata

from transformer_cli.text.spelling.invisible import without_invisible

NORMALIZATION_VERSION = 2
"""The version of `normalize` for lines that a new model translates; a model keeps the one that it records."""

# Line and paragraph separators count as controls here: a prepared sentence is one line for every reader.
_CONTROLS_AND_SPACES = re.compile(r"[ \t\u2028\u2029\x00-\x1f\x7f-\x9f]+")

_SURROGATE = re.compile("[\ud800-\udfff]")
_CONTROLS_BUT_TABS = re.compile(r"[\u2028\u2029\x00-\x08\x0a-\x1f\x7f-\x9f]")


def normalize(text: str, version: int = 1) -> str:
    """Return ``text`` in Unicode NFC, controls turned into spaces, runs of spaces into one, none at the ends.

    No-break spaces stay: they are spelling in French. The same is done to every line that is translated.

    Args:
        text: Text of one line, or of several that become one.
        version: From 2 on, characters without a glyph go as well (`without_invisible`).
    """
    if version > 1:
        text = without_invisible(text)
    text = unicodedata.normalize("NFC", text)
    # Printable text has no controls and no line separators. Most sentences are printable; this check is three times as
    # fast.
    if "  " in text or not text.isprintable():
        text = _CONTROLS_AND_SPACES.sub(" ", text)
    return text.strip(" ")


def has_surrogates(text: str) -> bool:
    """Return whether ``text`` has lone surrogates, which UTF-8 cannot encode.

    They are halves of characters, which JSON can spell, and Python's form of bytes that are not UTF-8.
    """
    return _SURROGATE.search(text) is not None


def without_surrogates(text: str) -> str:
    """Return ``text`` with U+FFFD for each lone surrogate; see `has_surrogates`."""
    return _SURROGATE.sub("\ufffd", text)


def without_controls(text: str) -> str:
    """Return ``text`` with a space in the place of each control but a tab, so that it is one line for every reader."""
    return text if text.isprintable() else _CONTROLS_BUT_TABS.sub(" ", text)
