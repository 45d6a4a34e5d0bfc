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

    def foreign_letters(self, text: str) -> list[str]:
        """Return the letters of ``text`` that are in no script of the language, each as often as it occurs."""
        if self._foreign is None or (self._is_latin and text.isascii()):
            return []
        letters: list[str] = self._foreign.findall(text)
        return letters

    def share(self, text: str) -> float:
        """Return the share of the letters of ``text`` that are in a script of the language; 1 if it has no letters."""
        foreign = len(self.foreign_letters(text))
        return 1 - foreign / len(_LETTERS.findall(text)) if foreign else 1.0


@cache
def _letters_outside(scripts: tuple[str, ...]) -> regex.Pattern[str]:
    inside = "".join(rf"\p{{{script}}}" for script in scripts)
    # A negated class: it matches letters, except those of the given scripts and those used in all scripts.
    return regex.compile(rf"[^{inside}\p{{Common}}\p{{Inherited}}\P{{L}}]")
