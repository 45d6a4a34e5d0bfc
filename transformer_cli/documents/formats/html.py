"""HTML pages."""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Literal

from transformer_cli.documents.content import Content, Tag, kinds_of_pairs, written
from transformer_cli.documents.document import Document, Splice, Task, Unit

DECLARATION = re.compile(
    rb"""(?:\A\s*<\?xml[^>]{0,200}\sencoding|<meta[^>]{0,200}charset)\s*=\s*["']?([\w.:-]+)""", re.IGNORECASE
)
"""Where a page names its encoding; one of XML does so in its first line."""

_NAME = r"[A-Za-z][^\s/>]*+"
_INSIDE = r"""(?:=\s*"[^"]*"|=\s*'[^']*'|=(?!\s*["'])|[^>=<]|<(?!!--))*+"""
# What begins like a tag and never ends is text; nothing in it is looked at again, so that time stays linear.
_TOKEN = re.compile(
    r"<!--.*?(?:-->|\Z)|<!\[CDATA\[.*?(?:\]\]>|\Z)|<[!?][^>]*>?"
    rf"|<(?P<end>/?)(?P<name>{_NAME})(?P<attributes>{_INSIDE})>"
    rf"|(?P<endless></?{_NAME}{_INSIDE})",
    re.DOTALL,
)
_ATTRIBUTE = re.compile(r"""([^\s"'<>/=]+)(?:\s*=\s*("[^"]*"|'[^']*'|[^\s"'=<>`]+))?""")
_INLINE = re.compile(
    "a|abbr|acronym|b|bdi|bdo|big|cite|data|del|dfn|em|font|i|ins|label|mark|nobr|output|q|rb|ruby|s|small|span|"
    "strike|strong|sub|sup|time|tt|u"
)
_VOID = re.compile("area|base|br|col|embed|hr|img|input|link|meta|param|source|track|wbr")
_INLINE_VOID = re.compile("img|input|wbr")
_HIDDEN = re.compile("script|style|noscript|iframe|xmp|noembed|noframes|template|textarea|pre|svg|math|object")
_READING = re.compile("rp|rt")  # of <ruby>; their end tags are optional
_WHOLE = re.compile("code|kbd|samp|var|canvas|audio|video|map|meter|progress")
_RAW = re.compile("script|style|iframe|xmp|noembed|noframes|textarea")
_TEXT_ATTRIBUTES = frozenset({"alt", "title", "placeholder", "aria-label"})
_TEXT_METAS = frozenset({"description", "og:title", "og:description", "twitter:title", "twitter:description"})


@dataclass(slots=True)
class _Token:
    """A tag, a comment, or text between them.

    Args:
        kind: "break" ends a text; "whole" is an element that stands inside a text as one thing.
        start: Offset of its beginning.
        end: Offset of its end.
        name: Name of a tag, in lower case.
    """

    kind: Literal["text", "open", "close", "single", "break"]
    start: int
    end: int
    name: str = ""


def read_html(text: str, task: Task) -> Document:
    """Read the texts of a page; see `Reader`.

    A text is what stands between the tags of blocks. Elements such as ``<b>`` are inline tags of it; ``<code>`` and its
    like stand in it unchanged. Scripts, styles, ``<pre>`` and what has ``translate="no"`` or the class ``notranslate``
    are no text.
    """
    del task
    return Document(text, tuple(html_units(text, 0, len(text), _space_of(text))))


def html_units(text: str, start: int, end: int, space: str = "&nbsp;") -> Iterator[Unit]:
    """Yield the texts in a part of a document, as `read_html` does for a whole page; see `escape_html` for spaces."""
    yield from _units(text, list(_tokens(text, start, end)), end, partial(escape_html, space=space))


def end_of_whole(text: str, start: int, end: int) -> int:
    """Return where what begins in a part of a document and is no text ends, maybe behind that part; 0 if nowhere.

    It is a comment or an element such as ``<pre>`` or ``<code>``.
    """
    last = 0
    for token in _tokens(text, start, len(text)):
        if token.start >= end:
            break
        is_closed = token.end < len(text) or text.endswith(("-->", f"</{token.name}>"))
        if token.kind in ("single", "break") and is_closed:
            last = token.end
    return last


def read_html_attributes(text: str, task: Task) -> Document:
    """Read the texts in attributes of a page: alternative texts, titles, and descriptions in ``<meta>``."""
    del task
    units = []
    space = _space_of(text)
    for start, value in _text_attributes(text):
        content = (html.unescape(value),)
        if content[0].strip():
            quote = "" if text[start - 1] in "\"'" else '"'
            render = partial(_render_attribute, start, start + len(value), quote, space)
            units.append(Unit((content,), start, render, replaces_source=True, is_flowing=True))
    return Document(text, tuple(units))


def _attributes(tag: str, offset: int = 0) -> dict[str, tuple[int, str]]:
    """Return the raw values of a tag's attributes and their offsets, by name in lower case."""
    found: dict[str, tuple[int, str]] = {}
    for match in _ATTRIBUTE.finditer(tag):
        value = match[2] or ""
        is_quoted = value[:1] in ("'", '"')
        inner = value[1:-1] if is_quoted else value
        found.setdefault(match[1].lower(), (offset + match.start(2) + is_quoted if match[2] else -1, inner))
    return found


def _text_attributes(text: str) -> Iterator[tuple[int, str]]:
    hidden_until = 0
    for match in _TOKEN.finditer(text):
        if match.start() < hidden_until or match["name"] is None or match["end"]:
            continue
        name = match["name"].lower()
        attributes = _attributes(match["attributes"], match.start("attributes"))
        if _is_hidden(name, attributes) and not match[0].endswith("/>"):
            hidden_until = _end_of_element(text, name, match.end())
            continue
        wanted = set(_TEXT_ATTRIBUTES)
        if name == "meta" and {attributes.get(key, (0, ""))[1].lower() for key in ("name", "property")} & _TEXT_METAS:
            wanted.add("content")
        yield from (attributes[key] for key in attributes if key in wanted and attributes[key][0] >= 0)


def _is_hidden(name: str, attributes: dict[str, tuple[int, str]]) -> bool:
    """Return whether nothing inside an element is to be translated."""
    if _HIDDEN.fullmatch(name) or attributes.get("translate", (0, ""))[1].lower() == "no":
        return not _VOID.fullmatch(name)
    return "notranslate" in attributes.get("class", (0, ""))[1].split() and not _VOID.fullmatch(name)


def _end_of_element(text: str, name: str, start: int) -> int:
    """Return the offset of the end of an element whose start tag ends at ``start``."""
    if _RAW.fullmatch(name):
        end = re.compile(rf"</{re.escape(name)}[\s/>]", re.IGNORECASE).search(text, start)
        return text.find(">", end.start()) + 1 or len(text) if end else len(text)
    depth = 1
    for match in _TOKEN.finditer(text, start):
        if match["name"] is None or match["name"].lower() != name or match[0].endswith("/>"):
            continue
        depth += -1 if match["end"] else 1
        if depth == 0:
            return match.end()
    return len(text)


def _tokens(text: str, cursor: int, last: int) -> Iterator[_Token]:
    """Yield a page, or a part of it, in tags and texts."""
    begin = cursor
    while match := _TOKEN.search(text, cursor, last):
        cursor = match.end()
        if match["endless"]:
            continue
        if match.start() > begin:
            yield _Token("text", begin, match.start())
        token = _token(text, match)
        begin = cursor = token.end = min(token.end, last)
        yield token
    if begin < last:
        yield _Token("text", begin, last)


def _token(text: str, match: re.Match[str]) -> _Token:
    start, end = match.span()
    if match["name"] is None:
        return _Token("single" if text.startswith("<!--", start) else "break", start, end)
    name = match["name"].lower()
    if _READING.fullmatch(name):
        has_text = not match["end"] and not match[0].endswith("/>")
        reading = re.compile(rf"[^<]*(?:</{name}\s*>)?", re.IGNORECASE).match(text, end)
        return _Token("single", start, reading.end() if reading and has_text else end, name)
    if match["end"]:
        return _Token("close" if _INLINE.fullmatch(name) else "break", start, end, name)
    is_hidden = _is_hidden(name, _attributes(match["attributes"]))
    if (is_hidden or _WHOLE.fullmatch(name)) and not match[0].endswith("/>"):
        is_inline = bool(_INLINE.fullmatch(name) or _WHOLE.fullmatch(name))
        return _Token("single" if is_inline else "break", start, _end_of_element(text, name, end), name)
    if _INLINE_VOID.fullmatch(name) or (_INLINE.fullmatch(name) and match[0].endswith("/>")):
        return _Token("single", start, end, name)
    return _Token("open" if _INLINE.fullmatch(name) else "break", start, end, name)


def _units(text: str, tokens: list[_Token], end_of_all: int, escape: Callable[[str], str]) -> Iterator[Unit]:
    run: list[_Token] = []
    for token in [*tokens, _Token("break", end_of_all, end_of_all)]:
        if token.kind != "break":
            run.append(token)
            continue
        if any(each.kind == "text" and text[each.start : each.end].strip() for each in run):
            content = tuple(_content(text, run))
            start, end = run[0].start, run[-1].end
            yield Unit((content,), start, partial(_render, start, end, escape), replaces_source=True, is_flowing=True)
        run = []


def _content(text: str, run: list[_Token]) -> Iterator[str | Tag]:
    """Yield texts and tags; a tag whose partner stands in another run is a single one."""
    tags = ((i, token.name, token.kind == "close") for i, token in enumerate(run) if token.kind in ("open", "close"))
    kinds = kinds_of_pairs(tags)
    for index, token in enumerate(run):
        source = text[token.start : token.end]
        yield html.unescape(source) if token.kind == "text" else Tag(kinds.get(index, "single"), source)


def _render(start: int, end: int, escape: Callable[[str], str], contents: Sequence[Content]) -> Iterator[Splice]:
    yield Splice(start, end, written(contents[0], escape))


def _render_attribute(start: int, end: int, quote: str, space: str, contents: Sequence[Content]) -> Iterator[Splice]:
    value = html.escape(written(contents[0], str)).replace("\u00a0", space)
    yield Splice(start, end, f"{quote}{value}{quote}")


def _space_of(page: str) -> str:
    """Return how a page writes no-break spaces; XML knows the name only in pages that declare it, and so use it."""
    return "&nbsp;" if "&nbsp;" in page else "&#160;"


def escape_html(text: str, space: str = "&nbsp;") -> str:
    """Return a text as it is written between tags; no-break spaces stay visible, as ``space``."""
    return html.escape(text, quote=False).replace("\u00a0", space)


READERS = (read_html_attributes, read_html)
"""The texts in attributes come first: their tags stand inside of other texts."""
