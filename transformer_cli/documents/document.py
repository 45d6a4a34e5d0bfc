"""A document: its text, the places in it that hold sentences, and a new text with translations in these places."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from transformer_cli.documents.content import Content, written
from transformer_cli.errors import DataError


@dataclass(frozen=True, slots=True)
class Splice:
    """A part of a document and the text that replaces it; offsets are in characters."""

    start: int
    end: int
    text: str


@dataclass(frozen=True, slots=True)
class Unit:
    """Texts that belong together, such as the singular and the plural of a message.

    Args:
        sources: The texts to translate.
        offset: Their place in the document, in characters.
        render: Function that returns the splices for the translations of ``sources``.
        has_translation: Whether the document has a translation of them already.
        replaces_source: Whether translations take the places of the texts, so that equal ones leave them as they are.
        is_flowing: Whether a line break is a space, as in HTML; otherwise it ends a line.
    """

    sources: tuple[Content, ...]
    offset: int
    render: Callable[[Sequence[Content]], Iterable[Splice]]
    has_translation: bool = False
    replaces_source: bool = False
    is_flowing: bool = False


@dataclass(frozen=True, slots=True)
class Document:
    """A document as it was read.

    Args:
        text: The whole document.
        units: Its texts in order.
    """

    text: str
    units: tuple[Unit, ...]

    def with_translations(self, translations: Mapping[int, Sequence[Content]]) -> str:
        """Return the document with translations.

        Args:
            translations: For indices of `units`, a translation for each of the unit's sources.
        """
        chosen = ((self.units[index], tuple(texts)) for index, texts in translations.items())
        changed = (
            (unit, texts) for unit, texts in chosen if not (unit.replaces_source and _is_same(texts, unit.sources))
        )
        return spliced(self.text, (splice for unit, texts in changed for splice in unit.render(texts)))


@dataclass(frozen=True, slots=True)
class Task:
    """What is to be done with a document.

    Args:
        source_language: Code of the model's source language.
        target_language: Code of the model's target language.
        is_final: Whether translations are written as finished, without the format's mark for a machine's work.
    """

    source_language: str
    target_language: str
    is_final: bool = False


class Reader(Protocol):
    """Reads one kind of document."""

    def __call__(self, text: str, task: Task) -> Document:
        """Return the document.

        Raises:
            DataError: The text is not of this kind, or is cut short; the message begins with the place.
        """
        ...


def _is_same(contents: Sequence[Content], others: Sequence[Content]) -> bool:
    pairs = zip(contents, others, strict=True)
    return all(written(content, str) == written(other, str) for content, other in pairs)


def spliced(text: str, splices: Iterable[Splice]) -> str:
    """Return ``text`` with all splices; equal ones count once, insertions at one place follow each other as given."""
    parts, end = [], 0
    for splice in sorted(dict.fromkeys(splices), key=lambda splice: (splice.start, splice.end)):
        parts += [text[end : splice.start], splice.text]
        end = splice.end
    return "".join([*parts, text[end:]])


def line_end_of(text: str) -> str:
    """Return the line break of a document, which is that of its first line."""
    end = text.find("\n")
    return "\r\n" if end > 0 and text[end - 1] == "\r" else "\n"


def line_of(text: str, offset: int) -> int:
    """Return the number of the line at an offset, counted from 1."""
    return text.count("\n", 0, offset) + 1


def damaged(text: str, offset: int, problem: str) -> DataError:
    """Return an error that names the line at an offset."""
    return DataError(f"line {line_of(text, offset)}: {problem}")
