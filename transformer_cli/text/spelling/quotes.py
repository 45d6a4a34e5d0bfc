"""Quotation marks around a whole line: taken off for the model, and those of the target language put back."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable

_PAIRS = ('""', "“”", "«»", "„“", "„”", "””", "»«", "「」", "『』")
_SPACES = " \u00a0\u202f"
_QUOTED = [re.compile(f"({pair[0]}[{_SPACES}]?)[^{pair}]+?([{_SPACES}]?{pair[1]})") for pair in _PAIRS]
_MARKS = re.compile(f"[{''.join(sorted({*''.join(_PAIRS)}))}]")


def learn_quotes(texts: Iterable[str]) -> tuple[str, ...]:
    """Return the opening and the closing quotation mark that texts have most, or () if they have none.

    With the marks come the spaces beside them, as no-break spaces: no line ends there.

    Args:
        texts: Training text of one side.
    """
    counts = Counter(
        quoted.groups()
        for text in texts
        if _MARKS.search(text)
        for pattern in _QUOTED
        for quoted in pattern.finditer(text)
    )
    most = max(counts, key=lambda quotes: (counts[quotes], quotes), default=())
    return tuple(quote.replace(" ", "\u00a0") for quote in most)


def without_quotes(text: str) -> tuple[str, str, str] | None:
    """Return the opening mark of a text in quotation marks, what stands in them, and the closing mark.

    The marks come with the spaces beside them. None for any other text, also if it has quotation marks inside.
    """
    if text[:1] + text[-1:] not in _PAIRS:
        return None
    inside = text[1:-1].strip(_SPACES)
    if not inside or _MARKS.search(inside):
        return None
    first = text.index(inside)
    return text[:first], inside, text[first + len(inside) :]
