"""Files of translation tools: XLIFF 1.2 and 2 (http://docs.oasis-open.org/xliff/), one unit in memory at a time."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from transformer_cli.config import LanguagesConfig
from transformer_cli.data.corpora.inline_codes import SegmentText
from transformer_cli.data.corpora.pairs import SentencePair, choose_languages
from transformer_cli.data.corpora.xml_input import PairHandler, read_units
from transformer_cli.errors import DataError
from transformer_cli.text.languages import same_language

_UNITS = ("trans-unit", "unit")
_UNTRANSLATED = ("new", "needs-translation", "initial")
_DONE = ("translated", "signed-off", "reviewed", "final")
# Qualifiers of a state (XLIFF 1.2), and of a subState (XLIFF 2), of which no person has seen the translation.
_BY_MACHINE = ("mt-suggestion", "leveraged-mt", "fuzzy-match", "rejected", "mt", "machine")


def read_xliff(path: Path, languages: LanguagesConfig) -> Iterator[SentencePair]:
    """Yield a pair for each unit or, where a unit is segmented, for each segment.

    A file from the recipe's target to its source language is read the other way round. Inline codes are read as
    `SegmentText` says. A pair has a fault by its state: ``untranslated`` without a target, with a state that says so,
    or if it is not to be translated; ``needs_review`` if the state begins with ``needs-``, or names a machine or an
    inexact match and nobody has approved it. A target without a state counts as translated.

    Raises:
        DataError: The file cannot be read, is not XLIFF, is cut short, declares entities, has another encoding than it
            declares, or no part of it has the recipe's languages.
    """
    units = _Units(path, languages)
    yield from read_units(units)
    if units.number and not units.has_languages:
        raise DataError(
            f"{path}: no part translates from {languages.source} into {languages.target} or back, but from "
            f"{' and '.join(units.languages_seen[:5]) or 'no language'}; set [languages] to two of them"
        )


class _Units(PairHandler):
    """Collects the units that the parser has read."""

    def __init__(self, path: Path, languages: LanguagesConfig) -> None:
        super().__init__(path)
        self.has_languages = False
        self.languages_seen: list[str] = []
        self._languages = languages
        self._is_swapped: bool | None = None  # None: this part of the file is in other languages
        self._prefix = ""
        self._open: list[str] = []
        self._translate = ["yes"]  # whether to translate what is inside each open element, which inner ones inherit
        self._unit: dict[str, str] = {}
        self._data: dict[str, str] = {}  # XLIFF 2: the original text of codes
        self._code_text: list[str] | None = None
        self._sides: dict[str, _Side] = {}
        self._state: dict[str, str] = {}
        self._side: _Side | None = None
        self._depth = 0  # of the elements open inside the side

    def startElement(self, name: str, attrs: Any) -> None:  # noqa: N802
        """Begin a file, a unit, a segment, a side, or an inline element."""
        if not self._open:
            self._start_root(name, attrs)
        name = name.removeprefix(self._prefix)
        parent = self._open[-1] if self._open else ""
        self._open.append(name)
        self._translate.append(attrs.get("translate") or self._translate[-1])
        if self._side is not None:
            self._side.start(name, attrs)
            self._depth += 1
        elif name == "file" and "source-language" in attrs:
            self._set_languages(attrs.get("source-language"), attrs.get("target-language"))
        elif name in _UNITS:
            self.number += 1
            self._unit = dict(attrs.items()) | {"translate": self._translate[-1]}
            self._data, self._sides, self._state = {}, {}, {}
        elif name == "segment":
            self._sides, self._state = {}, dict(attrs.items())
        elif name in ("source", "seg-source", "target") and parent in ("trans-unit", "segment"):
            self._side = self._sides[name] = _Side(self._data)
            if name == "target" and parent == "trans-unit":
                self._state = dict(attrs.items())
        elif name == "data" and parent == "originalData":
            self._data_id, self._code_text = attrs.get("id") or "", []

    def characters(self, content: str) -> None:
        """Add text to the side, or to the original text of a code."""
        if self._side is not None:
            self._side.characters(content)
        elif self._code_text is not None:
            self._code_text.append(content)

    def endElement(self, name: str) -> None:  # noqa: N802
        """Complete what `startElement` began."""
        name = self._open.pop()
        self._translate.pop()
        if self._side is not None and self._depth:
            self._side.end()
            self._depth -= 1
        elif self._side is not None:
            self._side = None
        elif name == "data" and self._code_text is not None:
            self._data[self._data_id] = "".join(self._code_text)
            self._code_text = None
        elif name in ("trans-unit", "segment"):
            self._complete()

    def _start_root(self, name: str, attrs: Any) -> None:
        self._prefix = name.removesuffix("xliff")
        if name != f"{self._prefix}xliff" or self._prefix[-1:] not in ("", ":"):
            raise DataError(f"{self.path}: the root element is <{name}>, not <xliff>; export it as XLIFF")
        if "srcLang" in attrs:
            self._set_languages(attrs.get("srcLang"), attrs.get("trgLang"))

    def _set_languages(self, source: str | None, target: str | None) -> None:
        codes = [code for code in (source, target) if code]
        if len(codes) == 2:
            found = choose_languages(codes, self._languages)
            self._is_swapped = None if found is None else found[0] != source
        elif codes:  # the target is to be told by others
            fits = [same_language(codes[0], each) for each in (self._languages.source, self._languages.target)]
            self._is_swapped = None if not any(fits) else not fits[0]
        self.has_languages |= self._is_swapped is not None
        self.languages_seen.append(" into ".join(codes))

    def _complete(self) -> None:
        """Add the pairs of a unit or a segment."""
        if self._is_swapped is None or "source" not in self._sides:
            return
        empty = _Side({})
        source, target = (self._sides.get(name, empty) for name in ("source", "target"))
        segments = self._sides.get("seg-source", empty).segments
        if segments and segments.keys() & target.segments.keys():
            pairs = [(text.text(), target.segment(number)) for number, text in segments.items()]
        else:
            pairs = [(source.text(), target.text())]
        for sides in pairs:
            self.add(*(sides[::-1] if self._is_swapped else sides), self._fault(sides[1]))

    def _fault(self, target: str) -> str | None:
        """Return the rule that a pair breaks by the state of its unit, or None."""
        state = self._state.get("state", "")
        if self._unit.get("translate") == "no" or not target.strip():
            return "untranslated"
        if self._unit.get("approved") == "yes" or state in ("signed-off", "reviewed", "final"):
            return None
        if state in _UNTRANSLATED:
            return "untranslated"
        qualifier = self._state.get("state-qualifier") or self._state.get("subState", "").rpartition(":")[2]
        is_unseen = state not in ("", *_DONE) or qualifier.startswith(_BY_MACHINE)
        return "needs_review" if is_unseen else None


class _Side:
    """A source or target: its whole text, and in XLIFF 1.2 the text of each segment in it, by number."""

    def __init__(self, data: dict[str, str]) -> None:
        self.segments: dict[str, SegmentText] = {}
        self._data = data
        self._whole = SegmentText(data)
        self._segment: SegmentText | None = None
        self._depth = 0  # of the elements open inside the segment

    def start(self, name: str, attributes: Any) -> None:
        """Begin an inline element."""
        self._whole.start(name, attributes)
        if self._segment is not None:
            self._segment.start(name, attributes)
            self._depth += 1
        elif name == "mrk" and attributes.get("mtype") == "seg":
            self._segment = self.segments[attributes.get("mid") or ""] = SegmentText(self._data)

    def characters(self, content: str) -> None:
        """Add text."""
        self._whole.characters(content)
        if self._segment is not None:
            self._segment.characters(content)

    def end(self) -> None:
        """Complete the innermost inline element."""
        self._whole.end()
        if self._segment is not None and self._depth:
            self._segment.end()
            self._depth -= 1
        else:
            self._segment = None

    def text(self) -> str:
        """Return the whole text."""
        return self._whole.text()

    def segment(self, number: str) -> str:
        """Return the text of a segment, or "" if there is none of this number."""
        return self.segments[number].text() if number in self.segments else ""
