"""Puts inline tags into a translation without touching its placeholders: `{{ x }}` is one word, and so is `{x}`."""

from __future__ import annotations

import re
from collections.abc import Callable

from transformer_cli.documents.content import Content, Tag, flatten, plain_text
from transformer_cli.documents.projection import Links, project
from transformer_cli.text.protected import placeholder_spans

_LINE_BREAKS = re.compile(r"[ \t\r\n]+")
_FIRST_MARK = 0xF0000  # private use: no letter, no punctuation, and no space


def project_around_placeholders(content: Content, translation: str, links: Links | None) -> Content:
    """Return a translation with the tags of its source, as `project`; none stands inside a placeholder.

    Args:
        content: The source.
        translation: Text of the translation, one line with single spaces.
        links: The alignment of the words of the source's text (`flatten`) and of ``translation``; None: unknown.
    """
    text = plain_text(content) + translation
    unused = (chr(code) for code in range(_FIRST_MARK, 0x10FFFF) if chr(code) not in text)
    marks: dict[str, str] = {}
    written: dict[int, str] = {}

    def mark_of(placeholder: str) -> str:
        plain = " ".join(placeholder.split())
        if plain not in marks:
            marks[plain] = next(unused)
            written[ord(marks[plain])] = _LINE_BREAKS.sub(" ", placeholder)
        return marks[plain]

    def marked(part: str) -> str:
        return _replaced(part, mark_of)

    source = tuple(marked(piece) if isinstance(piece, str) else piece for piece in content)
    target = marked(translation)
    if not marks:
        return project(content, translation, links)
    if links is not None:
        numbers = [_numbers(side, written) for side in (flatten(source)[0].strip(" "), target)]
        known = [(i, j) for i, j in links if i < len(numbers[0]) and j < len(numbers[1])]
        links = sorted({(numbers[0][i], numbers[1][j]) for i, j in known})
    placed = project(source, target, links)
    return tuple(piece if isinstance(piece, Tag) else piece.translate(written) for piece in placed)


def _replaced(text: str, mark_of: Callable[[str], str]) -> str:
    parts, at = [], 0
    for start, end, _ in placeholder_spans(text):
        parts += [text[at:start], mark_of(text[start:end])]
        at = end
    return "".join([*parts, text[at:]])


def _numbers(text: str, written: dict[int, str]) -> list[int]:
    """Return for each word of a text as it is written the number of its word with marks."""
    return [
        number for number, word in enumerate(text.split(" ")) for _ in range(word.translate(written).count(" ") + 1)
    ]
