"""String resources of Android (``res/values/strings.xml``)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import groupby

from transformer_cli.documents.content import Content, Tag, read_string, written
from transformer_cli.documents.document import Document, Splice, Task, Unit, damaged
from transformer_cli.documents.formats.resources.texts import escaped_characters, joined_surrogates
from transformer_cli.documents.xml_tree import Element, content_of, escape_xml, read_xml

_CDATA = ("<![CDATA[", "]]>")
_UNICODE = re.compile(r"\\(?:u([0-9a-fA-F]{4})|.)", re.DOTALL)
_REFERENCE = re.compile(r"&#x([0-9a-fA-F]{2,6});")
_ESCAPE = re.compile(r'\\(?:u([0-9a-fA-F]{4})|(.))|"|(\s+)', re.DOTALL)
_CHARACTERS = {"n": "\n", "t": "\t"}
_WRITTEN = {ord("\\"): "\\\\", ord('"'): '\\"', ord("\n"): "\\n", ord("\t"): "\\t"}
_QUOTED = re.compile(r'"(?:[^"\\]|\\.)*"', re.DOTALL)
_LINK = re.compile(r"[@?](?:\+?[\w.]+:)?[\w.]+/[\w.]+|@(?:null|empty)|\?[\w.:]+")


def read_android(text: str, task: Task) -> Document:
    """Read string resources; see `Reader`.

    Texts are strings, and the items of string arrays and of plurals, unless they have ``translatable="false"``.
    ``<xliff:g>`` stays in a text as it is. Other elements are inline tags, and so is HTML in CDATA or behind ``&lt;``.
    The quantities of plurals stay; for those that a language has besides, Android takes "other".
    """
    del task
    root = read_xml(text)
    if root.name != "resources":
        raise damaged(text, root.start, f"the root element is <{root.name}>, not <resources>")
    escaped = escaped_characters(text, _UNICODE) | escaped_characters(text, _REFERENCE)
    return Document(text, tuple(_unit(text, element, escaped) for element in _strings(root) if _has_text(element)))


def _strings(parent: Element) -> Iterator[Element]:
    wanted = "string" if parent.name == "resources" else "item"
    for element in parent.elements if _is_translatable(parent) else []:
        if parent.name == "resources" and element.name in ("string-array", "plurals"):
            yield from _strings(element)
        elif element.name == wanted and _is_translatable(element):
            yield element


def _is_translatable(element: Element) -> bool:
    return element.attributes.get("translatable") != "false"


def _has_text(element: Element) -> bool:
    own = element.text().strip()
    return bool(own) and not _LINK.fullmatch(own)


def _unit(text: str, element: Element, escaped: dict[int, str]) -> Unit:
    raw = text[element.inner_start : element.inner_end]
    start, end = element.inner_start, element.inner_end
    in_cdata = raw.strip().startswith(_CDATA[0]) and raw.strip().endswith(_CDATA[1]) and raw.count(_CDATA[0]) == 1
    if in_cdata:
        start, end = start + raw.index(_CDATA[0]) + len(_CDATA[0]), start + raw.rindex(_CDATA[1])
    raw = text[start:end]
    start, end = start + len(raw) - len(raw.lstrip()), end - len(raw) + len(raw.rstrip())
    style = _Style(in_cdata, bool(_QUOTED.fullmatch(raw.strip())), {} if in_cdata else escaped)
    content = tuple(_content(text, element, style))
    return Unit((content,), start, partial(_render, start, end, style), replaces_source=True)


@dataclass(frozen=True, slots=True)
class _Style:
    """How a string is written.

    Args:
        in_cdata: Whether it stands in a CDATA section.
        is_quoted: Whether it stands in quotes, so that white space and apostrophes are what they are.
        escaped: Characters with a spelling of their own.
    """

    in_cdata: bool
    is_quoted: bool
    escaped: dict[int, str]

    def markup(self, text: str) -> str:
        """Return characters as they are written in XML."""
        return text.replace("]]>", "]]]]><![CDATA[>") if self.in_cdata else escape_xml(text)

    def spelled(self, text: str) -> str:
        """Return a part of a string as it is written."""
        text = text.translate(_WRITTEN)
        if not self.is_quoted:
            text = text.replace("'", "\\'")
        return self.markup(text).translate(self.escaped)

    def read(self, text: str) -> str:
        """Return the characters that a part of a string stands for."""

        def character(match: re.Match[str]) -> str:
            if match[1]:
                return chr(int(match[1], 16))
            if match[2]:
                return _CHARACTERS.get(match[2], match[2])
            return "" if not match[3] else match[3] if self.is_quoted else " "

        return joined_surrogates(_ESCAPE.sub(character, text))


def _content(document: str, element: Element, style: _Style) -> Iterator[str | Tag]:
    pieces = content_of(element, document, lambda inner: "single" if inner.prefix + inner.name == "xliff:g" else "pair")
    # Neighbouring pieces of text are one, so that tags can be found in it.
    runs = [list(group) if is_tag else ["".join(map(str, group))] for is_tag, group in groupby(pieces, _is_tag)]
    joined = [piece for run in runs for piece in run]
    for index, piece in enumerate(joined):
        if isinstance(piece, Tag):
            yield piece
            continue
        text = piece.lstrip() if index == 0 else piece
        for part in read_string(text.rstrip() if index == len(joined) - 1 else text):
            yield style.read(part) if isinstance(part, str) else Tag(part.kind, style.markup(part.source))


def _is_tag(piece: str | Tag) -> bool:
    return isinstance(piece, Tag)


def _render(start: int, end: int, style: _Style, contents: Sequence[Content]) -> Iterator[Splice]:
    text = written(contents[0], style.spelled)
    if style.is_quoted:
        yield Splice(start, end, f'"{text}"')
        return
    if text.startswith(("@", "?")):
        text = f"\\{text}"
    # White space at the ends of a string counts only as an escape.
    if text.startswith(" "):
        text = f"\\u0020{text[1:]}"
    if text.endswith(" "):
        text = f"{text[:-1]}\\u0020"
    yield Splice(start, end, text)
