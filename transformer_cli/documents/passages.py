"""Divides the content of a unit into passages for the model and what stays around them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby

from transformer_cli.documents.content import Content, Tag, flatten, has_whole_pairs, matching_tags, plain_text
from transformer_cli.text.normalization import normalize

_SENTENCE_END = (".", "!", "?", ":", ";", "…", "。", "！", "？", "\u061f", "।")
# Elements that stand between texts; in HTML that is a value of XML, "<" is "&lt;".
_BLOCK = re.compile(
    r"(?:<|&lt;)/?(?:blockquote|body|br|center|dd|div|dl|dt|h[1-6]|head|hr|html|li|ol|p|pre|table|tbody|td|th|thead|tr|ul)"
    r"(?:\s|/|>|&gt;)",
    re.IGNORECASE,
)
_HARD_BREAK = re.compile(r"(?:\\| {2,})[\r\n]")
_BULLET = re.compile(r"(?:[-\u2010-\u2015\u2022\u25aa\u25e6\u00b7*]\s+|[\u2669-\u266c]++\s*)+(?=\S)")
_NOTES = frozenset("♩♪♫♬")  # of a song in subtitles
_TIME_DIRECTIVE = re.compile("%[-_0^#]?[A-Za-z%]")
_KEY = re.compile(r"(?:[^\W\d_a-z]\w{0,9}\+)+\S\w*(?: \w+)?|F[0-9]{1,2}")  # "Ctrl+Page Up", not "drag+drop"
_NARROWEST = 40  # a shorter line is not one of a wrapped paragraph


@dataclass(frozen=True, slots=True)
class Passage:
    """Content that is translated as one line.

    Args:
        content: Texts and tags, with no white space at the ends.
        line: The text for the model: without tags, with single spaces.
        width: The number of characters at which its translation is wrapped, or None for one line.
    """

    content: Content
    line: str
    width: int | None = None


def divide(content: Content, *, is_flowing: bool) -> tuple[str | Tag | Passage, ...]:
    """Divide content into passages and what is kept: white space, line breaks, and tags around a whole passage.

    Args:
        content: The content of a unit.
        is_flowing: Whether a line break is a space; otherwise each line is a passage, and so are neighbouring lines
            that look like one wrapped paragraph. There a tab ends a passage, and a key such as ``Ctrl+O`` behind it
            is kept. Elements such as ``<p>`` and the hard breaks of Markdown end a passage, in flowing content unless
            a tag surrounds text on both sides.
    """
    groups = [(is_block, tuple(pieces)) for is_block, pieces in groupby(content, _is_block)]
    if is_flowing and not all(is_block or has_whole_pairs(pieces) for is_block, pieces in groups):
        return tuple(_trimmed(content))
    parts: list[str | Tag | Passage] = []
    for is_block, pieces in groups:
        if is_block:
            parts += pieces
        elif is_flowing:
            parts += _trimmed(pieces)
        else:
            for group, width in _paragraphs(_lines(pieces)):
                parts += group if _is_key_of(parts, group) else _trimmed(group, width)
    return tuple(parts)


def _is_block(piece: str | Tag) -> bool:
    return isinstance(piece, Tag) and bool(_BLOCK.match(piece.source) or _HARD_BREAK.match(piece.source))


def _is_key_of(before: list[str | Tag | Passage], content: Content) -> bool:
    """Return whether a text behind a tab names a key, as the entries of menus do."""
    is_behind_tab = bool(before) and isinstance(before[-1], str) and before[-1].endswith("\t")
    return is_behind_tab and bool(_KEY.fullmatch(plain_text(content).strip()))


def assemble(parts: tuple[str | Tag | Passage, ...], translations: Mapping[Passage, Content]) -> Content:
    """Return the content with its passages translated; a passage without a translation stays."""
    pieces: list[str | Tag] = []
    for part in parts:
        if isinstance(part, Passage):
            pieces += translations.get(part, part.content)
        else:
            pieces.append(part)
    return tuple(pieces)


def is_time_format(text: str) -> bool:
    """Return whether a text is a pattern of ``strftime`` such as ``%d %B %Y``, which holds no words."""
    rest = _TIME_DIRECTIVE.sub("", text)
    return rest != text and not any(character.isalpha() for character in rest)


def _lines(content: Content) -> list[Content]:
    r"""Return the lines of the content, each with its ``\n``, or with the ``\t`` that ends a column."""
    lines: list[Content] = []
    line: list[str | Tag] = []
    for piece in content:
        if isinstance(piece, Tag):
            line.append(piece)
            continue
        *complete, rest = re.split(r"(?<=[\n\t])", piece)
        for text in complete:
            lines.append((*line, text))
            line = []
        if rest:
            line.append(rest)
    return [*lines, tuple(line)] if line else lines


def _paragraphs(lines: list[Content]) -> Iterator[tuple[Content, int | None]]:
    """Join lines of a wrapped paragraph; yield each content and, if it was wrapped, the length of its longest line."""
    group: list[Content] = []
    for line in lines:
        if group and not _continues(plain_text(group[-1]), plain_text(line)):
            yield _joined(group)
            group = []
        group.append(line)
    if group:
        yield _joined(group)


def _continues(before: str, line: str) -> bool:
    """Return whether a line goes on with the sentence of the line before it."""
    text = before.rstrip()
    is_long = len(text) >= _NARROWEST and not before.endswith("\t")
    return is_long and not text.endswith(_SENTENCE_END) and line[:1].islower()


def _joined(group: list[Content]) -> tuple[Content, int | None]:
    content = tuple(piece for line in group for piece in line)
    return content, max(len(plain_text(line).rstrip()) for line in group) if len(group) > 1 else None


def outer_and_inner(content: Content) -> tuple[Content, Content, Content]:
    """Divide content into what is before its text, the text, and what is after it.

    Before and after are white space, the bullet of a list, the dash of a speaker or the notes of a song, and tags that
    stand alone or surround the whole text.
    """
    first, last = _bounds(content)
    if first > last:
        return content, (), ()
    inner = list(content[first : last + 1])
    before, after = content[:first], content[last + 1 :]
    if isinstance(inner[0], str) and (text := _without_bullet(inner[0].lstrip())) != inner[0]:
        before = (*before, inner[0][: len(inner[0]) - len(text)])
        inner[0] = text
    if isinstance(inner[-1], str) and (text := _without_notes(inner[-1])) != inner[-1]:
        after = (inner[-1][len(text) :], *after)
        inner[-1] = text
    return before, tuple(inner), after


def _without_bullet(text: str) -> str:
    bullet = _BULLET.match(text)
    return text[bullet.end() :] if bullet else text


def _without_notes(text: str) -> str:
    """Return a text without notes and white space at its end."""
    end = len(text)
    while end and (text[end - 1].isspace() or text[end - 1] in _NOTES):
        end -= 1
    return text[:end]


def _trimmed(content: Content, width: int | None = None) -> Iterator[str | Tag | Passage]:
    before, inner, after = outer_and_inner(content)
    yield from before
    for element in _elements_side_by_side(inner) or [inner]:
        own_before, own, own_after = outer_and_inner(element)
        yield from own_before
        if own:
            yield Passage(own, normalize(flatten(own)[0]), width)
        yield from own_after
    yield from after


def _elements_side_by_side(content: Content) -> list[Content]:
    """Return the elements of content that is nothing else, if no word or sentence runs from one into the next.

    Such are the links of a menu: ``<a>Home</a><a>News</a>``.
    """
    pairs = matching_tags(content)
    elements: list[Content] = []
    index = 0
    while index < len(content):
        if isinstance(content[index], str):
            return []
        end = pairs.get(index, index) + 1
        elements.append(content[index:end])
        index = end
    texts = [text for element in elements if (text := flatten(element)[0])]
    return elements if len(texts) > 1 and " ".join(texts) == flatten(content)[0] else []


def _bounds(content: Content) -> tuple[int, int]:
    """Return the first and last piece of the passage; tags outside of it stand alone or surround all of it."""
    texts = [i for i, piece in enumerate(content) if isinstance(piece, str) and _without_notes(piece)]
    if not texts:
        return 1, 0
    first, last = texts[0], texts[-1]
    for start, end in matching_tags(content).items():
        if start < texts[0] < end < texts[-1]:
            first = min(first, start)
        elif texts[0] < start < texts[-1] < end:
            last = max(last, end)
    return first, last


def wrapped(content: Content, width: int) -> Content:
    r"""Return the content with ``\n`` for some spaces, so that lines have at most ``width`` characters of text."""
    text = plain_text(content)
    breaks = set()
    start = last = 0
    for place in [*(i for i, character in enumerate(text) if character == " "), len(text)]:
        if place - start > width and last > start:
            breaks.add(last)
            start = last + 1
        last = place
    pieces: list[str | Tag] = []
    offset = 0
    for piece in content:
        if isinstance(piece, Tag):
            pieces.append(piece)
            continue
        pieces.append("".join("\n" if offset + i in breaks else character for i, character in enumerate(piece)))
        offset += len(piece)
    return tuple(pieces)
