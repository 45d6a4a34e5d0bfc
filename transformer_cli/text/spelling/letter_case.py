"""Upper and lower case as a language has it, where that is not what Unicode has for all languages."""

from __future__ import annotations

import re
import unicodedata

from transformer_cli.text.languages import language_name

_DOTTED = frozenset({"tr", "az", "crh"})
"""Languages in which i and ı are two letters: İ i, I ı."""

_TONOS = re.compile("[\u0301\u0342\u0300\u0313\u0314]")
# Of two vowels, an accent on the first tells that they are no diphthong; without it a diaeresis tells so.
_HIATUS = re.compile("([αεοηυ])\u0301([ιυ])(?!\u0308)")


def lower(text: str, language: str) -> str:
    """Return ``text`` in lower case.

    Args:
        text: The text.
        language: A code as `parse_language` takes it.
    """
    if language_name(language) in _DOTTED:
        return with_small_i(text.replace("I\u0307", "i"), language).lower()
    # The lower case of İ has two characters elsewhere; without it, positions in both texts are the same.
    return text.replace("İ", "I").lower()


def with_small_i(text: str, language: str) -> str:
    """Return ``text`` with small letters for İ and I if they are two letters of the language; its length stays."""
    return text.replace("İ", "i").replace("I", "ı") if language_name(language) in _DOTTED else text


def upper(text: str, language: str) -> str:
    """Return ``text`` in capitals, without accents in Greek.

    Args:
        text: The text.
        language: A code as `parse_language` takes it.
    """
    name = language_name(language)
    if name in _DOTTED:
        return text.replace("i", "İ").upper()
    if name == "el":
        apart = _HIATUS.sub("\\1\\2\u0308", unicodedata.normalize("NFD", text.lower()))
        return unicodedata.normalize("NFC", _TONOS.sub("", apart)).upper()
    return text.upper()


def with_capital(text: str, language: str) -> str:
    """Return ``text`` with its first letter as a capital; marks and quotes may stand before it."""
    for place, letter in enumerate(text):
        if letter.isdigit() or (letter.isalpha() and not letter.islower()):
            break
        if letter.isalpha():
            end = place + (2 if language_name(language) == "nl" and text[place : place + 2] == "ij" else 1)
            first = text[place:end]
            # Greek capitals keep their accent at the beginning of a word; "ß" begins none.
            is_dotted = first == "i" and language_name(language) in _DOTTED
            capital = "İ" if is_dotted else "".join(map(str.title, first))
            return text[:place] + (capital if len(capital) == len(first) else first) + text[end:]
    return text


def without_accents(text: str) -> str:
    """Return ``text`` without the accents of Latin, Greek and Cyrillic letters."""
    if text.isascii():
        return text
    return unicodedata.normalize("NFC", _ACCENTS.sub("", unicodedata.normalize("NFD", text)))


_ACCENTS = re.compile("[\u0300-\u036f]")
