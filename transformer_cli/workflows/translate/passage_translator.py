"""Translates the passages of documents: equal ones once, known ones from a memory, tags put back by alignment."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice
from textwrap import shorten
from typing import TYPE_CHECKING

from transformer_cli.documents.content import Content, Tag, plain_text
from transformer_cli.documents.document import Document
from transformer_cli.documents.passages import Passage, assemble, divide, is_time_format, wrapped
from transformer_cli.documents.whole_placeholders import project_around_placeholders
from transformer_cli.workflows.translate.output_format import missing_message
from transformer_cli.workflows.translate.settings import TranslationSettings
from transformer_cli.workflows.translate.translator import Translator

if TYPE_CHECKING:
    from transformer_cli.decoding.line_translator import Translation

logger = logging.getLogger(__name__)

_AT_ONCE = 1000


class PassageTranslator:
    """Translates the passages of documents.

    Args:
        open_translator: Function that loads the model; it is called when the first passage has to be translated.
        settings: Settings of the translation.
        memory: Translations that are known, of whole texts and of passages; they are used where no inline tags are.
        progress: Called with the number of different passages translated so far.
    """

    def __init__(
        self,
        open_translator: Callable[[], Translator],
        settings: TranslationSettings = TranslationSettings(),
        memory: Mapping[str, str] | None = None,
        progress: Callable[[int], None] = lambda _: None,
    ) -> None:
        self.count = 0
        self.remembered = 0
        self.done = 0
        self._open = open_translator
        self._settings = settings
        self._memory = memory or {}
        self._progress = progress
        self._translator: Translator | None = None
        self._translations: dict[Passage, Content] = {}

    def translate(self, document: Document, *, replace_all: bool) -> str:
        """Return the text of a document with translations of all units that lack one, or of all units."""
        units = {i: unit for i, unit in enumerate(document.units) if replace_all or not unit.has_translation}
        parts = {
            i: [self._divided(text, is_flowing=unit.is_flowing) for text in unit.sources] for i, unit in units.items()
        }
        every = (part for sources in parts.values() for source in sources for part in source)
        self._fill([part for part in every if isinstance(part, Passage) and _has_words(part)])
        contents = {i: [assemble(source, self._translations) for source in sources] for i, sources in parts.items()}
        return document.with_translations(contents)

    def close(self) -> None:
        """Free the model."""
        if self._translator is not None:
            self._translator.close()

    def _divided(self, content: Content, *, is_flowing: bool) -> tuple[str | Tag | Passage, ...]:
        """Return content divided as by `divide`, or the translation of all of it that the memory has."""
        parts = divide(content, is_flowing=is_flowing)
        count = sum(isinstance(part, Passage) and _has_words(part) for part in parts)
        text = plain_text(content)
        known = self._memory.get(text.strip())
        if known is None or is_flowing or not count or any(isinstance(piece, Tag) for piece in content):
            return parts
        self.count += count
        self.remembered += count
        before, _, after = text.partition(text.strip())
        return (f"{before}{known}{after}",)

    def _fill(self, passages: Sequence[Passage]) -> None:
        """Find translations of passages."""
        self.count += len(passages)
        missing = []
        for passage in passages:
            known = None if _has_tags(passage) else self._memory.get(passage.line)
            if known is not None:
                self._translations[passage] = _in_lines((known,), passage)
                self.remembered += 1
            elif passage not in self._translations:
                missing.append(passage)
        for passage, translation in self._search_all(list(dict.fromkeys(missing))):
            if translation.missing:
                logger.warning(missing_message(f'"{shorten(passage.line, 60, placeholder="…")}"', translation))
            self._translations[passage] = _placed(passage, translation)

    def _search_all(self, passages: Sequence[Passage]) -> Iterator[tuple[Passage, Translation]]:
        # Only tags need an alignment, which not every engine can give.
        can_align = self._settings.engine != "ctranslate2"
        with_tags = [passage for passage in passages if _has_tags(passage)]
        without = [passage for passage in passages if not _has_tags(passage)]
        for group, is_aligned in ((with_tags, can_align), (without, False)):
            remaining = iter(group)
            while some := list(islice(remaining, _AT_ONCE)):
                yield from zip(some, self._search(some, is_aligned), strict=True)
                self.done += len(some)
                self._progress(self.done)

    def _search(self, passages: Sequence[Passage], is_aligned: bool) -> list[Translation]:
        self._translator = self._translator or self._open()
        settings = self._settings
        return self._translator.translate_detailed(
            [passage.line for passage in passages],
            with_alignment=is_aligned,
            prefix=settings.prefix,
            sampling=settings.sampling,
            mbr_candidates=settings.mbr_candidates,
        )


def _has_words(passage: Passage) -> bool:
    return any(character.isalpha() for character in passage.line) and not is_time_format(passage.line)


def _has_tags(passage: Passage) -> bool:
    return any(isinstance(piece, Tag) for piece in passage.content)


def _placed(passage: Passage, translation: Translation) -> Content:
    """Return the translation with the tags of the passage, in lines as wide as its own."""
    if translation.text in ("", passage.line):  # an empty translation would leave a hole
        return passage.content
    content = project_around_placeholders(passage.content, translation.text, translation.alignment)
    return _in_lines(content, passage)


def _in_lines(content: Content, passage: Passage) -> Content:
    """Return a translation in lines as wide as those of its passage."""
    return wrapped(content, passage.width) if passage.width else content
