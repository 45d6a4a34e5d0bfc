"""What makes two sentences the same though they are spelled differently."""

from __future__ import annotations

import re
import string
import unicodedata
from functools import cache

import xxhash

_DIGIT = re.compile(r"\d")
_ASCII_SEPARATORS = dict.fromkeys(map(ord, string.punctuation), " ")
_MIN_WORDS_BESIDE_DIGITS = 3


@cache
def _separators() -> re.Pattern[str]:
    # Python's \w knows no vowel signs, so that of Hindi, say, half would be lost: what goes is named instead.
    marks = (char for char in map(chr, range(0x10000)) if unicodedata.category(char)[0] in "PSZ")
    return re.compile(f"[{re.escape(''.join(marks))}\\s]+")


def fold(text: str, *, numbers: bool = True) -> str:
    """Return ``text`` without case and punctuation, and if ``numbers`` are folded as well with 0 for each of them.

    The number stays where fewer than three words stand beside it: there it is what the text says ("chapter 4"). So do
    digits that are part of a word: "A320" and "A340" are two names.
    """
    text = text.casefold()
    words = text.translate(_ASCII_SEPARATORS).split() if text.isascii() else _separators().sub(" ", text).split()
    folded = " ".join(words)
    if numbers and _DIGIT.search(folded) and sum(not word.isdigit() for word in words) >= _MIN_WORDS_BESIDE_DIGITS:
        return " ".join("0" if word.isdigit() else word for word in words)
    return folded


def hash_text(text: str) -> int:
    """Return 64 bits that stand for ``text`` (XXH3); the same on every machine and in every run."""
    return xxhash.xxh3_64_intdigest(text.encode("utf-8", "surrogatepass"))


def hash_pair(source: str, target: str) -> int:
    """Return 64 bits that stand for a pair of sentences without line breaks."""
    return hash_text(f"{source}\n{target}")
