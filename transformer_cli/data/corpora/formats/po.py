"""Gettext catalogues, entry by entry."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polib

from transformer_cli.config import LanguagesConfig
from transformer_cli.data.corpora.pairs import SentencePair
from transformer_cli.errors import DataError
from transformer_cli.text.languages import same_language
from transformer_cli.text.lines import Line, read_text_lines

_STRING = re.compile(r'(?:msg\w+(?:\[\d\])?\s+)?"(?:[^"\\]|\\.)*"')
_POLIB_LINE = re.compile(r"\(line (\d+)\)(?:: )?")


def read_po(path: Path, languages: LanguagesConfig) -> Iterator[SentencePair]:
    """Yield ``msgid`` and ``msgstr`` of each entry that is translated, not fuzzy and not obsolete.

    ``msgid`` is the source. If the header's ``Language`` is the recipe's source language, ``msgstr`` is the source
    instead. An entry with exactly two plural forms gives two pairs, the singulars and the plurals. An entry with fewer
    or more forms gives none, because it is unknown which form belongs to which number.

    Raises:
        DataError: The file cannot be read, is malformed or cut short, is not in UTF-8, or is in another language.
    """
    is_swapped = False
    for lines in _entries(path):
        catalogue = _parse(path, lines)
        if catalogue.metadata:
            is_swapped = _check_header(path, catalogue.metadata, languages)
        is_utf8 = not any(line.had_invalid_bytes for line in lines)
        for entry in catalogue:
            if entry.fuzzy or entry.obsolete:
                continue
            place = f"{path}:{next(line.number for line in lines if line.text.lstrip().startswith('msgid'))}"
            for source, target in _translations(entry):
                sides = (target, source) if is_swapped else (source, target)
                yield SentencePair(*sides, place, is_utf8)


def _translations(entry: Any) -> Iterator[tuple[str, str]]:
    if not entry.msgid_plural:
        pairs = [(entry.msgid, entry.msgstr)]
    elif set(entry.msgstr_plural) == {0, 1}:
        pairs = [(entry.msgid, entry.msgstr_plural[0]), (entry.msgid_plural, entry.msgstr_plural[1])]
    else:
        return
    yield from (pair for pair in pairs if all(pair))


def _entries(path: Path) -> Iterator[list[Line]]:
    """Yield the lines of one entry at a time; an entry ends after its last ``msgstr``."""
    entry: list[Line] = []
    has_id = has_translation = False
    for line in read_text_lines(path):
        text = line.text.strip()
        if text.startswith("#~"):
            text = text[2:].lstrip()  # an obsolete entry
        if text.startswith(("msg", '"')) and not _STRING.fullmatch(text):
            raise DataError(f"{path}:{line.number}: not a keyword and a quoted string; mend the line")
        if has_translation and text and not text.startswith(("msgstr", '"')):
            yield entry
            entry, has_id, has_translation = [], False, False
        has_id |= text.startswith("msgid")
        has_translation |= text.startswith("msgstr")
        entry.append(line)
    if has_id and not has_translation:
        raise DataError(f"{path}:{entry[-1].number}: cut short, the last entry has no msgstr; fetch or make it again")
    yield entry


class _Text(list[str]):
    """The lines of an entry, as polib expects them; a string's own method would also split at U+2028."""

    def splitlines(self) -> list[str]:
        return self


def _parse(path: Path, lines: list[Line]) -> Any:
    try:
        return polib.pofile(_Text(line.text for line in lines), encoding="utf-8")
    except OSError as error:  # polib's class for errors of syntax
        found = _POLIB_LINE.search(str(error))
        number = lines[0].number + (int(found[1]) - 1 if found else 0)
        reason = str(error)[found.end() :] if found else ""
        raise DataError(f"{path}:{number}: {reason or 'not the syntax of a .po file'}; mend the line") from None


def _check_header(path: Path, header: dict[str, str], languages: LanguagesConfig) -> bool:
    """Refuse a catalogue that would be misread; return whether it translates into the recipe's source language."""
    charset = header.get("Content-Type", "").lower().partition("charset=")[2].strip()
    if charset not in ("", "charset", "utf-8", "utf8", "ascii", "us-ascii"):
        raise DataError(f"{path} is {charset}, not UTF-8; convert it with: msgconv -t UTF-8 {path}")
    language = re.split("[@.]", header.get("Language", ""))[0]
    if not language or same_language(language, languages.target):
        return False
    if same_language(language, languages.source):
        return True
    raise DataError(
        f"{path}: translates into {language}, not into {languages.target} or {languages.source}; leave it out"
    )
