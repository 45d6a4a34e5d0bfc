"""Text with inline tags."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from transformer_cli.documents.words import is_unspaced

_STRING_TAG = re.compile(
    r"""<(?P<end>/?)(?P<name>[A-Za-z][\w:.-]*|[0-9]{1,3})(?:\s(?:[^<>"']|"[^"]*"|'[^']*')*?)?(?P<empty>/?)>"""
)
_SPACES = re.compile(r"[ \u2028\u2029\x00-\x1f\x7f-\x9f]+")
_SENTENCE_END = re.compile(r"""([^\W\d_]{2})\s?[.!?…][»”"')\]]*\Z""")
_LAST_CHARACTERS = 16  # of a text in which a sentence can be seen to end
_UNSEEN = re.compile(r"<(?:wbr\b|!--|/?su[bp]\b|/?r[pt]\b)")  # what may stand inside a word
_SPAN = re.compile(r"</?(?:g|pc|bpt|ept|mrk|sc|ec|it|hi)\b")  # of XLIFF and TMX, where each space is written
_LINK = re.compile(r"</?[Aa]\b")
_VOID = frozenset({"br", "hr", "img", "wbr"})

TagKind = Literal["open", "close", "single"]


@dataclass(frozen=True, slots=True)
class Tag:
    """An inline tag, or anything else inside a sentence that is not text.

    Args:
        kind: "open" and "close" surround text; "single" stands between words.
        source: Its characters in the document.
    """

    kind: TagKind
    source: str


Content = tuple[str | Tag, ...]
"""Texts and tags in order. A "close" ends the last "open" that is not ended; others count as "single"."""


def plain_text(content: Content) -> str:
    """Return the text without its tags."""
    return "".join(piece for piece in content if isinstance(piece, str))


def written(content: Content, escape: Callable[[str], str]) -> str:
    """Return the content as it stands in a document.

    Args:
        content: Texts and tags.
        escape: Function that writes a text; tags are written as they were.
    """
    return "".join(escape(piece) if isinstance(piece, str) else piece.source for piece in content)


def matching_tags(content: Content) -> dict[int, int]:
    """Return the index of the "close" of each "open", for those that nest."""
    pairs, is_open = {}, []
    for index, piece in enumerate(content):
        if isinstance(piece, str) or piece.kind == "single":
            continue
        if piece.kind == "open":
            is_open.append(index)
        elif is_open:
            pairs[is_open.pop()] = index
    return pairs


def has_whole_pairs(content: Content) -> bool:
    """Return whether each tag that surrounds text has its other half."""
    paired = sum(isinstance(piece, Tag) and piece.kind != "single" for piece in content)
    return 2 * len(matching_tags(content)) == paired


def flatten(content: Content) -> tuple[str, dict[int, int]]:
    """Return the text for a model, and for the index of each tag its offset in that text.

    White space and controls become single spaces. A single tag between two words becomes a space, so does the end of an
    element of HTML that is followed by the beginning of another, unless none is a link and a small letter goes on as in
    ``<b>Inter</b><i>national</i>``, and so does any tag between the end of a sentence and a capital: else the model
    would see one word.
    """
    text, offsets = "", {}
    kinds: set[str] = set()  # of the tags since the last text
    for index, piece in enumerate(content):
        if isinstance(piece, Tag):
            offsets[index] = len(text)
            if not _UNSEEN.match(piece.source):
                kinds.add("span" if _SPAN.match(piece.source) else piece.kind)
            if _LINK.match(piece.source):
                kinds.add("link")
            continue
        own = _SPACES.sub(" ", piece)
        if text.endswith(" "):
            own = own.removeprefix(" ")
        elif own and kinds and (_are_sentences(text, own) or (_divide(kinds, text, own) and _are_apart(text, own))):
            own = f" {own}"
        if own:
            kinds.clear()
        text += own
    return text, offsets


def _divide(kinds: set[str], text: str, following: str) -> bool:
    """Return whether tags divide the words beside them, unlike the one in ``<b>W</b>ort``."""
    if kinds - {"link"} == {"close", "open"}:
        goes_on = following[0].islower() and "link" not in kinds
        return not (goes_on or is_unspaced(text[-1:]) or is_unspaced(following[0]))
    return "single" in kinds


def _are_apart(text: str, following: str) -> bool:
    """Return whether two texts end and begin words or clauses."""
    if text[-1:].isalnum():
        return following[0].isalnum()
    if text.endswith((".", ":")):  # not in "www.", "C:"
        return following[:2].istitle()
    return text.endswith((",", ";", "!", "?", "…")) and following[0].isalpha()


def _are_sentences(text: str, following: str) -> bool:
    """Return whether a sentence ends and another one begins, unlike in ``ASP.<b>NET</b>``."""
    if not following[:2].istitle():
        return False
    end = _SENTENCE_END.search(text[-_LAST_CHARACTERS:])
    return end is not None and end[1].islower()


def read_string(text: str) -> Content:
    """Return the content of a string of a program, in which tags are written as in HTML.

    Only tags that surround text, ``<tag/>`` and ``<br>`` count. Any other ``<name>`` is a word of the string.
    """
    return tuple(_pieces(text, _STRING_TAG, str, keeps_single=False))


def tagged(text: str, tag: re.Pattern[str], unescape: Callable[[str], str]) -> Content:
    """Return the content of a text in which everything that looks like a tag is one.

    Args:
        text: The text as it is written.
        tag: Pattern of a tag. Its group "name" is the name of a tag that can surround text, "end" is "/" if it is the
            second of the two.
        unescape: Function that reads what is between tags.
    """
    return tuple(_pieces(text, tag, unescape, keeps_single=True))


def with_codes(content: Content, codes: Callable[[str], Iterable[tuple[int, int]]]) -> Content:
    """Return content in which parts of the texts are tags that stand alone.

    Args:
        content: Texts and tags.
        codes: Function that returns the offsets of these parts of a text, in order.
    """
    pieces: list[str | Tag] = []
    for piece in content:
        if isinstance(piece, Tag):
            pieces.append(piece)
            continue
        cursor = 0
        for start, end in codes(piece):
            pieces += [piece[cursor:start]] if start > cursor else []
            pieces.append(Tag("single", piece[start:end]))
            cursor = end
        pieces += [piece[cursor:]] if cursor < len(piece) else []
    return tuple(pieces)


def kinds_of_pairs(tags: Iterable[tuple[int, str, bool]]) -> dict[int, TagKind]:
    """Return "open" and "close" for the tags that belong together.

    The end of an element belongs to the last tag of its name that is not ended. Tags that began after that one have no
    end.

    Args:
        tags: Index, name, and whether it ends an element, for each tag that can surround text.
    """
    kinds: dict[int, TagKind] = {}
    is_open: list[tuple[str, int]] = []
    for index, name, is_end in tags:
        if not is_end:
            is_open.append((name, index))
        elif same := [place for place, (other, _) in enumerate(is_open) if other == name]:
            kinds[is_open[same[-1]][1]], kinds[index] = "open", "close"
            del is_open[same[-1] :]
    return kinds


def _stands_alone(tag: re.Match[str]) -> bool:
    groups = tag.groupdict()
    return bool(groups.get("empty")) or not groups["name"] or groups["name"].lower() in _VOID


def _pieces(
    text: str, tag: re.Pattern[str], unescape: Callable[[str], str], *, keeps_single: bool
) -> Iterator[str | Tag]:
    found = list(tag.finditer(text))
    alone = {i for i, match in enumerate(found) if _stands_alone(match)}
    singles = range(len(found)) if keeps_single else alone
    others = ((i, match["name"], bool(match["end"])) for i, match in enumerate(found) if i not in alone)
    kinds: dict[int, TagKind] = {**dict.fromkeys(singles, "single"), **kinds_of_pairs(others)}
    end = 0
    for index, match in enumerate(found):
        if index not in kinds:
            continue
        if match.start() > end:
            yield unescape(text[end : match.start()])
        yield Tag(kinds[index], match[0])
        end = match.end()
    if end < len(text):
        yield unescape(text[end:])
