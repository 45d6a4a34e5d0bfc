"""The syntax of gettext catalogues: entries and strings with their places."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from transformer_cli.documents.document import damaged

_LINE = re.compile(r"[^\n]*(?:\n|\Z)")
_DOMAIN = re.compile(r'domain\s*"(?:[^"\\]|\\.)*"')  # begins the messages of another catalogue
_STRING = re.compile(r'\s*(?P<keyword>msgctxt|msgid_plural|msgid|msgstr(?:\[\d+\])?|)\s*"(?P<text>(?:[^"\\]|\\.)*)"\s*')
_ESCAPE = re.compile(r"\\(?:x([0-9a-fA-F]{1,2})|([0-7]{1,3})|(.))")
_CHARACTERS = {"n": "\n", "t": "\t", "r": "\r", "a": "\a", "b": "\b", "f": "\f", "v": "\v"}
_ESCAPES = {ord(character): f"\\{letter}" for letter, character in _CHARACTERS.items()} | {34: '\\"', 92: "\\\\"}
_WIDTH = 77  # of a line of a string without its quotes, as gettext's tools write them


@dataclass(slots=True)
class Field:
    """A keyword with its string.

    Args:
        start: Offset of the keyword's line.
        end: Offset of the end of the string's last line, before the line break.
        text: The string.
    """

    start: int
    end: int
    text: str


@dataclass(slots=True)
class Entry:
    """An entry of a catalogue.

    Args:
        fields: Its strings by keyword, as ``msgid`` and ``msgstr[0]``.
        flag_lines: For each line of flags: offsets of its start and end, and the flags.
        before_id: Offset of the first line after the comments that come before the flags.
    """

    fields: dict[str, Field] = field(default_factory=dict)
    flag_lines: list[tuple[int, int, list[str]]] = field(default_factory=list)
    before_id: int | None = None

    @property
    def flags(self) -> set[str]:
        """The flags of all lines."""
        return {flag for _, _, flags in self.flag_lines for flag in flags}

    @property
    def translations(self) -> dict[int, Field]:
        """The fields of ``msgstr`` by the number of their form."""
        names = [name for name in self.fields if name.startswith("msgstr")]
        return {int(name[7:-1] or 0): self.fields[name] for name in names}


def read_entries(text: str) -> Iterator[Entry]:
    """Yield the entries of a catalogue that are not obsolete.

    Raises:
        DataError: A line is not part of a catalogue, or the last entry has no translation.
    """
    parser = _Parser(text)
    for match in _LINE.finditer(text):
        if match[0].strip() and parser.read_line(match):
            yield parser.take()
            parser.read_line(match)
    if parser.entry.translations:
        yield parser.take()
    elif parser.entry.fields:
        raise damaged(text, len(text.rstrip()), "the last entry has no msgstr; the file is cut short")


class _Parser:
    """Collects the lines of an entry."""

    def __init__(self, text: str) -> None:
        self.entry = Entry()
        self._text = text
        self._current: Field | None = None

    def take(self) -> Entry:
        """Return the entry and begin a new one."""
        entry, self.entry, self._current = self.entry, Entry(), None
        return entry

    def read_line(self, match: re.Match[str]) -> bool:
        """Add a line to the entry; return whether it belongs to the next entry instead."""
        line = match[0].strip()
        if _DOMAIN.fullmatch(line):
            return bool(self.entry.translations)
        is_comment = line.startswith("#")
        string = None if is_comment else _STRING.fullmatch(match[0])
        if not is_comment and not string:
            raise damaged(self._text, match.start(), "not a keyword and a quoted string")
        keyword = string["keyword"] if string else ""
        if self.entry.translations and (string is None or keyword in ("msgctxt", "msgid")):
            return True
        if string is None:
            self._read_comment(line, match)
            return False
        if keyword:
            self._current = self._begin(keyword, match.start())
        elif self._current is None:
            raise damaged(self._text, match.start(), "a string without a keyword")
        if self._current is not None:
            self._current.text += unescape(string["text"])
            self._current.end = match.start() + len(match[0].rstrip())
        return False

    def _read_comment(self, line: str, match: re.Match[str]) -> None:
        if line.startswith("#~"):
            self.take()  # an obsolete entry, and with it the comments before it
        elif line.startswith("#,"):
            flags = [flag.strip() for flag in line[2:].split(",")]
            self.entry.flag_lines.append((match.start(), match.start() + len(match[0].rstrip()), flags))
        elif line.startswith("#|") and self.entry.before_id is None:
            self.entry.before_id = match.start()

    def _begin(self, keyword: str, start: int) -> Field:
        fields = self.entry.fields
        needed = {"msgid_plural": "msgid", "msgstr": "msgid"}.get(keyword, "msgid_plural" if "[" in keyword else None)
        if keyword in fields or (needed and needed not in fields):
            raise damaged(self._text, start, f"{keyword} stands in the wrong place")
        if self.entry.before_id is None:
            self.entry.before_id = start
        fields[keyword] = Field(start, start, "")
        return fields[keyword]


def unescape(text: str) -> str:
    """Return the characters that a quoted string stands for."""
    if "\\" not in text:
        return text

    def character(match: re.Match[str]) -> str:
        if match[3]:
            return _CHARACTERS.get(match[3], match[3])
        return chr(int(match[1], 16) if match[1] else int(match[2], 8))

    return _ESCAPE.sub(character, text)


def written_field(keyword: str, text: str, line_end: str) -> str:
    """Return a keyword and its string as gettext's tools write them: lines of 79 characters, broken at spaces.

    Args:
        keyword: ``msgstr`` or ``msgstr[1]``.
        text: The string.
        line_end: The line break of the file; none follows the last line.
    """
    lines = [part.translate(_ESCAPES) for part in re.findall(r"[^\n]*\n|[^\n]+", text)] or [""]
    if len(lines) == 1 and len(keyword) + len(lines[0]) + 3 <= _WIDTH + 2:
        return f'{keyword} "{lines[0]}"'
    rows = [row for line in lines for row in _wrapped(line)]
    return line_end.join([f'{keyword} ""', *(f'"{row}"' for row in rows)])


def _wrapped(line: str) -> Iterator[str]:
    row = ""
    for word in re.findall(r" *[^ ]+ *?(?= |$)| +$", line):
        # A space stays at the end of a row, as gettext has it.
        if row and len(row) + len(word) + 1 > _WIDTH:
            spaces = len(word) - len(word.lstrip(" "))
            yield row + word[:spaces]
            row, word = "", word[spaces:]
        row += word
    if row:
        yield row
