"""Java's properties (``java.util.Properties``), also those with ``MessageFormat``."""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass

from transformer_cli.documents.document import Document, Task, damaged
from transformer_cli.documents.formats.resources.texts import (
    escaped_characters,
    is_text,
    joined_surrogates,
    utf16_escapes,
    value_unit,
)

MISSING = "transformer_cli.properties"
"""Name of the treatment of characters that the encoding lacks."""

_BREAK = r"(?:\r\n|\r|\n)"
_LINE = re.compile(
    rf"[ \t\f]*(?:(?P<comment>[#!][^\r\n]*)|(?:\\(?:\r\n|.|\Z)|[^\\\r\n])*)(?:{_BREAK}|\Z)",
    re.DOTALL,
)
_SPACE = rf"(?:[ \t\f]|\\{_BREAK})*"
_PAIR = re.compile(
    rf"{_SPACE}(?:\\{_BREAK}[ \t\f]*|\\[^\r\n]|[^\\ \t\f\r\n=:])*{_SPACE}(?P<sign>[=:]?){_SPACE}"
    rf"(?P<value>.*?)(?:{_BREAK})?\Z",
    re.DOTALL,
)
_ESCAPE = re.compile(rf"\\(?:u([0-9a-fA-F]{{4}})|({_BREAK})[ \t\f]*|(.)|\Z)", re.DOTALL)
_CHARACTERS = {"t": "\t", "n": "\n", "r": "\r", "f": "\f"}
_ESCAPES = {ord(character): f"\\{letter}" for letter, character in _CHARACTERS.items()} | {ord("\\"): "\\\\"}
_NEW_ROW = re.compile(rf"\\n(\\{_BREAK}[ \t\f]*)")
_ARGUMENT = re.compile(r"\{\d")
_QUOTED_BRACES = re.compile(r"(?<!')'[{}]+'(?!')")


def _escape_missing(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return utf16_escapes(error.object[error.start : error.end], "\\u"), error.end


codecs.register_error(MISSING, _escape_missing)


def read_properties(text: str, task: Task) -> Document:
    r"""Read properties; see `Reader`.

    Texts are the values that `is_text` takes for texts. Characters outside of ASCII are written as ``\u`` escapes
    if the file has none of them, so that every release of Java reads it.
    """
    del task
    escaped = escaped_characters(text, _ESCAPE)
    units = []
    for line in _LINE.finditer(text):
        if line["comment"] or not line[0].strip(" \t\f\r\n"):
            continue
        for bad in _ESCAPE.finditer(line[0]):
            if bad[3] == "u":
                raise damaged(text, line.start() + bad.start(), "\\u without four hexadecimal digits")
        pair = _PAIR.match(line[0])
        if pair is None:  # every line matches; this is for the type checker
            continue
        start, end = (line.start() + offset for offset in pair.span("value"))
        raw = text[start:end]
        value = joined_surrogates(_ESCAPE.sub(_character, raw))
        new_row = _NEW_ROW.search(raw)
        write = _Writer(
            new_row[1] if new_row else "",
            is_ascii=text.isascii(),
            has_sign=bool(pair["sign"]),
            escaped=escaped,
        )
        if is_text(value):
            code, doubled = (_QUOTED_BRACES, "'") if _is_message_format(value) else (None, "")
            units.append(value_unit(value, start, end, write, code, doubled))
    return Document(text, tuple(units))


def _character(match: re.Match[str]) -> str:
    if match[1]:
        return chr(int(match[1], 16))
    return _CHARACTERS.get(match[3], match[3]) if match[3] else ""


def _is_message_format(value: str) -> bool:
    """Return whether a value is a pattern of ``MessageFormat``: an apostrophe is written twice, or quotes braces."""
    return bool(_ARGUMENT.search(value)) and "'" not in _QUOTED_BRACES.sub("", value).replace("''", "")


@dataclass(frozen=True, slots=True)
class _Writer:
    r"""Spells a value.

    Args:
        new_row: What stands between two rows of the source, if they end with ``\n``.
        is_ascii: Whether everything outside of ASCII is escaped.
        has_sign: Whether ``=`` or ``:`` stands before the value.
        escaped: The characters that are always escaped.
    """

    new_row: str
    is_ascii: bool
    has_sign: bool
    escaped: dict[int, str]

    def __call__(self, value: str) -> str:
        """Return the spelling of a value."""
        text = value.translate(_ESCAPES | self.escaped)
        if text.startswith(" ") or (text.startswith(("=", ":")) and not self.has_sign):
            text = f"\\{text}"
        if self.new_row:
            text = re.sub(r"(\\\\)|\\n(?=.)", lambda match: match[1] or f"\\n{self.new_row}", text)
        return utf16_escapes(text, "\\u") if self.is_ascii else text
