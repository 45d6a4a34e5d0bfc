"""Variants of one character: what a model has not learned is read as the variant that it has learned.

A typist, a word processor and a printer spell the same sentence with other apostrophes, quotes, dashes and spaces. The
training text decides: a character that it hardly has becomes the commonest member of its class there. Apostrophes and
spaces, which say nothing by their form, always do, so that a sentence has one translation however it is typed.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cache

from transformer_cli.text.normalization import normalize

_ENOUGH = 100
_SHARE = 0.1
"""A character is known if the training text has it this often, or this share as often as the commonest of its class."""

_APOSTROPHES = "'’ʼ‘´＇′ꞌ‛׳"
_SPACES = " \u00a0\u202f\u2007\u2009\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2008\u200a\u205f\u3000\u1680"
_TYPOGRAPHY = frozenset(_APOSTROPHES + _SPACES) - frozenset(" \u3000")
"""Characters that say no more than the commonest of their class, as which they are read even where they are known."""

_ALIKE = (
    _APOSTROPHES,
    '"“”„‟＂″״',
    "-‐‑⁃﹣－−־",
    "–—―‒⸺",
    _SPACES,
    "şș",
    "ţț",
    "ŞȘ",
    "ŢȚ",
    "µμ",
    "°º",
    "·･・",
    ":∶：",
    "…‥",
    "~～〜",
    "يی",
    "كک",
    "هە",
    *(f"{digit}{chr(0x660 + digit)}{chr(0x6F0 + digit)}" for digit in range(10)),
    *(f"{mark}{chr(ord(mark) + 0xFEE0)}" for mark in "!#$%&()*+,./;<=>?@[\\]^_{|}"),
)
"""Classes of characters that stand for each other. Accents, case and look-alikes of other scripts are not spelling."""

_WRITTEN_OUT = (
    ("…", "..."),
    ("—", " - "),
    ("―", " - "),
    ("–", "-"),
    ("‒", "-"),
    ("«", '"'),
    ("»", '"'),
    ("«", "“"),
    ("»", "”"),
    ("‹", "'"),
    ("›", "'"),
    ("...", "…"),
    ("\u0e4d\u0e32", "\u0e33"),
    ("\u0ecd\u0eb2", "\u0eb3"),
)
"""Spellings of different lengths: the first is read as the second where the training text has that instead."""

_COMPATIBLE = [
    *range(0xFB00, 0xFB07),  # Latin ligatures: they come out of PDF
    *range(0xFB50, 0xFDC8),  # Arabic letters in the shapes that they have in a word; U+FDFA is a sentence
    *range(0xFE70, 0xFEFD),
    *range(0xFF10, 0xFF1A),  # digits and letters of the width of a Chinese character
    *range(0xFF21, 0xFF3B),
    *range(0xFF41, 0xFF5B),
    *range(0xFF61, 0xFFA0),  # kana of half width
    *range(0xFFA1, 0xFFDD),  # letters of Korean of half width
]
"""Characters that are another one by NFKC; for whole texts it changes too much: Thai vowels, superscripts, signs."""

_WITHOUT_MEANING = "\u0640\ue000-\uf8ff\U000f0000-\U0010fffd\u200b\ufe00-\ufe02\U000e0100-\U000e01ef"
"""Lengthened strokes, private use, and what `without_invisible` leaves to a script: dropped if it is not known."""

_SPACED = "?!;"
# The mark stands first, before what has to be around it: so it is looked for as a plain character, which is fast.
_BARE_MARK = re.compile(f'[{_SPACED}](?<=[^\\W_].)(?=$|[\\s"»)])')
_SPACED_MARK = re.compile(f'[ \u00a0\u202f](?=[{_SPACED}](?:$|[\\s"»)]))')
_MOSTLY = 0.9
"""Share of a mark that has a space before it, as in French, from which on each is read with one."""

_INNER_SPACE = re.compile("(?<=[«‹])[\u00a0\u202f ](?=[^ ])|(?<=[^ ])[\u00a0\u202f ](?=[»›])")


@cache
def _compatible() -> dict[str, str]:
    texts = {chr(code): unicodedata.normalize("NFKC", chr(code)) for code in _COMPATIBLE}
    return {character: text for character, text in texts.items() if text != character and " " not in text}


@cache
def _counted() -> re.Pattern[str]:
    """Return a pattern for whatever a class or a rule is about."""
    longer = [text.strip() for pair in _WRITTEN_OUT for text in pair if len(text) > 1]
    single = "".join(sorted({*"".join(_ALIKE), *(old for old, _ in _WRITTEN_OUT if len(old) == 1), *_compatible()}))
    return re.compile("|".join([*map(re.escape, longer), f"[{re.escape(single)}{_WITHOUT_MEANING}]"]))


def count_variants(texts: Iterable[str]) -> dict[str, int]:
    """Count in training text what has variants: characters, short strings that stand for one, marks behind a space.

    Returns:
        The counts, most frequent first.
    """
    counts: Counter[str] = Counter()
    for text in texts:
        counts.update(_counted().findall(text))
        counts.update(f" {text[space.end()]}" for space in _SPACED_MARK.finditer(text))
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))


class Spelling:
    """How a model's training text spells what has variants.

    Args:
        counts: The result of `count_variants` for the training text of one side.
        protected: Finds the spans of a text that are not words: links, placeholders. They stay as they are.
    """

    def __init__(
        self,
        counts: Mapping[str, int],
        protected: Callable[[str], Sequence[tuple[int, int]]] = lambda text: (),
    ) -> None:
        self._protected = protected
        spellings = dict(_alike_by_count(counts))
        for old, new in _WRITTEN_OUT:
            if old not in spellings and counts.get(new.strip()) and not _is_known(old, counts, (new.strip(),)):
                spellings[old] = new
        for character, text in _compatible().items():
            if counts.get(character, 0) < _ENOUGH:
                spellings[character] = "".join(spellings.get(each, each) for each in text)
        self._spellings = spellings
        self._known = frozenset(counts)
        self._spaced = frozenset(
            mark for mark in _SPACED if counts.get(f" {mark}", 0) >= max(1, _MOSTLY * counts.get(mark, 0))
        )
        self._has_quotes = "«" in spellings
        single = "".join(old for old in spellings if len(old) == 1)
        longer = [re.escape(old) for old in spellings if len(old) > 1]
        self._unknown = re.compile("|".join([*longer, f"[{re.escape(single)}{_WITHOUT_MEANING}]"]))

    def read(self, text: str) -> str:
        """Return normalised text in the spelling of the training text; what was spelled so stays as it is."""
        if self._spaced:
            text = self._changed(_BARE_MARK, text, lambda mark: f" {mark}" if mark in self._spaced else mark)
        if self._unknown.search(text) is None:
            return text
        if self._has_quotes:
            text = self._changed(_INNER_SPACE, text, lambda _: "")
        # Kana of half width have their voiced mark as a character of its own, which composes.
        return normalize(self._changed(self._unknown, text, self._known_spelling))

    def _changed(self, pattern: re.Pattern[str], text: str, change: Callable[[str], str]) -> str:
        """Return a text in which what a pattern finds outside of protected spans is changed."""
        if pattern.search(text) is None:
            return text
        kept = {place for start, end in self._protected(text) for place in range(start, end)}
        return pattern.sub(lambda found: change(found[0]) if kept.isdisjoint(range(*found.span())) else found[0], text)

    def _known_spelling(self, old: str) -> str:
        return self._spellings.get(old, old if old in self._known else "")


def _alike_by_count(counts: Mapping[str, int]) -> Iterator[tuple[str, str]]:
    for members in _ALIKE:
        best = max(members, key=lambda each: counts.get(each, 0))
        if counts.get(best):
            others = (each for each in members if each in _TYPOGRAPHY or not _is_known(each, counts, members))
            yield from ((each, best) for each in others if each != best)


def _is_known(text: str, counts: Mapping[str, int], rivals: Iterable[str]) -> bool:
    """Return whether training text has ``text`` often, or not much more rarely than its rivals."""
    count, most = counts.get(text, 0), max(counts.get(each, 0) for each in rivals)
    return count >= _ENOUGH or (count > 0 and count >= _SHARE * most)
