"""Keys of sentences: equal for sentences that differ only in case, punctuation and numbers."""

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
def _words() -> re.Pattern[str]:
    # Python's \w lacks vowel signs, which are half of a text in Hindi. So the characters between words are listed.
    marks = (char for char in map(chr, range(0x10000)) if unicodedata.category(char)[0] in "PSZ")
    return re.compile(f"[^{re.escape(''.join(marks))}\\s]+")


def fold(text: str, *, numbers: bool = True) -> str:
    """Return ``text`` without case and punctuation; if ``numbers`` is True, also with 0 for each number.

    A number stays if there are fewer than three other words, because then it matters ("chapter 4"). Digits that are
    part of a word stay too: "A320" and "A340" are two names.
    """
    text = text.casefold()
    words = text.translate(_ASCII_SEPARATORS).split() if text.isascii() else _words().findall(text)
    folded = " ".join(words)
    if numbers and _DIGIT.search(folded) and sum(not word.isdigit() for word in words) >= _MIN_WORDS_BESIDE_DIGITS:
        return " ".join("0" if word.isdigit() else word for word in words)
    return folded


def hash_text(text: str) -> int:
    """Return the XXH3 hash of ``text``, 64 bits; it is the same on every machine and in every run."""
    return xxhash.xxh3_64_intdigest(text.encode("utf-8", "surrogatepass"))


def hash_pair(source: str, target: str) -> int:
    """Return the hash of a pair of sentences that hold no line breaks."""
    return hash_text(f"{source}\n{target}")
