"""The scripts that languages are written in, and letters of a text that belong to other scripts."""

from __future__ import annotations

from functools import cache

import regex

from transformer_cli.text.languages import language_name

# Codes of ISO 639, scripts as Unicode names them. A language that is not listed may be written in any script.
_LANGUAGES_OF_SCRIPTS = {
    "Latin": "af az bs ca cs cy da de en eo es et eu fi fo fr fy ga gd gl ha hr ht hu id ig is it jv la lb lt lv mg mi "
    "ms mt nb nl nn no oc pl pt rm ro sk sl so sq st su sv sw tk tl tn tr uz vi wo xh yo zu sr ku",
    "Cyrillic": "ba be bg ce cv kk ky mk mn os ru tg tt uk sr az uz tk",
    "Arabic": "ar ckb fa ps sd ug ur ku kk ky",
    "Hebrew": "he yi",
    "Greek": "el",
    "Armenian": "hy",
    "Georgian": "ka",
    "Ethiopic": "am ti",
    "Devanagari": "hi mr ne sa",
    "Bengali": "as bn",
    "Gurmukhi": "pa",
    "Gujarati": "gu",
    "Oriya": "or",
    "Tamil": "ta",
    "Telugu": "te",
    "Kannada": "kn",
    "Malayalam": "ml",
    "Sinhala": "si",
    "Thai": "th",
    "Lao": "lo",
    "Tibetan": "bo dz",
    "Myanmar": "my",
    "Khmer": "km",
    "Mongolian": "mn",
    "Han": "zh yue wuu lzh ja ko",
    "Hiragana": "ja",
    "Katakana": "ja",
    "Hangul": "ko",
    "Bopomofo": "zh",
}
_LETTERS = regex.compile(r"\p{L}")

_WITHOUT_SPACES = "zh yue wuu lzh nan hak gan ja th lo km my bo dz shn khb tdd nod mnw kjg"
WITHOUT_SPACES = frozenset(_WITHOUT_SPACES.split())
"""Languages that are written without spaces between words."""

_LETTERS_AND_VOWELS = regex.compile(r"[\p{L}\p{M}]")  # vowels of Thai and its neighbours are marks
# One language for each script that has no spaces, and for the one that Chinese characters are mixed with.
_SPACELESS_SCRIPTS = {
    "zh": regex.compile(r"[\p{Han}\p{Bopomofo}]"),
    "ja": regex.compile(r"[\p{Hiragana}\p{Katakana}]"),
    "ko": regex.compile(r"\p{Hangul}"),
    "th": regex.compile(r"\p{Thai}"),
    "lo": regex.compile(r"\p{Lao}"),
    "km": regex.compile(r"\p{Khmer}"),
    "my": regex.compile(r"\p{Myanmar}"),
    "bo": regex.compile(r"\p{Tibetan}"),
}


class Alphabet:
    """The letters that a language is written with.

    Args:
        language: A code as `parse_language` takes it.
    """

    def __init__(self, language: str) -> None:
        code = language_name(language)
        scripts = [script for script, codes in _LANGUAGES_OF_SCRIPTS.items() if code in codes.split()]
        self._is_latin = "Latin" in scripts
        self._foreign = _letters_outside(tuple(scripts)) if scripts else None
        self._known: tuple[str, list[str]] = ("", [])

    def foreign_letters(self, text: str) -> list[str]:
        """Return the letters of ``text`` that are in no script of the language, each as often as it occurs."""
        if self._foreign is None or (self._is_latin and text.isascii()):
            return []
        known, letters = self._known
        if text is not known:  # rules ask for the same text one after the other
            letters = self._foreign.findall(text)
            self._known = text, letters
        return letters

    def share(self, text: str) -> float:
        """Return the share of the letters of ``text`` that are in a script of the language; 1 if it has no letters."""
        foreign = len(self.foreign_letters(text))
        return 1 - foreign / len(_LETTERS.findall(text)) if foreign else 1.0


@cache
def alphabet_of(language: str) -> Alphabet:
    """Return the alphabet of a language, always the same object."""
    return Alphabet(language)


def is_without_spaces(language: str, sample: str) -> bool:
    """Return whether a language is written without spaces between words; of one that is not known, a sample decides."""
    return language_name(language) in WITHOUT_SPACES or prevailing_language(sample) in WITHOUT_SPACES


def prevailing_language(text: str) -> str | None:
    """Return the best known language of the script that most letters of ``text`` are in, if words may have no spaces.

    Returns:
        "zh", "ja", "ko", "th", "lo", "km", "my" or "bo", or None for text in another script or without letters.
        Japanese is known by a fifth of kana among Chinese characters.
    """
    letters = {language: len(script.findall(text)) for language, script in _SPACELESS_SCRIPTS.items()}
    if 2 * sum(letters.values()) <= len(_LETTERS_AND_VOWELS.findall(text)):
        return None
    if 5 * letters["ja"] >= letters["zh"] + letters["ja"] > 0:
        letters["ja"] += letters["zh"]
    return max(letters, key=letters.__getitem__)


@cache
def _letters_outside(scripts: tuple[str, ...]) -> regex.Pattern[str]:
    inside = "".join(rf"\p{{{script}}}" for script in scripts)
    # A negated class: it matches letters, except those of the given scripts and those used in all scripts.
    return regex.compile(rf"[^{inside}\p{{Common}}\p{{Inherited}}\P{{L}}]")
