"""Directives such as ``%s`` in messages that are known to be formats: their places and their order."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Set

from transformer_cli.text.placeholders import counted_from_one
from transformer_cli.text.protected import protected_spans

# "%%s" is a directive for the next function that formats the message.
_DIRECTIVE = re.compile(
    r"%%[sdu]?"
    r"|%(?P<key>\(\w+\)|[0-9]+\$)?(?P<rest>[-+ #0']*(?:\*|[0-9]+)?(?:\.(?:\*|[0-9]+))?"
    r"(?:(?:hh?|ll?|[Lqjzt])?[diouxXeEfFgGaAcCsSpn@]|<PRI\w+>))"
)
_QT_DIRECTIVE = re.compile(r"%(?:L?[0-9]{1,2}|n)")
_TIME_DIRECTIVE = re.compile("%[-_0^#]?[A-Za-z]")
_ONLY_OF_TIMES = re.compile("%[-_0^#]?[BHIMYZbjmy]")
_QT_FLAGS = frozenset({"kde-format", "kde-kuit-format", "qt-format", "qt-plural-format"})
_NUMBERED = frozenset({"c-format", "objc-format", "php-format", "perl-format", "gcc-internal-format"})
_FLAGS = _NUMBERED | {"python-format"}


def is_printf(flags: Set[str]) -> bool:
    """Return whether the flags of a message say that it is a format of ``printf``."""
    return bool(flags & _FLAGS)


def hidden_directives(text: str, flags: Set[str]) -> Iterator[tuple[int, int]]:
    """Yield the directives of a message that are not seen as placeholders in any text, as in ``%sAuthor`` or ``x%1``.

    Args:
        text: The source, or a part of it.
        flags: Flags of the message. Whatever they are, two directives that only ``strftime`` has show a time.
    """
    pattern = _DIRECTIVE if is_printf(flags) else _QT_DIRECTIVE if flags & _QT_FLAGS else None
    if _is_of_time(text):
        pattern = _TIME_DIRECTIVE
    # There "%2" is a placeholder also where other texts would have a percentage.
    find = counted_from_one(protected_spans) if pattern is _QT_DIRECTIVE else protected_spans
    known = find(text) if pattern else []
    for match in pattern.finditer(text) if pattern else ():
        start, end = match.span()
        at = bisect_right(known, start, key=lambda span: span.start)  # only the last that begins before may hold it
        if at == 0 or known[at - 1].end < end:
            yield start, end


def with_order_of(source: str, translation: str, flags: Set[str]) -> str:
    """Return a translation whose directives take the arguments that those of the source take.

    Where their order differs, they get numbers as in ``%2$s``, or in languages without numbers, the source's order. A
    translation that lacks a directive or has another one is returned as it is.

    Args:
        source: The source.
        translation: The translation.
        flags: Flags of the message.
    """
    own, others = _directives(source), _directives(translation)
    same = sorted(match[0] for match in own) == sorted(match[0] for match in others)
    if (
        not same
        or _is_of_time(source)
        or [match[0] for match in own] == [match[0] for match in others]
        or any(match["key"] for match in own)
    ):
        return translation
    new = _numbered(own, others) if flags & _NUMBERED else [match[0] for match in own]
    pieces, end = [], 0
    for match, directive in zip(others, new, strict=True):
        pieces += [translation[end : match.start()], directive]
        end = match.end()
    return "".join([*pieces, translation[end:]])


def _is_of_time(text: str) -> bool:
    return len(_ONLY_OF_TIMES.findall(text)) > 1


def _directives(text: str) -> list[re.Match[str]]:
    return [match for match in _DIRECTIVE.finditer(text) if match["rest"]]


def _numbered(source: list[re.Match[str]], translation: list[re.Match[str]]) -> list[str]:
    """Return the directives of a translation with the numbers of their arguments, which ``*`` takes as well."""
    numbered: dict[str, list[str]] = {}
    count = 0
    for match in source:
        rest = match["rest"]
        while "*" in rest:
            count += 1
            rest = rest.replace("*", f"\0{count}$", 1)
        count += 1
        numbered.setdefault(match[0], []).append(f"%{count}${rest}".replace("\0", "*"))
    return [numbered[match[0]].pop(0) for match in translation]
