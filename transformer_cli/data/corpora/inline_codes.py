"""The text of a segment with inline codes, as TMX 1.4 and XLIFF 1.2 and 2 have them.

A code stands for markup of the document that was translated. A reader of the translation sees no markup, but he sees
the line break, the tab or the picture that a code stands for, and the placeholder that is the text of a code.
"""

from __future__ import annotations

import html
import re
from collections.abc import Mapping
from typing import Any

from transformer_cli.data.corpora.xml_input import FORBIDDEN

_STANDALONE = frozenset({"ph", "x", "it", "ut"})
_CODES = _STANDALONE | {"bpt", "ept", "bx", "ex", "sc", "ec"}
_TYPE_ATTRIBUTES = ("type", "ctype", "subType")
_TEXT_ATTRIBUTES = ("equiv-text", "equiv", "disp")
_BREAKING_TYPES = frozenset({"lb", "pb", "br", "tab", "image", "img", "par", "p", "cell", "linebreak", "newline"})
_PLACEHOLDER = re.compile(
    r"""%(\d+\$)?(\([^()\s]+\))?[-+\#0']*(\d+|\*)?(\.(\d+|\*))?(hh?|ll?|[qjzt])?[diouxXeEfFgGcrsaAp@]  # printf
    | %\d+ | %[A-Za-z_]\w*% | %\{[^{}<>]+\}           # Qt, Windows, Ruby
    | \{\{[^{}<>]*\}\} | [$\#]?\{[^{}<>\\]*\}          # templates, .NET, Java, Python, JavaScript
    | \$[A-Za-z_]\w*\$?""",
    re.VERBOSE,
)
_ENTITY = re.compile(r"&#?\w+;")
# Elements of HTML, Word and ODF that separate text, the same in RTF, and escapes of programming languages.
_BREAK = re.compile(
    r"""</?\s*([\w.-]+:)?(br|p|div|h[1-6]|hr|li|[uod]l|d[dt]|t[dhr]|table|blockquote|option|img|image|graphic|figure
        |icon|svg|object|video|input|tab|ptab|cr|lb|pb|nl|newline|(soft-)?(page|line)-?break|drawing|pict)(?=[\s/>])
    | <text:s(?=[\s/>])
    | \\(line|softline|par|tab|page|sect|column|cell|row)\b
    | \\[nrt](?![A-Za-z])""",
    re.VERBOSE | re.IGNORECASE,
)
_OF_UNKNOWN_MEANING = re.compile(r"<[^<>]*/>")
# Marks the place of a code that may be a break: a space is left if words would be glued together otherwise. Text of an
# XML file cannot hold it.
_PERHAPS = "\x00"
_GLUING = re.compile(r"(?<=\w)\x00+(?=\w)")


class SegmentText:
    """Collects the text of one segment while its elements are parsed.

    Args:
        data: XLIFF 2 only: the texts of ``<originalData>`` by their ids.
    """

    def __init__(self, data: Mapping[str, str] | None = None) -> None:
        self._data = data or {}
        self._parts: list[str] = []
        self._open: list[_Element] = []

    def start(self, name: str, attributes: Any) -> None:
        """Begin an element inside the segment."""
        if name == "sub":  # a text of its own within a code: a footnote, a tooltip
            self._parts.append(" ")
        elif name == "cp":  # XLIFF 2: a character that XML forbids, by its number
            self._parts.append(FORBIDDEN)
        for outer in self._open:
            outer.has_elements = True
        self._open.append(_Element(name, attributes))

    def characters(self, content: str) -> None:
        """Add text, which belongs to the innermost code or to the segment."""
        inside = self._innermost_code()
        if inside is None:
            self._parts.append(content)
        else:
            inside.native.append(content)

    def end(self) -> None:
        """Complete the innermost element."""
        element = self._open.pop()
        if element.name == "sub":
            self._parts.append(" ")
        elif element.name in _CODES and self._innermost_code() is None:
            self._parts.append(self._read_as(element))

    def text(self) -> str:
        """Return the text of the whole segment."""
        text = "".join(self._parts)
        return _GLUING.sub(" ", text).replace(_PERHAPS, "") if _PERHAPS in text else text

    def _innermost_code(self) -> _Element | None:
        """Return the code that text belongs to now: the innermost one, unless a ``<sub>`` is open inside it."""
        found = next((each for each in reversed(self._open) if each.name == "sub" or each.name in _CODES), None)
        return None if found is None or found.name == "sub" else found

    def _read_as(self, code: _Element) -> str:
        """Return the text that a reader sees in place of a code."""
        attributes = code.attributes
        if any(_kind(attributes.get(name) or "") in _BREAKING_TYPES for name in _TYPE_ATTRIBUTES):
            return " "
        equivalents = (attributes.get(name) for name in _TEXT_ATTRIBUTES)
        native = "".join(code.native) or self._data.get(attributes.get("dataRef") or "", "")
        native = native or next((text for text in equivalents if text), "")
        stripped = native.strip()
        if (native and not stripped) or _BREAK.search(native):
            return " "
        if _PLACEHOLDER.fullmatch(stripped) and not code.has_elements:
            return native
        if _ENTITY.fullmatch(stripped):
            return html.unescape(native)
        is_unknown = not stripped or _OF_UNKNOWN_MEANING.fullmatch(stripped)
        return _PERHAPS if is_unknown and code.name in _STANDALONE else ""


class _Element:
    """An open element, with the text directly in it if it is a code."""

    def __init__(self, name: str, attributes: Any) -> None:
        self.name = name
        self.attributes = attributes
        self.native: list[str] = []
        self.has_elements = False


def _kind(value: str) -> str:
    """Return the value of a type attribute without the prefixes that tools add: ``x-html-BR``, ``xlf:lb``."""
    return re.split("[:-]", value.lower())[-1]
