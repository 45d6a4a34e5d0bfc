"""Translation memories: TMX 1.4 (https://www.gala-global.org/tmx-14b), one unit in memory at a time."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.sax import SAXParseException
from xml.sax.handler import ContentHandler, feature_external_ges

from defusedxml.common import DefusedXmlException
from defusedxml.expatreader import create_parser

from transformer_cli.config import LanguagesConfig
from transformer_cli.data.corpora.pairs import SentencePair, choose_languages
from transformer_cli.errors import DataError
from transformer_cli.files.os_errors import explain_os_errors
from transformer_cli.files.packed import open_text_input

_CHUNK = 1 << 16
_NATIVE_CODES = frozenset({"bpt", "ept", "it", "ph", "ut"})


def read_tmx(path: Path, languages: LanguagesConfig) -> Iterator[SentencePair]:
    """Yield one pair for each unit that has both languages, regions matched as in `choose_languages`.

    If a unit has several variants in one language, the first is taken. Inline elements are removed: the content of
    ``<bpt> <ept> <it> <ph> <ut>`` is dropped, the text of ``<hi>`` stays, and the text of ``<sub>`` (a footnote, a
    tooltip) stays with a space on both sides. The file may have any encoding that its XML declaration names.

    Raises:
        DataError: The file cannot be read, is not TMX, is cut short, declares entities, or no unit has both languages.
    """
    units = _Units(path, languages)
    # Declarations of entities are refused. Most memories name a DTD in their first lines; it is skipped and never
    # fetched. `forbid_external` would refuse such a file.
    parser = create_parser(forbid_external=False)
    parser.setFeature(feature_external_ges, False)
    parser.setContentHandler(units)
    with open_text_input(path) as stream, explain_os_errors(path, "read", DataError):
        chunk = None
        while chunk != b"":
            chunk = stream.read(_CHUNK)
            _parse(parser, units, chunk)
            yield from units.take()
    if units.number and not units.number_of_pairs:
        there = ", ".join(sorted(units.languages_seen)) or "none"
        raise DataError(
            f"{path}: no unit has both {languages.source} and {languages.target}, the languages there are {there}; "
            "set [languages] to two of them"
        )


def _parse(parser: Any, units: _Units, chunk: bytes) -> None:
    try:
        parser.feed(chunk)  # even an empty one: a parser that was never fed reports no error
        if not chunk:
            parser.close()
    except SAXParseException as error:
        raise DataError(
            f"{units.path}:{error.getLineNumber()}: not well-formed XML in or after unit {units.number} "
            f"({error.getMessage()}); the file is cut short or damaged, export it again"
        ) from None
    except DefusedXmlException:
        raise DataError(
            f"{units.path}:{parser.getLineNumber()}: declares an entity, which can fill the memory or "
            "read other files; export it without entities"
        ) from None


class _Units(ContentHandler):
    """Collects the units that the parser has read."""

    def __init__(self, path: Path, languages: LanguagesConfig) -> None:
        super().__init__()
        self.path = path
        self.number = 0
        self.number_of_pairs = 0
        self.languages_seen: set[str] = set()
        self._languages = languages
        self._root: str | None = None
        self._done: list[SentencePair] = []
        self._variants: dict[str, str] = {}
        self._language = ""
        self._text: list[str] = []
        self._is_kept: list[bool] = []  # for <seg> and each element open inside it: whether its text counts

    def take(self) -> list[SentencePair]:
        """Return the pairs collected since the last call."""
        done, self._done = self._done, []
        return done

    def startElement(self, name: str, attrs: Any) -> None:  # noqa: N802
        """Begin a unit, a variant, a segment, or an inline element."""
        if self._root is None:
            self._root = name
            if name != "tmx":
                raise DataError(f"{self.path}: the root element is <{name}>, not <tmx>; export the memory as TMX 1.4")
        if self._is_kept:
            if name == "sub" or (name in _NATIVE_CODES and attrs.get("type") == "lb"):
                self._text.append(" ")
            self._is_kept.append(name == "sub" or (self._is_kept[-1] and name not in _NATIVE_CODES))
        elif name == "tu":
            self.number += 1
            self._variants = {}
        elif name == "tuv":
            self._language = attrs.get("xml:lang") or attrs.get("lang") or ""
        elif name == "seg":
            self._text = []
            self._is_kept = [True]

    def characters(self, content: str) -> None:
        """Add text to the segment."""
        if self._is_kept and self._is_kept[-1]:
            self._text.append(content)

    def endElement(self, name: str) -> None:  # noqa: N802
        """Complete what `startElement` began."""
        if self._is_kept:
            self._is_kept.pop()
            if name == "sub":
                self._text.append(" ")
            if not self._is_kept and self._language:
                self._variants.setdefault(self._language, "".join(self._text))
        elif name == "tu":
            if len(self.languages_seen) < 20:  # enough for a message
                self.languages_seen.update(self._variants)
            if found := choose_languages(self._variants, self._languages):
                source, target = (self._variants[code] for code in found)
                self._done.append(SentencePair(source, target, f"{self.path}: unit {self.number}"))
                self.number_of_pairs += 1

    def skippedEntity(self, name: str) -> None:  # noqa: N802
        """Refuse an entity of an unread DTD, because its text would be missing."""
        raise DataError(
            f"{self.path}: unit {self.number}: the entity &{name}; is defined elsewhere; export it without entities"
        )
