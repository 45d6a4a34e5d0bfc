"""Leftovers of other programs in text: entities and tags of HTML, marks of subwords, numbers before lines."""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Sequence
from html.entities import html5
from itertools import pairwise

from transformer_cli.text.normalization import normalize

_ENTITY = re.compile(r"&(amp;)*(#[0-9]{1,7}|#[xX][0-9A-Fa-f]{1,6}|[A-Za-z][A-Za-z0-9]{1,30});")
_INLINE = "a|abbr|b|big|cite|em|font|i|s|small|span|strike|strong|sub|sup|u"
_BLOCK = "br|center|dd|div|dl|dt|h[1-6]|hr|img|li|ol|p|table|tbody|td|th|thead|tr|ul"
_VALUE = "\"[^\"]*\"|'[^']*'|[^\\s<>\"']+"
_TAG = re.compile(rf"</?(?:({_BLOCK})|{_INLINE})(?:\s+[a-z-]+\s*=\s*(?:{_VALUE}))*\s*/?>", re.IGNORECASE)
# Repeats are bounded, so that time stays linear in the length of a text.
_CODE = re.compile(r"(`{1,3})[^`]{1,500}\1|<(code|kbd|literal|pre|samp|tt)>.{0,500}?</\2>", re.IGNORECASE)

_SUBWORD_MARK = re.compile("\u2581\\w|\\w@@(?=\\s|$)|\\S\uffed|\uffed\\S")

_LIST_NUMBER = re.compile(r"[(\[]?(\d{1,3})[)\].]\s+(?=\S)")
_BEGINNINGS = frozenset("0123456789([")
_FEWEST_WORDS = 4
# Figures that other figures follow are meant to be learned.
_LINE_NUMBER = re.compile(r"[(\[#]?(\d{1,9})[)\].:;|]{0,2}\s+(?:[-–—|]\s+)?(?=[^\W\d_]|[\"'«“‘¿¡<`:*])")
_FEWEST_LINES = 20
_LOOKED_AT_FIRST = 64
_NEARLY_ALL = 0.9


def without_markup(source: str, target: str, is_tokenized: Callable[[], bool]) -> tuple[str, str] | None:
    """Return both sides without leftovers of HTML, or None if they have none.

    An entity is a leftover if the other side does not hold the same one, or if it was escaped twice, as
    ``&amp;eacute;`` was; a tag is one if the other side has no tags. Markup that both sides hold is text to be learned,
    and so is markup in code.

    Args:
        source: The source.
        target: The target.
        is_tokenized: Returns whether a tokenizer wrote the entities, which escapes some characters; then they stay.
    """
    if not ("&" in source or "<" in source or "&" in target or "<" in target):
        return None
    sides = source, target
    if ("&" in source or "&" in target) and not is_tokenized():
        sides = _without_entities(source, target), _without_entities(target, source)
    if "<" in sides[0] or "<" in sides[1]:
        has_tags = [_TAG.search(side) is not None for side in sides]
        if has_tags[0] != has_tags[1]:
            sides = _without_tags(sides[0]), _without_tags(sides[1])
    return None if sides == (source, target) else (normalize(sides[0]), normalize(sides[1]))


def _without_entities(text: str, other: str) -> str:
    def character(found: re.Match[str]) -> str:
        if not found[1] and found[0] in other:
            return found[0]
        if found[2][0] != "#" and f"{found[2]};" not in html5:
            return f"&{found[2]};"
        # A number that stands for no character becomes nothing or U+FFFD.
        character = html.unescape(f"&{found[2]};")
        return character if character not in ("", "\ufffd") else found[0]

    return "".join(part if is_code else _ENTITY.sub(character, part) for part, is_code in _parts(text))


def _without_tags(text: str) -> str:
    def space(found: re.Match[str]) -> str:
        return " " if found[1] else ""

    return "".join(part if is_code else _TAG.sub(space, part) for part, is_code in _parts(text))


def _parts(text: str) -> list[tuple[str, bool]]:
    """Cut ``text`` into pieces, each with whether it is code."""
    parts = []
    begin = 0
    for code in _CODE.finditer(text):
        parts += [(text[begin : code.start()], False), (code[0], True)]
        begin = code.end()
    return [*parts, (text[begin:], False)]


def have_subword_marks(source: str, target: str) -> bool:
    """Return whether a side was cut into subwords: ``▁the``, ``th@@ e`` or ``th￭ e``."""
    # Written out because it looks at every pair.
    if not (
        "@@" in source
        or "@@" in target
        or "\u2581" in source
        or "\u2581" in target
        or "\uffed" in source
        or "\uffed" in target
    ):
        return False
    return _SUBWORD_MARK.search(source) is not None or _SUBWORD_MARK.search(target) is not None


def is_numbered_alone(source: str, target: str) -> bool:
    """Return whether one side begins with the number of a list, as in ``3) ``, and the other has no trace of it."""
    if source[:1] in _BEGINNINGS:
        return target[:1].isalpha() and _is_numbered(source, target)
    return target[:1] in _BEGINNINGS and source[:1].isalpha() and _is_numbered(target, source)


def _is_numbered(text: str, other: str) -> bool:
    found = _LIST_NUMBER.match(text)
    if found is None or len(text[found.end() :].split()) < _FEWEST_WORDS:  # "2. Platz" is an ordinal number
        return False
    numbers = re.findall(r"\d{1,9}", other)
    # "a)", "iv." and the like are numbers too.
    return re.match(r"\w{1,4}[)\].、]", other) is None and int(found[1]) not in map(int, numbers)


def without_line_numbers(texts: Sequence[str]) -> list[str] | None:
    """Return ``texts`` without the numbers before them, or None if they are not numbered.

    Neighbouring lines of a corpus are numbered if nearly all begin with a number and nearly all numbers are larger than
    the one before.
    """
    number = len(texts)
    if number < _FEWEST_LINES:
        return None
    looked_at = texts[:: max(1, number // _LOOKED_AT_FIRST)]
    if 2 * sum(_LINE_NUMBER.match(text) is not None for text in looked_at) < len(looked_at):
        return None
    found = [_LINE_NUMBER.match(text) for text in texts]
    numbers = [int(match[1]) for match in found if match is not None]
    rising = sum(before < after for before, after in pairwise(numbers))
    if len(numbers) < _NEARLY_ALL * number or rising < _NEARLY_ALL * (len(numbers) - 1):
        return None
    return [text[match.end() :] if match is not None else text for text, match in zip(texts, found, strict=True)]
