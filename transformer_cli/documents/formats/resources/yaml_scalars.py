"""The spellings of YAML's scalars: a new value is written in the style of the old one if it can be."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import yaml

LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""PyYAML's fast parser, if it was built with it."""

STRING_TAG = "tag:yaml.org,2002:str"
_RESOLVER = yaml.SafeLoader("")
# What is a number, a boolean or nothing to some reader of YAML 1.1 or 1.2 stands in quotes.
_AMBIGUOUS = re.compile(r"y|n|yes|no|on|off|true|false|null|none|nan|inf|[\d.][\w.:,+-]*", re.IGNORECASE)
_ESCAPES = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\t": "\\t", "\r": "\\r"}
_UNSAFE = re.compile('[\\\\"\x00-\x1f\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]')
_UNSAFE_IN_ASCII = re.compile('[\\\\"\x00-\x1f\x7f]|[^\x00-\x7f]')
_HEADER = re.compile(r"[|>][-+0-9]*[^\n]*\n")
_SPECIAL_IN_FLOW = re.compile(r"[\[\]{},:?#]")  # parsers disagree about some of them
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ufeff]")
_FOLDED_SPACE = re.compile(r"(?<=\S) (?=\S)")


def is_string(value: str) -> bool:
    """Return whether a scalar without quotes and tag is a string."""
    return bool(_RESOLVER.resolve(yaml.ScalarNode, value, (True, False)) == STRING_TAG)


@dataclass(frozen=True, slots=True)
class Scalar:
    """A scalar of a document.

    Args:
        source: Its spelling, without anchor and tag; a block ends before its last line break.
        value: The string that it stands for.
        in_flow: Whether it stands between brackets or braces.
        line_end: The line break of the document.
    """

    source: str
    value: str
    in_flow: bool
    line_end: str

    def spelled(self, value: str) -> str:
        """Return the spelling of another value."""
        for candidate in self._candidates(value):
            if self._is_read_as(candidate, value):
                return candidate
        return self._double(value)

    def _candidates(self, value: str) -> Iterator[str]:
        """Yield possible spellings, the best first; some may stand for something else."""
        style = self.source[:1]
        if style in "|>" and (block := self._block(value)):
            yield block
        is_plain = style not in "|>'\""
        if is_plain and self._can_be_plain(value):
            yield value
        if is_plain or style == "'":
            yield "'" + value.replace("'", "''") + "'"

    def _can_be_plain(self, value: str) -> bool:
        is_special = _CONTROL.search(value) or (self.in_flow and _SPECIAL_IN_FLOW.search(value))
        return value[:1].isalnum() and not is_special and not _AMBIGUOUS.fullmatch(value)

    def _double(self, value: str) -> str:
        is_escaped = self.source.isascii() and re.search(r"\\[xuU]", self.source) is not None
        unsafe = _UNSAFE_IN_ASCII if self.source[:1] == '"' and is_escaped else _UNSAFE
        return '"' + unsafe.sub(_escape, value) + '"'

    def _block(self, value: str) -> str:
        """Return a value as a block with the same header and margin, or nothing if it cannot be one."""
        header = _HEADER.match(self.source)
        lines = value.strip("\n").split("\n")
        if header is None or not lines[-1].strip():
            return ""
        rows = [row.rstrip("\r") for row in self.source[header.end() :].split("\n")]
        blank = next(number for number, row in enumerate(rows) if row.strip())
        margin = self._margin(rows[blank])
        if self.source[0] == ">":
            lines = _folded(lines, max(map(len, rows)) - len(margin))
        return header[0] + self.line_end.join([*rows[:blank], *(margin + line if line else "" for line in lines)])

    def _margin(self, row: str) -> str:
        """Return the white space before the first row of a block that is not part of its value."""
        line = next(line for line in self.value.split("\n") if line.strip())
        own = len(line) - len(line.lstrip(" "))
        return row[: len(row) - len(row.lstrip(" ")) - own]

    def _is_read_as(self, candidate: str, value: str) -> bool:
        """Return whether YAML reads a spelling as a value, in a place like that of this scalar."""
        if candidate[0] not in "|>":
            document = f"{{k: [{candidate}, x]}}" if self.in_flow else f"k: {candidate}\n"
            return _only_value(document, in_list=self.in_flow) == value
        header = candidate.partition("\n")[0].partition("#")[0]
        digit = re.search(r"[1-9]", header)
        row = next(row for row in self.source.split("\n")[1:] if row.strip())
        indent = len(self._margin(row)) - (int(digit[0]) if digit else 1)
        breaks = len(value) - len(value.rstrip("\n"))
        # The line breaks that follow the source of a block stay: with "+" they all belong to its value.
        if indent < 0 or breaks != len(self.value) - len(self.value.rstrip("\n")):
            return False
        ends = self.line_end * (breaks if "+" in header else 1)
        return _only_value(f"{' ' * indent}k: {candidate}{ends}", in_list=False) == value


def _only_value(document: str, *, in_list: bool) -> str | None:
    """Return the string at the only key of a document, or None if there is something else.

    Args:
        document: The document.
        in_list: Whether the string is the first of two things in a list.
    """
    before: list[type[yaml.Event]] = [
        yaml.StreamStartEvent,
        yaml.DocumentStartEvent,
        yaml.MappingStartEvent,
        yaml.ScalarEvent,
    ]
    after: list[type[yaml.Event]] = [yaml.MappingEndEvent, yaml.DocumentEndEvent, yaml.StreamEndEvent]
    if in_list:
        before, after = [*before, yaml.SequenceStartEvent], [yaml.ScalarEvent, yaml.SequenceEndEvent, *after]
    try:
        events = list(yaml.parse(document, Loader=LOADER))
    except yaml.YAMLError:
        return None
    if [type(event) for event in events] != [*before, yaml.ScalarEvent, *after]:
        return None
    event = events[len(before)]
    is_bare = event.anchor is None and event.tag is None
    return event.value if is_bare and (not event.implicit[0] or is_string(event.value)) else None


def _folded(lines: list[str], width: int) -> list[str]:
    """Return the rows of a folded block: a line break between two texts needs a blank row.

    Args:
        lines: The lines of the value.
        width: The number of characters at which texts are wrapped.
    """
    rows: list[str] = []
    follows_text = False
    for line in lines:
        is_text = bool(line) and not line[0].isspace()
        if is_text and follows_text:
            rows.append("")
        rows += _wrapped(line, width) if is_text else [line]
        follows_text = is_text if line else follows_text
    return rows


def _wrapped(line: str, width: int) -> Iterator[str]:
    start = last = 0
    for match in _FOLDED_SPACE.finditer(line):
        if match.start() - start > width and last > start:
            yield line[start:last]
            start = last + 1
        last = match.start()
    if len(line) - start > width and last > start:
        yield line[start:last]
        start = last + 1
    yield line[start:]


def _escape(match: re.Match[str]) -> str:
    code = ord(match[0])
    if match[0] in _ESCAPES:
        return _ESCAPES[match[0]]
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
