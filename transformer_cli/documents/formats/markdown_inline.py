"""The inline text of Markdown: which of its characters are text, and which are marks."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.rules_inline import StateInline

from transformer_cli.documents.content import Content, Tag, kinds_of_pairs

_EXTENSION = re.compile(r"\[\^[^\]\s]+\](?::[ \t]*)?|\A\[[ xX]\][ \t]+|\s*\{[#.:][^{}]*\}\Z")
_FORMULA = re.compile(
    r"(?<![^\W_])(?<![\\$])(?:\$\$[^$\n`]+\$\$|\$(?!`)[^\s\d$](?:(?:(?!\]\()[^$\n`])*[^\s$\\`])?\$)(?![^\W_]|\$)"
)
_NOTE = re.compile(r"\[\^[^\]\s]+\](?![(\[])")
_HTML = re.compile(r"<(/?)([A-Za-z][\w-]*)[^>]*?(/?)>")
_TAIL = re.compile(
    r"""\]\(\s*(?:<[^<>\n]*>|(?:\\.|[^\s()\\]|\((?:\\.|[^\s()\\]|\([^\s()]*\))*\))*)"""
    r"""(?:\s+(?:"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|\((?:\\.|[^()\\])*\)))?\s*\)|\]\[(?:\\.|[^\[\]\\])*\]|\]""",
    re.DOTALL,
)
_LINK = re.compile(r"\[([^\[\]]*)\](?=[(\[:])")
_SHORTCUT = re.compile(r"\[([^\[\]]+)\]")


class _UnknownMarkError(ValueError):
    """The parser found something whose characters are not known."""


def add_formulas(parser: MarkdownIt) -> None:
    """Let a parser read a formula like ``$a_1 * a_2$`` as one token, whatever marks it has."""

    def formula(state: StateInline, silent: bool) -> bool:
        found = _FORMULA.match(state.src, state.pos)
        if found is None:
            return False
        if not silent:
            state.push("formula", "", 0).content = found[0]
        state.pos = found.end()
        return True

    parser.inline.ruler.before("escape", "formula", formula)


def inline_content(text: str, tokens: Sequence[Any], joints: Sequence[str]) -> Content | None:
    """Return the content of an inline text, or None if its marks cannot be told from its text.

    Args:
        text: The text as it is written.
        tokens: What the parser made of it, in order.
        joints: For each line break: the characters of the document from the end of a line to the beginning of the
            text in the next.
    """
    try:
        pieces, end = _Walk(text, joints).read(tokens, 0)
    except _UnknownMarkError:
        return None
    return tuple(_with_html_pairs(pieces)) if end == len(text) else None


class _Walk:
    """Walks along the tokens of a text and finds the characters of each."""

    def __init__(self, text: str, joints: Sequence[str]) -> None:
        self._text = text
        self._joints = list(joints)
        self._labels: list[int] = []  # the offsets at which the texts of open links begin

    def read(self, tokens: Sequence[Any], start: int) -> tuple[list[str | Tag], int]:
        """Return the pieces of some tokens, and the offset of their end."""
        pieces: list[str | Tag] = []
        index = 0
        while index < len(tokens):
            token = tokens[index]
            if token.type == "link_open" and token.markup == "autolink":
                start = self._add_whole(pieces, start, self._text.find(">", start) + 1)
                index += 3
                continue
            if token.type == "link_open" and (note := _NOTE.match(self._text, start)):  # its text is an address
                start = self._add_whole(pieces, start, note.end())
                index += next(i for i, other in enumerate(tokens[index:]) if other.type == "link_close") + 1
                continue
            start = self._add(pieces, token, start)
            index += 1
        return pieces, start

    def _add(self, pieces: list[str | Tag], token: Any, start: int) -> int:
        match token.type:
            case "text":
                end = self._expect(token.content, start)
                pieces += _extensions(token.content)
                return end
            case "text_special":
                pieces.append(token.content)
                return self._expect(token.markup, start)
            case "softbreak" | "hardbreak":
                return self._add_break(pieces, start, is_hard=token.type == "hardbreak")
            case "em_open" | "strong_open" | "s_open" | "em_close" | "strong_close" | "s_close":
                pieces.append(Tag("open" if token.nesting == 1 else "close", token.markup))
                return self._expect(token.markup, start)
            case "link_open":
                pieces.append(Tag("open", "["))
                self._labels.append(self._expect("[", start))
                return self._labels[-1]
            case "link_close":
                end, label = self._tail(start), self._text[self._labels.pop() : start]
                tail = self._text[start:end]
                # Where the text of a link is its label as well, the label stays when the text is translated.
                pieces.append(Tag("close", f"][{' '.join(label.split())}]" if tail in ("]", "][]") else tail))
                return end
            case "image":
                _, end = self.read(token.children or [], self._expect("![", start))
                return self._add_whole(pieces, start, self._tail(end))
            case "formula":
                return self._add_whole(pieces, start, self._expect(token.content, start))
            case "code_inline" | "html_inline":
                is_code = token.type == "code_inline"
                end = self._end_of_code(start, token.markup) if is_code else self._expect(token.content, start)
                return self._add_whole(pieces, start, end)
        raise _UnknownMarkError(token.type)

    def _add_whole(self, pieces: list[str | Tag], start: int, end: int) -> int:
        if end <= start:
            raise _UnknownMarkError(self._text[start : start + 10])
        source = self._text[start:end]
        for joint in self._joints[: source.count("\n")]:
            source = source.replace("\n", joint.replace("\n", "\0"), 1)
        del self._joints[: source.count("\0")]
        pieces.append(Tag("single", source.replace("\0", "\n")))
        return end

    def _add_break(self, pieces: list[str | Tag], start: int, *, is_hard: bool) -> int:
        match = re.compile(r"(\\| *)\n *").match(self._text, start)
        if match is None or not self._joints:
            raise _UnknownMarkError("a line break")
        joint = self._joints.pop(0)
        pieces.append(Tag("single", match[1] + joint) if is_hard else "\n")
        return match.end()

    def _expect(self, characters: str, start: int) -> int:
        if not self._text.startswith(characters, start):
            raise _UnknownMarkError(characters)
        return start + len(characters)

    def _tail(self, start: int) -> int:
        match = _TAIL.match(self._text, start)
        if match is None:
            raise _UnknownMarkError("the end of a link")
        return match.end()

    def _end_of_code(self, start: int, markup: str) -> int:
        end = re.compile(rf"{markup}(.*?)(?<!`){markup}(?!`)", re.DOTALL).match(self._text, start)
        return end.end() if end else -1


def _extensions(text: str) -> Iterator[str | Tag]:
    """Yield the pieces of a text: footnotes, boxes of tasks and attributes of headings are tags."""
    end = 0
    for match in _EXTENSION.finditer(text):
        if match.start() > end:
            yield text[end : match.start()]
        yield Tag("single", match[0])
        end = match.end()
    if end < len(text):
        yield text[end:]


def _with_html_pairs(pieces: list[str | Tag]) -> list[str | Tag]:
    """Return the pieces in which inline tags of HTML that belong together surround what is between them."""
    singles = {i: piece.source for i, piece in enumerate(pieces) if isinstance(piece, Tag) and piece.kind == "single"}
    found = ((i, _HTML.fullmatch(source)) for i, source in singles.items())
    kinds = kinds_of_pairs((i, match[2], bool(match[1])) for i, match in found if match and not match[3])
    return [Tag(kinds[i], singles[i]) if i in kinds else piece for i, piece in enumerate(pieces)]


def escape_markdown(text: str, *, labels: frozenset[str], is_cell: bool) -> str:
    """Return a text in which nothing is a mark of Markdown.

    Args:
        text: The text.
        labels: Labels of the document's references, as the parser normalises them.
        is_cell: Whether the text stands in a table.
    """
    text = re.sub(
        r"[\\`*]|(?<![^\W_])_|_(?![^\W_])|~(?=~)|<(?=[A-Za-z/!?])|&(?=#?\w+;)", lambda match: f"\\{match[0]}", text
    )
    text = _LINK.sub(r"\\[\1\\]", text)
    text = _SHORTCUT.sub(
        lambda match: f"\\[{match[1]}\\]" if " ".join(match[1].split()).upper() in labels else match[0], text
    )
    return text.replace("|", r"\|") if is_cell else text
