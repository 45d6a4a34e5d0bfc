"""Translation memories: TMX 1.4 (https://www.gala-global.org/tmx-14b), one unit in memory at a time."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from transformer_cli.config import LanguagesConfig
from transformer_cli.data.corpora.inline_codes import SegmentText
from transformer_cli.data.corpora.pairs import SentencePair, choose_languages
from transformer_cli.data.corpora.xml_input import PairHandler, read_units
from transformer_cli.errors import DataError


def read_tmx(path: Path, languages: LanguagesConfig) -> Iterator[SentencePair]:
    """Yield one pair for each unit that has both languages, regions matched as in `choose_languages`.

    If a unit has several variants in one language, the first is taken. Inline codes are read as `SegmentText` says. A
    unit with a character that XML forbids comes out with the fault ``forbidden_character``; one with a side that nobody
    but a machine has written, which is named ``MT!`` then, with ``needs_review``.

    Raises:
        DataError: The file cannot be read, is not TMX, is cut short, declares entities, is in another encoding than it
            declares, or no unit has both languages.
    """
    units = _Units(path, languages)
    yield from read_units(units)
    if units.number and not units.number_of_pairs:
        there = ", ".join(sorted(units.languages_seen)) or "none"
        raise DataError(
            f"{path}: no unit has both {languages.source} and {languages.target}, the languages there are {there}; "
            "set [languages] to two of them"
        )


class _Units(PairHandler):
    """Collects the units that the parser has read."""

    def __init__(self, path: Path, languages: LanguagesConfig) -> None:
        super().__init__(path)
        self.number_of_pairs = 0
        self.languages_seen: set[str] = set()
        self._languages = languages
        self._root: str | None = None
        self._variants: dict[str, str] = {}
        self._last_hand = ""  # the name of who has created or changed the unit
        self._by_machine: set[str] = set()
        self._language = ""
        self._segment: SegmentText | None = None
        self._depth = 0  # of the elements open inside <seg>

    def startElement(self, name: str, attrs: Any) -> None:  # noqa: N802
        """Begin a unit, a variant, a segment, or an inline element."""
        if self._root is None:
            self._root = name
            if name != "tmx":
                raise DataError(f"{self.path}: the root element is <{name}>, not <tmx>; export the memory as TMX 1.4")
        if self._segment is not None:
            self._segment.start(name, attrs)
            self._depth += 1
        elif name == "tu":
            self.number += 1
            self._variants, self._by_machine = {}, set()
            self._last_hand = attrs.get("changeid") or attrs.get("creationid") or ""
        elif name == "tuv":
            self._language = attrs.get("xml:lang") or attrs.get("lang") or ""
            last_hand = attrs.get("changeid") or attrs.get("creationid") or self._last_hand
            if last_hand == "MT!" and self._language not in self._variants:
                self._by_machine.add(self._language)
        elif name == "seg":
            self._segment = SegmentText()

    def characters(self, content: str) -> None:
        """Add text to the segment."""
        if self._segment is not None:
            self._segment.characters(content)

    def endElement(self, name: str) -> None:  # noqa: N802
        """Complete what `startElement` began."""
        if self._segment is not None and self._depth:
            self._segment.end()
            self._depth -= 1
        elif self._segment is not None:
            if self._language:
                self._variants.setdefault(self._language, self._segment.text())
            self._segment = None
        elif name == "tu":
            if len(self.languages_seen) < 20:  # enough for a message
                self.languages_seen.update(self._variants)
            if found := choose_languages(self._variants, self._languages):
                fault = None if self._by_machine.isdisjoint(found) else "needs_review"
                source, target = (self._variants[code] for code in found)
                self.add(source, target, fault)
                self.number_of_pairs += 1
