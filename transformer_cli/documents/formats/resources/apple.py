"""String files of Apple's systems: ``.strings``, and ``.stringsdict`` for plurals."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from transformer_cli.documents.document import Document, Task, Unit, damaged
from transformer_cli.documents.formats.resources.texts import (
    escaped_characters,
    is_text,
    joined_surrogates,
    value_unit,
)
from transformer_cli.documents.xml_tree import Element, escape_xml, read_xml

_BETWEEN = re.compile(r"(?:\s+|/\*.*?\*/|//[^\n]*)*", re.DOTALL)
_STRING = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"|' r"'[^'\\]*(?:\\.[^'\\]*)*'|(?!//|/\*)[\w.$:/-]+", re.DOTALL)
_ESCAPE = re.compile(r"\\(?:[Uu]([0-9a-fA-F]{4})|([0-7]{1,3})|(.))", re.DOTALL)
_CHARACTERS = {"n": "\n", "t": "\t", "r": "\r", "a": "\a", "b": "\b", "f": "\f", "v": "\v"}
_ESCAPES = {ord(character): f"\\{letter}" for letter, character in _CHARACTERS.items()} | {ord("\\"): "\\\\"}
_ASCII = 0o177
_VARIABLE = re.compile(r"%(?:\d+\$)?#@\w+@")
_FORMS = frozenset({"zero", "one", "two", "few", "many", "other", "NSStringLocalizedFormatKey"})


def read_strings(text: str, task: Task) -> Document:
    """Read a table of strings; see `Reader`. Texts are the values that `is_text` takes for texts."""
    del task
    escaped = escaped_characters(text, _ESCAPE)
    units = []
    for match in _values(text):
        raw = match[0]
        quote = raw[0] if raw[0] in "\"'" else ""
        inner = raw[1:-1] if quote else raw
        # The codes of octal escapes are those of an old Apple encoding.
        is_readable = all(int(escape[2] or "0", 8) <= _ASCII for escape in _ESCAPE.finditer(inner))
        value = joined_surrogates(_ESCAPE.sub(_character, inner)) if quote else inner
        if is_readable and is_text(value):
            writer = _Writer(quote or '"', keeps_breaks="\n" in inner and "\\n" not in inner, escaped=escaped)
            units.append(value_unit(value, match.start(), match.end(), writer))
    return Document(text, tuple(units))


def _values(text: str) -> Iterator[re.Match[str]]:
    """Yield the value of each entry; an entry without a value has its key instead, which is no text."""
    cursor = _after_space(text, 0)
    while cursor < len(text):
        key, cursor = _string(text, cursor, "a key")
        if text.startswith("=", cursor):
            value, cursor = _string(text, _after_space(text, cursor + 1), f"a string as the value of {key[0]}")
            yield value
        if not text.startswith(";", cursor):
            raise damaged(text, min(cursor, len(text.rstrip())), f"no ; ends the entry of {key[0]}")
        cursor = _after_space(text, cursor + 1)


def _string(text: str, cursor: int, wanted: str) -> tuple[re.Match[str], int]:
    match = _STRING.match(text, cursor)
    if match is None:
        raise damaged(text, min(cursor, len(text.rstrip())), f"not {wanted}; the file is cut short or damaged")
    return match, _after_space(text, match.end())


def _after_space(text: str, cursor: int) -> int:
    """Return the offset after white space and comments."""
    match = _BETWEEN.match(text, cursor)
    end = match.end() if match else cursor
    if text.startswith("/*", end):
        raise damaged(text, end, "a comment that does not end")
    return end


def _character(match: re.Match[str]) -> str:
    if match[3]:
        return _CHARACTERS.get(match[3], match[3])
    return chr(int(match[1], 16) if match[1] else int(match[2], 8))


@dataclass(frozen=True, slots=True)
class _Writer:
    """Spells a value.

    Args:
        quote: What surrounds it.
        keeps_breaks: Whether line breaks are what they are, and no escapes.
        escaped: The characters that the file always writes as escapes.
    """

    quote: str
    keeps_breaks: bool
    escaped: dict[int, str]

    def __call__(self, value: str) -> str:
        """Return the value with its quotes."""
        text = value.translate(_ESCAPES | self.escaped | {ord(self.quote): f"\\{self.quote}"})
        if self.keeps_breaks:
            text = re.sub(r"(\\\\)|\\n", lambda match: match[1] or "\n", text)
        return f"{self.quote}{text}{self.quote}"


def read_stringsdict(text: str, task: Task) -> Document:
    """Read a table of plurals; see `Reader`. Texts are the formats and their forms; the categories stay."""
    del task
    root = read_xml(text)
    if root.name != "plist":
        raise damaged(text, root.start, f"the root element is <{root.name}>, not <plist>")
    return Document(text, tuple(_forms(root)))


def _forms(parent: Element) -> Iterator[Unit]:
    key = ""
    for element in parent.elements:
        value = element.text()
        if element.name == "key":
            key = value.strip()
        elif element.name != "string":
            yield from _forms(element)
        elif key in _FORMS and is_text(value):
            yield value_unit(value, element.inner_start, element.inner_end, escape_xml, _VARIABLE)
