"""A part of a line that is translated by itself."""

from __future__ import annotations

from dataclasses import dataclass

from transformer_cli.decoding.placeholders.required import Required
from transformer_cli.decoding.text_rules import Restore


@dataclass(frozen=True, slots=True)
class Segment:
    """Part of a line, usually all of it.

    Args:
        line: The index of the line.
        tokens: Token ids of the text for the model; none if it is copied.
        words: The number of words of the line before the segment.
        space: The white space behind it in the line, and line breaks of HTML.
        restore: Turns the translation, or a word of it, into one of the text as it stands in the line.
        quotes: What is put before and behind the translation.
        places: For each word of the text for the model, the place of its word in the segment; None: the same places.
        required: The placeholders that the translation must have, or None if they do not matter.
        is_repaired: Whether missing ones are inserted; not in a translation whose beginning was given.
        language: Token ids before the text that name the language to translate into.
    """

    line: int
    tokens: list[int]
    words: int
    space: str
    restore: Restore
    quotes: tuple[str, str] = ("", "")
    places: list[int] | None = None
    required: Required | None = None
    is_repaired: bool = True
    language: tuple[int, ...] = ()
