"""Spans of a text that are no words: links, addresses, placeholders, markup, code, paths, emoji."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import cache
from typing import NamedTuple

import regex


class Span(NamedTuple):
    """A part of a text.

    Attributes:
        start: Its first character, counted from 0.
        end: The character after its last one.
        kind: A key of ``_KINDS``: "code", "link", "email", "braces", "printf", "variable", "tag", "entity", "path" or
            "emoji".
    """

    start: int
    end: int
    kind: str


# Scripts whose words or particles touch what stands beside them, as in "第%1页" and "%1개를".
_TOUCHING = r"\p{Han}\p{Hiragana}\p{Katakana}ー\p{Hangul}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}"
_LETTER = rf"[^\p{{Z}}\p{{P}}\p{{S}}\p{{M}}\p{{C}}{_TOUCHING}]"  # or a digit, of the other scripts
_ALONE = rf"(?<![A-Za-z0-9])(?<!{_LETTER})"  # the first part only saves time
# A letter of these scripts that belongs to a link or a path: ".../wiki/中文", "/tmp/第2页", but not ".com了解".
_TOUCHING_NAME = rf"(?<=[/\\=%?&#-]|_\(?|[{_TOUCHING}](?:[A-Za-z0-9]{{0,9}}|\.))[{_TOUCHING}]"
_EMOJI = (
    r"\p{Regional_Indicator}{2}|[#*0-9]\ufe0f?\u20e3"
    r"|\p{Extended_Pictographic}(?:[\ufe0e\ufe0f\p{Emoji_Modifier}\U000e0020-\U000e007f]"
    r"|\u200d\p{Extended_Pictographic})*"
)
_FORMAT = r"(?:![rsa])?(?::[^{}\s]{1,30})?"  # after a name in braces: the conversion and layout of Python and C#
_ARGUMENT = r"%(?:\([^()\s]{1,64}\)|[0-9]{1,2}\$)"  # of printf: its name or its number
_WIDTH = r"[0-9]{0,4}(?:\.[0-9]{1,4})?"
# Behind "%d" and the like: "%dkm", "%dh%02dmin", and the plural of "%ss".
_UNIT = "(?:[kcmµn]?[msgl]|mn|min|h|sec|px|pt|dpi|x|[kKMGT](?:i?[BbOo])?|[kKMG]?(?:Wh?|Hz))"
_NESTED = r"(?:[^{}]|\{(?:[^{}]|\{(?:[^{}]|\{[^{}]{0,60}\}){0,200}\}){0,200}\}){0,400}"
_BARE = "async|autofocus|checked|controls|defer|disabled|hidden|multiple|open|readonly|required|selected"
_ATTRIBUTE = rf"""\s+(?:[^\s<>=/"'{{}}]{{1,60}}\s?=\s?(?:"[^"<>]*"|'[^'<>]*'|[^\s<>"']+)|(?:{_BARE})\b)"""
# Punctuation of scripts that have their own: Arabic, Hindi, Chinese and Japanese, full-width.
_MARKS = (
    r"\u060c\u061b\u061f\u06d4\u0964\u0965\u3001-\u3003\u3008-\u3020"
    r"\uff01-\uff0f\uff1a-\uff20\uff3b-\uff40\uff5b-\uff65"
)
_OF_LINK = (  # "&gt;" ends a link as ">" does
    rf"""[A-Za-z0-9/_-]|(?!&(?:[lg]t|quot);)[^\s<>"“”«»`{{}}(){_MARKS}{_TOUCHING}]|{_TOUCHING_NAME}"""
    r"|\{[\w.]*\}"
)
_ENCLOSED = rf"\((?:{_OF_LINK})*\)"  # a ")" at the end belongs to a link that has its "("
_OF_PATH = rf"(?:[^\W{_TOUCHING}]|[@+-]|{_TOUCHING_NAME})"
# The first of a path: all of a word, but of "看Lib" only the "Lib".
_FOLDER = (
    rf"(?:(?<![\w/.@\\-])(?:(?:[A-Za-z0-9_]|(?![{_TOUCHING}])[\w-])[\w-]{{0,59}}"
    rf"|[{_TOUCHING}][\w-]{{0,59}}(?<=[{_TOUCHING}]))"
    rf"|(?<=[^\x00-\x7f])(?<=[{_TOUCHING}])[A-Za-z0-9_-]{{1,60}})"
)
_ROOTS = "bin|boot|dev|etc|home|lib|media|mnt|opt|proc|root|run|sbin|srv|sys|tmp|usr|var"
# Repeats are bounded where each place of a long run could begin a match: time stays linear in the length of a text.
_KINDS = {
    # A role of reStructuredText belongs to its code. Before "`_", or with " <target>", a backtick encloses words.
    "code": (
        r"(?<![`\\])``(?!`)[^`]+(?:`[^`]+)*?``(?!`)"
        r"|(?::[a-z][a-z:+-]{0,30}:)?(?<![`\\])`(?![`\s])(?![^`<]+<[^`]*>`)[^`\s]+`(?![`_])"
        r"|(?<![`:\\A-Za-z0-9>.)])`(?![`\s])(?![^`<]*\s<[^`]*>`)[^`]+(?<!\s)`(?![`_])"
        r"|:[a-z][a-z:+-]{0,30}:(?=`)"
    ),
    "link": (
        rf"{_ALONE}(?:[A-Za-z][A-Za-z0-9+.-]{{0,19}}://|[Ww]{{3}}\.)"
        rf"(?:(?>{_ENCLOSED}|{_OF_LINK}|[()])*"
        rf"(?>{_ENCLOSED}|(?:{_OF_LINK}|\((?![{_TOUCHING}]))(?<![.,;:!?\]'’…]))|(?<!\.))"
    ),
    # A side of the "@" has letters of touching scripts only if one touches the "@".
    "email": (
        rf"(?:{_ALONE}(?<![._%+-])(?:{_LETTER}|[._%+-]){{1,64}}"
        rf"|(?<![\p{{L}}\p{{N}}._%+-])[\p{{L}}\p{{N}}._%+-]{{1,64}}(?<=[{_TOUCHING}]))@"
        rf"(?:(?:{_LETTER}|-){{1,63}}(?:\.(?:{_LETTER}|-){{1,63}})+"
        rf"|(?=[{_TOUCHING}])[\p{{L}}\p{{N}}-]{{1,63}}(?:\.[\p{{L}}\p{{N}}-]{{1,63}})+)"
    ),
    "braces": (
        r"⟦[0-9]{1,2}⟧|\$?\{\{[^{}]{0,200}\}\}|\{%[^{}]{1,200}%\}|<%[^<>]{1,200}%>|<\?[a-z][^<>]{0,200}\?>"
        rf"|\{{\s?\w{{1,60}}\s?,\s?(?:plural|select|selectordinal)\s?,{_NESTED}\}}"
        r"|\{\w{1,60},\s?(?:number|date|time|spellout|ordinal|duration|choice)(?:,[^{}]{1,60})?\}"
        r"|\$\{[^{}\s]{1,60}\}|\$\([\w-]{1,60}\)|\$t\([^()\s]{1,60}\)"
        rf"|[#%]?\{{(?:[\p{{L}}_][\w.-]{{0,60}}|[0-9]{{1,3}})?(?:\[[\w.-]{{1,30}}\])*{_FORMAT}\}}"
        r"|\{[0-9]{1,2},(?:-[0-9]{1,3}|[0-9]{1,3}(?=:))(?::[^{}\s]{1,30})?\}"
    ),
    "printf": (
        rf"{_ARGUMENT}[-+#0 ]{{0,5}}{_WIDTH}[hlzjt]{{0,2}}[diouxXeEfFgGcrsaA@](?![A-Za-z0-9_])"
        rf"|(?<!\p{{N}}\s?){_ARGUMENT}[-+#0]{{0,5}}{_WIDTH}[diouxXeEfFgGcrsaA@]"  # letters may follow
        r"|(?<![\p{N}%])(?!(?<=\p{N}\s)%-[A-Za-z])%[-+#0]{0,5}(?:[0-9]{1,4}|\*)?(?:\.(?:[0-9]{1,4}|\*))?"
        r"[hlzjt]{0,2}[diouxXeEfFgGcrsaA@n](?![A-Za-z0-9_])"
        rf"|(?<![\p{{N}}%]\s?)(?!%[A-Za-z_][A-Za-z0-9_]{{1,40}}%(?!{_LETTER}|%))"
        rf"%[-+#0]{{0,5}}{_WIDTH}(?:@|[disuf](?={_UNIT}(?!{_LETTER}|_)))"
        rf"|%%|{_ALONE}(?<!%)%L?[1-9n](?!{_LETTER}|[.,][0-9])"
    ),
    "variable": (
        rf"{_ALONE}(?<![_$])\$[A-Za-z_][A-Za-z0-9_]{{0,60}}\$(?!{_LETTER}|[_$])"
        rf"|{_ALONE}(?<![_$])\$(?!(?:USD?|CAD?|AUD?|NZD?|HKD?|SGD?)\b)"
        r"[A-Za-z_][A-Za-z0-9_]{0,60}(?![A-Za-z0-9_])"
        rf"|{_ALONE}(?<!%)%[A-Za-z_][A-Za-z0-9_]{{1,40}}%(?!{_LETTER}|%)"
    ),
    "tag": rf"<!--[^<>]{{0,400}}-->|</?[A-Za-z][\w:.-]{{0,60}}(?:{_ATTRIBUTE})*\s?/?>|</?[0-9]{{1,3}}\s?/?>",
    "entity": r"&(?:#[0-9]{1,7}|#[xX][0-9A-Fa-f]{1,6}|[A-Za-z][A-Za-z0-9]{1,30});",
    "path": (
        rf"{_ALONE}(?:(?<![/.)\]}}\\])(?:~|\.{{1,2}})?/"
        rf"(?:(?:{_ROOTS})(?!{_LETTER}|[_-])|(?<![{_TOUCHING}]/)(?=[\w.@+-]*[A-Za-z])[\w.@+-]+/)"
        rf"(?:{_OF_PATH}+|[./](?=[\w@+-])|/)*"
        rf"|(?<![/.\\])(?:~|\.{{1,2}})/{_OF_PATH}(?:{_OF_PATH}|[./](?=[\w@+-]))*"
        rf"|(?<!\\)(?:[A-Za-z]:\\|\\\\[\w.-]{{1,60}}\\)(?:{_OF_PATH}|[$~]|[.\\](?=[\w@+$~-]))*)"
        rf"|{_FOLDER}(?:/[\w.-]{{1,60}}){{0,60}}/[\w-]{{1,60}}\.[a-z][a-z0-9]{{0,4}}(?!{_LETTER}|/)"
    ),
    "emoji": rf"{_EMOJI}|:(?<!(?:{_LETTER}|:):)[a-z][a-z0-9_+-]+:(?!{_LETTER})",
}
# Each span of a kind has one of its signs. Most sentences have none, and others those of few kinds: time counts here,
# because each line is looked at several times.
_SIGNS = {
    "code": ("`",),
    "link": ("://", "www."),
    "email": ("@",),
    "braces": ("{", "⟦", "$(", "$t(", "<%", "<?"),
    "printf": ("%",),
    "variable": ("$", "%"),
    "tag": ("<",),
    "entity": ("&",),
    "path": ("/", "\\"),
}
_EMOJI_SIGN = re.compile("[:\u20e3\u00a9\u00ae\u203c-\u3299\U0001f000-\U0001faff]")
_SIGN = re.compile(r"[`:@{%<&$/⟦\\\u20e3\u00a9\u00ae\u203c-\u3299\U0001f000-\U0001faff]")
_ANY_LETTER = regex.compile(r"\p{L}")
_COLOURFUL = regex.compile(r"[\p{Emoji_Presentation}\ufe0f\u20e3]")


def protected_spans(text: str) -> list[Span]:
    """Return the spans of ``text`` that a translation keeps as they are, in order; they do not overlap."""
    small = text.lower()
    if _SIGN.search(text) is None and "www." not in small:
        return []
    kinds = [kind for kind, signs in _SIGNS.items() if any(sign in small for sign in signs)]
    if _EMOJI_SIGN.search(text) is not None:
        kinds.append("emoji")
    found = _pattern_of(tuple(kinds)).finditer(text) if kinds else ()
    return [Span(each.start(), each.end(), each.lastgroup or "") for each in found]


@cache
def _pattern_of(kinds: tuple[str, ...]) -> regex.Pattern[str]:
    return regex.compile("|".join(rf"(?P<{kind}>{_KINDS[kind]})" for kind in kinds))


def placeholder_spans(text: str) -> list[Span]:
    """Return the spans of ``text`` that a translation has as often as the text.

    They are the protected ones, but for names of emoji like ``:smile:``, and signs that are usually no emoji, like ©.
    """
    spans = protected_spans(text)
    return [span for span in spans if span.kind != "emoji" or _COLOURFUL.search(text, span.start, span.end)]


def spans_with_symbols(text: str, symbols: Sequence[str]) -> list[tuple[int, int]]:
    """Return where the protected spans of ``text`` and the given symbols stand, in order, without overlaps."""
    spans = [(start, end) for start, end, _ in protected_spans(text)]
    taken = bytearray(len(text))
    for start, end in spans:
        taken[start:end] = b"\1" * (end - start)
    for symbol in symbols:
        at = text.find(symbol)
        while at >= 0:
            end = at + len(symbol)
            if not any(taken[at:end]):
                spans.append((at, end))
                taken[at:end] = b"\1" * (end - at)
            at = text.find(symbol, end)
    return sorted(spans)


def merged(spans: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return spans in order, those that overlap as one."""
    joined: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        if joined and start < joined[-1][1]:
            start, before = joined.pop()
            end = max(end, before)
        joined.append((start, end))
    return joined


def has_words(text: str) -> bool:
    """Return whether ``text`` has a letter outside of its protected spans."""
    if _ANY_LETTER.search(text) is None:
        return False
    at = 0
    for start, end, _ in protected_spans(text):
        if _ANY_LETTER.search(text, at, start):
            return True
        at = end
    return _ANY_LETTER.search(text, at) is not None
