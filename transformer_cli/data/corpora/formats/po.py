"""Gettext catalogues, entry by entry."""

from __future__ import annotations

import re
from collections.abc import Iterator
from gettext import c2py
from pathlib import Path
from typing import Any

import polib

from transformer_cli.config import LanguagesConfig
from transformer_cli.data.corpora.pairs import SentencePair
from transformer_cli.errors import DataError
from transformer_cli.text.languages import same_language
from transformer_cli.text.lines import Line, read_text_lines

_STRING = re.compile(r'(?:msg\w+(?:\[\d\])?\s+)?"(?:[^"\\]|\\.)*"')
_ID = re.compile(r"\s*(#~\s*)?msgid\b")
_PLURAL_RULE = re.compile(r"\bplural\s*=([^;]*)")
_DIRECTIVE = re.compile(r"%(?:\(\w+\))?(?:\d+\$)?[-+#0']*\d*(?:\.\d+)?l*[a-zA-Z]|\{[^{}\s]*\}")
_POLIB_LINE = re.compile(r"\(line (\d+)\)(?:: )?")


def read_po(path: Path, languages: LanguagesConfig) -> Iterator[SentencePair]:
    """Yield ``msgid`` and ``msgstr`` of each entry, and a pair for each of its plural forms.

    ``msgid`` is the source. If the header's ``Language`` is the recipe's source language, ``msgstr`` is the source
    instead. A pair that is not fit to be learned has a fault: ``fuzzy``, ``obsolete``, ``untranslated`` or
    ``plural_form`` (see `_plural_pairs`).

    Raises:
        DataError: The file cannot be read, is malformed or cut short, is not in UTF-8, or is in another language.
    """
    is_swapped, form_for_one = False, None
    for lines in _entries(path):
        catalogue = _parse(path, lines)
        if catalogue.metadata:
            is_swapped = _check_header(path, catalogue.metadata, languages)
            form_for_one = _form_for_one(catalogue.metadata)
        is_utf8 = not any(line.had_invalid_bytes for line in lines)
        for entry in catalogue:
            place = f"{path}:{next(line.number for line in lines if _ID.match(line.text))}"
            state = "obsolete" if entry.obsolete else "fuzzy" if entry.fuzzy else None
            for source, target, fault in _translations(entry, form_for_one):
                sides = (target, source) if is_swapped else (source, target)
                yield SentencePair(*sides, place, is_utf8, state or fault)


def _translations(entry: Any, form_for_one: int | None) -> Iterator[tuple[str, str, str | None]]:
    """Yield the texts of an entry in both languages, each pair with its fault."""
    if entry.msgid_plural and entry.msgstr_plural:
        yield from _plural_pairs(entry.msgid, entry.msgid_plural, entry.msgstr_plural, form_for_one)
    elif entry.msgid_plural:  # the numbers that its translation is for are missing
        yield entry.msgid_plural, entry.msgstr, "plural_form" if entry.msgstr else "untranslated"
    else:
        yield entry.msgid, entry.msgstr, None if entry.msgstr else "untranslated"


def _plural_pairs(
    singular: str, plural: str, forms: dict[int, str], form_for_one: int | None
) -> Iterator[tuple[str, str, str | None]]:
    """Yield each plural form with its counterpart; a form that has no single counterpart has the fault ``plural_form``.

    The form for 1 belongs to the singular, and the only other one to the plural; of several others it is unknown which
    numbers they are for. A language with one form for all numbers has it for the plural. If the header has no rule, two
    forms are taken for singular and plural. A form for 1 that lacks a placeholder of the singular, or has another one,
    is also for other numbers ("One file", "%d fichier") and is no translation of it.
    """
    if form_for_one is None and len(forms) == 2:
        form_for_one = 0
    for number, form in forms.items():
        if not form:
            yield plural, form, "untranslated"
        elif number == form_for_one and len(forms) > 1:
            is_same = sorted(_DIRECTIVE.findall(singular)) == sorted(_DIRECTIVE.findall(form))
            yield singular, form, None if is_same else "plural_form"
        else:
            yield plural, form, "plural_form" if form_for_one is None or len(forms) > 2 else None


def _form_for_one(header: dict[str, str]) -> int | None:
    """Return the number of the plural form for 1, or None if the header has no rule that can be computed."""
    rule = _PLURAL_RULE.search(header.get("Plural-Forms", ""))
    try:
        return int(c2py(rule[1].strip())(1)) if rule else None
    except (ValueError, ZeroDivisionError):
        return None


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
