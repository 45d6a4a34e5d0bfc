"""Characters without a glyph: which ones a script or an emoji needs, and text without the others.

Word processors, web pages and PDF files leave soft hyphens, zero width spaces and direction marks in text. No reader
sees them, but each is a character of its own to a tokenizer.
"""

from __future__ import annotations

import re

import regex

# Default_Ignorable_Code_Point and the anchors of interlinear notes, without those below.
_NEVER_NEEDED = (
    "\u00ad\u034f\u061c\u17b4\u17b5\u200e\u200f\u202a-\u202e\u2060-\u206f\u3164\ufe03-\ufe0d\ufeff\uffa0"
    "\ufff9-\ufffb\U0001d173-\U0001d17a\U000e0000-\U000e001f\U000e0080-\U000e00ff\U000e01f0-\U000e0fff"
)
_SOMETIMES_NEEDED = (
    "\u115f\u1160\u180b-\u180f\u200b-\u200d\ufe00-\ufe02\ufe0e\ufe0f\U000e0020-\U000e007f\U000e0100-\U000e01ef"
)
_OBJECT = "\ufffc"
# Nearly all text has none of them. One class of Python's own module finds that out in a fifth of the time that an
# alternative of two, or the module regex, takes.
_INVISIBLE = re.compile(f"[{_SOMETIMES_NEEDED}{_OBJECT}{_NEVER_NEEDED}]")
_DROPPED = re.compile(f"[{_NEVER_NEEDED}]+")

_JOINING_SCRIPTS = (
    "Arabic Syriac Mongolian Tibetan Khmer Myanmar Devanagari Bengali Gurmukhi Gujarati Oriya Tamil Telugu Kannada "
    "Malayalam Sinhala"
)
_JOINING = "".join(rf"\p{{{script}}}" for script in _JOINING_SCRIPTS.split())
_VIRAMA = "\u094d\u09cd\u0a4d\u0acd\u0b4d\u0bcd\u0c4d\u0ccd\u0d4d\u0dca"
_LETTER = rf"[[{_JOINING}]&&[\p{{L}}\p{{M}}]]"
# Between words of these scripts a zero width space is what a space is elsewhere.
_SPACED_BY_ZERO_WIDTH = r"[[\p{Khmer}\p{Lao}\p{Myanmar}\p{Thai}\p{Tibetan}]&&[\p{L}\p{M}]]"
_NEEDED = regex.compile(
    "|".join(
        (
            # UAX 31, section 2.3: a non-joiner between letters that would join, or after a virama.
            rf"(?<={_LETTER})\u200c(?={_LETTER})",
            # A joiner asks for a half form after a virama, and before one for the other form of it.
            rf"(?<=[{_VIRAMA}])\u200d|(?<=[[{_JOINING}]&&\p{{L}}])\u200d(?=[{_VIRAMA}])",
            # UTS 51: sequences of emoji, with their presentation and skin tone.
            r"(?<=\p{Extended_Pictographic}[\ufe0f\p{Emoji_Modifier}]?)\u200d(?=\p{Extended_Pictographic})",
            r"(?<=\p{Emoji})[\ufe0e\ufe0f]",
            # The flags of England, Scotland and Wales are spelled in tags, which a last one ends.
            "(?<=\U0001f3f4)[\U000e0020-\U000e007e]+\U000e007f",
            # Variants of Chinese characters, in names; of Mongolian letters.
            r"(?<=\p{Han})[\ufe00-\ufe02\U000e0100-\U000e01ef]",
            r"(?<=\p{Mongolian})[\u180b-\u180f]",
            rf"(?<={_SPACED_BY_ZERO_WIDTH})\u200b(?={_SPACED_BY_ZERO_WIDTH})",
            # Old Korean: a syllable without its first consonant or its vowel.
            r"\u115f(?=[\u1160-\u11a7\ud7b0-\ud7c6])|(?<=[\u1100-\u115f\ua960-\ua97c])\u1160",
        )
    ),
    regex.V1,
)
_KEPT = regex.compile(f"({_NEEDED.pattern})|[{_SOMETIMES_NEEDED}]", regex.V1)
_REPEATED = re.compile("\u200c(?=\u200c)")


def without_invisible(text: str) -> str:
    """Return ``text`` without the characters that have no glyph and change none.

    A joiner or non-joiner stays where its script is misspelt without it, a joiner or selector where an emoji would
    fall apart. The place of an embedded object (U+FFFC) becomes a space.
    """
    if text.isascii() or _INVISIBLE.search(text) is None:
        return text
    text = _REPEATED.sub("", _DROPPED.sub("", text.replace(_OBJECT, " ")))
    while True:
        # What goes may have stood between another one and the letter that this needs.
        shorter = _KEPT.sub(r"\1", text)
        if shorter == text:
            return text
        text = shorter
