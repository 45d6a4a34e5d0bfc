"""XML documents as trees whose parts know their places in the text."""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any
from xml.parsers import expat

from transformer_cli.documents.content import Content, Tag
from transformer_cli.documents.document import damaged
from transformer_cli.errors import DataError

DECLARATION = re.compile(rb"""^\s*<\?xml[^>]*?encoding\s*=\s*["']([\w.:-]+)""")
"""Where an XML document names its encoding."""

_MOST_NESTED = 200
_FORBIDDEN = re.compile("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(slots=True)
class Text:
    """Characters of an element; entities and CDATA sections are resolved in ``text``."""

    start: int
    end: int
    text: str


@dataclass(slots=True)
class Markup:
    """A comment, a processing instruction, or an entity that is declared elsewhere."""

    start: int
    end: int


@dataclass(slots=True)
class Element:
    """An element.

    Args:
        prefix: Its namespace prefix with the colon, or nothing.
        name: Its name without the prefix.
        attributes: Values by name, prefixes included.
        start: Offset of its start tag.
        inner_start: Offset of the end of its start tag.
        inner_end: Offset of its end tag; the same as ``end`` if there is none.
        end: Offset of its end.
        children: What is inside.
    """

    prefix: str
    name: str
    attributes: dict[str, str]
    start: int
    inner_start: int = 0
    inner_end: int = 0
    end: int = 0
    children: list[Element | Text | Markup] = field(default_factory=list)

    @property
    def elements(self) -> list[Element]:
        """The elements directly inside."""
        return [child for child in self.children if isinstance(child, Element)]

    def first(self, name: str) -> Element | None:
        """Return the first element of a name directly inside."""
        return next((child for child in self.elements if child.name == name), None)

    def text(self) -> str:
        """Return all characters inside, those of inner elements too."""
        return "".join(
            child.text if isinstance(child, Text) else child.text() if isinstance(child, Element) else ""
            for child in self.children
        )

    def indentation(self, text: str) -> str:
        """Return the line break and the white space before the element in its document, if it begins a line."""
        start = self.start
        while text.endswith((" ", "\t"), 0, start):
            start -= 1
        if not text.endswith("\n", 0, start):
            return ""
        return text[start - (2 if text.endswith("\r\n", 0, start) else 1) : self.start]


def read_xml(text: str) -> Element:
    """Return the root element of a document.

    Raises:
        DataError: The document is not well-formed, declares entities, or nests too deeply.
    """
    data = text.encode("utf-8", "surrogatepass")
    parser = expat.ParserCreate("utf-8")
    parser.buffer_text = False
    builder = _Builder(text, data, parser)
    try:
        parser.Parse(data, True)
    except expat.ExpatError as error:
        message = expat.ErrorString(error.code)
        raise DataError(
            f"line {error.lineno}: not well-formed XML ({message}); the file is cut short or damaged"
        ) from None
    return builder.finish()


class _Builder:
    """Builds the tree from the events of expat; the end of what an event tells of is the beginning of the next."""

    def __init__(self, text: str, data: bytes, parser: Any) -> None:
        self._text = text
        self._data = data
        self._parser = parser
        self._root: Element | None = None
        self._is_open: list[Element] = []
        self._complete: Callable[[int], None] = lambda _: None
        self._byte = self._character = 0
        self._empty_at = -1
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._characters
        parser.CommentHandler = self._markup
        parser.ProcessingInstructionHandler = self._markup
        parser.StartCdataSectionHandler = self._markup
        parser.EndCdataSectionHandler = self._markup
        parser.StartDoctypeDeclHandler = self._markup
        parser.EntityDeclHandler = self._refuse
        parser.DefaultHandler = self._markup

    def finish(self) -> Element:
        """Return the root of the whole tree."""
        self._next(len(self._data))
        if self._root is None:
            raise damaged(self._text, 0, "no element")
        return self._root

    def _next(self, byte: int) -> int:
        """Complete the part before a byte, and return the offset of the byte in characters."""
        if byte > self._byte:
            self._character += len(self._data[self._byte : byte].decode("utf-8", "surrogatepass"))
            self._byte = byte
        complete, self._complete = self._complete, lambda _: None
        complete(self._character)
        return self._character

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        offset = self._next(self._parser.CurrentByteIndex)
        prefix, _, local = name.rpartition(":")
        element = Element(f"{prefix}:" if prefix else "", local, attributes, offset)
        if self._is_open:
            self._is_open[-1].children.append(element)
        else:
            self._root = element
        self._is_open.append(element)
        if len(self._is_open) > _MOST_NESTED:
            raise damaged(self._text, offset, f"more than {_MOST_NESTED} elements inside each other")
        self._complete = lambda end: setattr(element, "inner_start", end)

    def _end(self, _: str) -> None:
        offset = self._next(self._parser.CurrentByteIndex)
        element = self._is_open.pop()
        element.inner_end = offset
        element.end = offset  # of <a/>, whose end comes right after it
        if self._text.startswith("</", offset) and not self._is_empty_tag(element):
            self._complete = lambda end: setattr(element, "end", end)

    def _is_empty_tag(self, element: Element) -> bool:
        return element.inner_start == element.inner_end and self._text.endswith("/>", 0, element.inner_start)

    def _characters(self, characters: str) -> None:
        offset = self._next(self._parser.CurrentByteIndex)
        part = Text(offset, offset, characters)
        self._add(part)

    def _markup(self, *_: object) -> None:
        offset = self._next(self._parser.CurrentByteIndex)
        self._add(Markup(offset, offset))

    def _add(self, part: Text | Markup) -> None:
        if self._is_open:
            self._is_open[-1].children.append(part)
            self._complete = lambda end: setattr(part, "end", end)

    def _refuse(self, *_: object) -> None:
        offset = self._next(self._parser.CurrentByteIndex)
        raise damaged(self._text, offset, "declares an entity, which can fill the memory or read files")


def escape_xml(text: str) -> str:
    """Return a text as it is written in XML; characters that XML forbids become U+FFFD."""
    return _FORBIDDEN.sub("\ufffd", html.escape(text, quote=False))


def with_attribute(tag: str, name: str, value: str | None) -> str:
    """Return a start tag with another value of an attribute, or without the attribute; ``<a/>`` becomes ``<a>``."""
    tag = re.sub(r"\s*/?>$", "", tag)
    there = re.compile(rf"""(\s){re.escape(name)}\s*=\s*("[^"]*"|'[^']*')""")
    if value is None:
        return there.sub("", tag) + ">"
    written = f'{name}="{escape_xml(value).replace(chr(34), "&quot;")}"'
    if there.search(tag):
        return there.sub(lambda match: match[1] + written, tag, count=1) + ">"
    return f"{tag} {written}>"


def content_of(element: Element, document: str, kind_of: Callable[[Element], str]) -> Content:
    """Return the content of an element.

    Args:
        element: The element.
        document: Its document.
        kind_of: Function that tells what an inner element is: "pair" surrounds text; "open", "close" and "single" are
            codes, whose own content is no text.
    """
    return tuple(_pieces(element, document, kind_of))


def _pieces(element: Element, document: str, kind_of: Callable[[Element], str]) -> Iterator[str | Tag]:
    for child in element.children:
        if isinstance(child, Text):
            yield child.text
        elif isinstance(child, Markup):
            if (source := document[child.start : child.end]) not in ("<![CDATA[", "]]>"):  # what is new is escaped
                yield Tag("single", source)
        elif (kind := kind_of(child)) != "pair" or child.inner_end == child.end:
            whole = document[child.start : child.end]
            yield Tag("open" if kind == "open" else "close" if kind == "close" else "single", whole)
        else:
            yield Tag("open", document[child.start : child.inner_start])
            yield from _pieces(child, document, kind_of)
            yield Tag("close", document[child.inner_end : child.end])
