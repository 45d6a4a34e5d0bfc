"""Markdown: CommonMark with the tables, strikethrough, tasks and footnotes of GitHub."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from markdown_it import MarkdownIt

from transformer_cli.documents.content import Content, Tag, written
from transformer_cli.documents.document import Document, Splice, Task, Unit
from transformer_cli.documents.formats.html import end_of_whole, html_units
from transformer_cli.documents.formats.markdown_inline import add_formulas, escape_markdown, inline_content

_FRONT_MATTER = re.compile(r"(---|\+\+\+)[ \t]*\r?\n.*?^(?:\1|\.\.\.)[ \t]*(?:\r?\n|\Z)", re.DOTALL | re.MULTILINE)
# Lines of extensions that CommonMark would take for text: containers, templates, formulas, GitHub's alerts.
_NOT_TEXT = re.compile(
    r"^[ \t]*(?::::|!!! |\?\?\? |\{%|\{\{[<%]|%%|\[TOC\]|\[\[toc\]\]|\*\[[^\]\n]+\]:(?=[^*\n]*$))[^\n]*$"
    r"|^[ \t]*\$\$(?:(?!\$\$|\n[ \t]*\r?\n).)*\$\$[ \t\r]*$"
    r"|(?<=>)[ \t]*\[![A-Za-z]+\][ \t]*$",
    re.MULTILINE | re.DOTALL,
)
# What stands behind the mark of a definition or of a note; CommonMark would take a note of one word for an address.
_DEFINITION = re.compile(
    r"^([ ]{0,3})(?::(?=[ ]{1,3}\S)|\[\^[^\]\s]+\]:(?=[ \t]+\S)(?![ \t]+\w+://\S+\s*$))", re.MULTILINE
)

_ELEMENTS = {"*": "em", "_": "em", "**": "strong", "__": "strong", "~~": "del"}
_EMPHASIS = ("em_open", "em_close", "strong_open", "strong_close", "s_open", "s_close")


@dataclass(frozen=True, slots=True)
class _Block:
    """The inline text of a paragraph, heading or cell, and where its lines stand in the document.

    Args:
        text: The text without the marks of its block, such as ``>``.
        starts: Offset of each of its lines in the document.
        ends: Offset of the end of each line.
    """

    text: str
    starts: tuple[int, ...]
    ends: tuple[int, ...]


def read_markdown(text: str, task: Task) -> Document:
    """Read a Markdown file; see `Reader`.

    Texts are paragraphs, headings, items, cells, and texts in blocks of HTML. Code, links' addresses, front matter and
    lines of extensions are no text. A translated paragraph is one line.
    """
    del task
    whole, text = text, re.sub(r"\r(?!\n)", "\n", text)  # a lone one ends a line in CommonMark
    parser = MarkdownIt("commonmark").enable(["table", "strikethrough"]).disable("text_join")
    add_formulas(parser)
    references: dict[str, Any] = {}
    tokens = parser.parse(_blanked(text), references)
    lines = _line_starts(text)
    units: list[Unit] = []
    cursor = hidden_until = quotations = 0
    for index, token in enumerate(tokens):
        quotations += token.nesting if token.type.startswith("blockquote") else 0
        if token.map is None or token.type not in ("inline", "html_block"):
            continue
        start, end = lines[token.map[0]], lines[token.map[1]]
        if token.type == "html_block":
            start = min(max(start, hidden_until), end)
            found = html_units(text, start, end)
            units += (unit for unit in found if not (quotations and _has_lines(unit)))  # its marks would be text
            hidden_until = max(hidden_until, end_of_whole(text, start, end))
            continue
        if start < hidden_until:  # a blank line ends the block of HTML, but not the <pre> in it
            continue
        opener = tokens[index - 1].type
        block = None
        if opener in ("th_open", "td_open"):
            block, cursor = _cell(text, token.content, max(start, cursor))
        block = block or _block(text, token.content, lines, token.map[0], is_heading=opener == "heading_open")
        if block is not None and (unit := _unit(text, block, token.children or [], parser, references, opener)):
            units.append(unit)
    return Document(whole, tuple(units))


def _has_lines(unit: Unit) -> bool:
    return any("\n" in written(source, str) for source in unit.sources)


def _line_starts(text: str) -> list[int]:
    """Return the offset of each line, and that of the end of the text, as often as a parser may ask for it."""
    starts = [0, *(match.end() for match in re.finditer(r"\n", text))]
    return [*starts, len(text), len(text)]


def _blanked(text: str) -> str:
    """Return the text with blank lines for what is not Markdown; the number of lines stays."""
    front = _FRONT_MATTER.match(text)
    if front:
        text = re.sub(r"[^\n]", "", front[0]) + text[front.end() :]
    text = _NOT_TEXT.sub(lambda match: re.sub(r"[^\n]", "", match[0]), text).replace("\r\n", "\n")
    return _DEFINITION.sub(r"\1-", text)  # like the items of a list


def _block(text: str, content: str, lines: list[int], first: int, *, is_heading: bool) -> _Block | None:
    """Return the block of an inline token, or None if its lines are not found in the document."""
    starts, ends = [], []
    for number, line in enumerate(content.split("\n"), start=first):
        raw = text[lines[number] : lines[number + 1]].rstrip()
        own = line.rstrip()
        offset = raw.find(own, len(raw) - len(raw.lstrip(" #>"))) if is_heading else len(raw) - len(own)
        if offset < 0 or raw[offset : offset + len(own)] != own:
            return None
        starts.append(lines[number] + offset)
        ends.append(lines[number] + offset + len(own))
    return _Block("\n".join(line.rstrip() for line in content.split("\n")), tuple(starts), tuple(ends))


def _cell(text: str, content: str, start: int) -> tuple[_Block | None, int]:
    """Return the block of a cell, or None if it is empty or not found, and the place where the next cell begins."""
    pattern = re.escape(content).replace(r"\|", r"\\?\|")
    match = re.compile(rf"({pattern})[ \t]*\|?").search(text, start)
    if not content or match is None or "\n" in text[start : match.start()].lstrip("\r\n"):
        return None, start
    return _Block(content, (match.start(),), (match.end(1),)), match.end()


def _unit(
    text: str, block: _Block, children: Sequence[Any], parser: MarkdownIt, references: dict[str, Any], opener: str
) -> Unit | None:
    joints = [text[end:start] for end, start in zip(block.ends, block.starts[1:], strict=False)]
    content = inline_content(block.text, children, joints)
    if content is not None and opener in ("th_open", "td_open"):
        content = tuple(
            piece if isinstance(piece, str) else Tag(piece.kind, piece.source.replace("|", "\\|")) for piece in content
        )
    if content is None or not any(isinstance(piece, str) and piece.strip() for piece in content):
        return None
    labels = frozenset(references.get("references", {}))
    escape = partial(escape_markdown, labels=labels, is_cell=opener in ("th_open", "td_open"))
    render = partial(_render, block.starts[0], block.ends[-1], escape, partial(parser.parseInline, env=references))
    return Unit((content,), block.starts[0], render, replaces_source=True, is_flowing=True)


def _render(
    start: int,
    end: int,
    escape: Callable[[str], str],
    parse: Callable[[str], Sequence[Any]],
    contents: Sequence[Content],
) -> Iterator[Splice]:
    content = tuple(_with_codes_apart(contents[0]))
    marks = [piece.source for piece in content if isinstance(piece, Tag) and piece.source in _ELEMENTS]
    found = [
        token.markup for token in parse(written(content, escape))[0].children or [] if token.type.endswith(_EMPHASIS)
    ]
    if sorted(found) != sorted(marks):
        content = tuple(_with_elements(content))
    text = re.sub(r"\n (?=\S)", "\n", written(content, escape))
    # What begins a block at the beginning of a line is text here.
    text = re.sub(r"^(?=[#>+=-])|^(\d{1,9})(?=[.)](?:\s|$))", lambda match: f"{match[1] or ''}\\", text, count=1)
    yield Splice(start, end, text)


def _with_codes_apart(content: Content) -> Iterator[str | Tag]:
    """Yield content with a space between neighbours such as `` `a` `` and `` `b` ``, which else are one code."""
    last = ""
    for piece in content:
        source = piece if isinstance(piece, str) else piece.source
        if isinstance(piece, Tag) and last in ("`", "$") and source.startswith(last):
            yield " "
        last = source[-1:] if isinstance(piece, Tag) else ""
        yield piece


def _with_elements(content: Content) -> Iterator[str | Tag]:
    """Yield content with elements of HTML for the marks of emphasis, which count only beside certain characters."""
    for piece in content:
        if isinstance(piece, Tag) and (name := _ELEMENTS.get(piece.source)):
            yield Tag(piece.kind, f"<{name}>" if piece.kind == "open" else f"</{name}>")
        else:
            yield piece
