"""Reads glossaries: tables of two columns (.tsv, .csv), and TBX."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from transformer_cli.config import LanguagesConfig
from transformer_cli.data.corpora.formats.tables.rows import Dialect, read_rows
from transformer_cli.decoding.placeholders.glossary import Glossary
from transformer_cli.errors import DataError, UsageError
from transformer_cli.files.os_errors import explain_os_errors
from transformer_cli.text.encodings import conversion, other_encoding, probable_encoding, wide_decoder
from transformer_cli.text.language_names import language_of_heading, side_of_heading
from transformer_cli.text.languages import same_language
from transformer_cli.text.lines import Line
from transformer_cli.text.normalization import normalize
from transformer_cli.workflows.translate.settings import TranslationSettings

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

logger = logging.getLogger(__name__)

_LANGUAGE = "{http://www.w3.org/XML/1998/namespace}lang"
_OF_LANGUAGE = ("langSet", "langSec")
_OF_CONCEPT = ("termEntry", "conceptEntry")
_OF_TERM = ("tig", "ntig", "termSec")
_STATUS = "administrativeStatus"
_WRONG = re.compile("deprecated|superseded|forbidden")
_DEPRECATED = 2
_LOOKED_AT = 1 << 16  # bytes by which an encoding is guessed


def glossary_of(settings: TranslationSettings, languages: LanguagesConfig) -> Glossary | None:
    """Return the glossary of the settings, or None if they name none; see `read_glossary`."""
    return None if settings.glossary is None else read_glossary(settings.glossary, languages)


def read_glossary(path: Path, languages: LanguagesConfig) -> Glossary:
    """Read a glossary.

    Of several translations of a term the first one counts; in TBX a preferred one before others, and none that is
    deprecated.

    Args:
        path: A .tsv, .csv or .tbx file, or a .txt file with tabs.
        languages: The languages of the model. The first row of a table may name the languages of its columns.

    Raises:
        DataError: It cannot be read, is neither UTF-8 nor UTF-16 with a byte order mark, or has no term.
        UsageError: Its name tells no format.
    """
    reader = {".tsv": _table, ".txt": _table, ".csv": _table, ".tbx": _tbx}.get(path.suffix.lower())
    if reader is None:
        raise UsageError(f"--glossary {path}: a glossary is a .tsv, .csv or .tbx file")
    terms: dict[str, str] = {}
    for source, target in reader(path, languages):
        source, target = (normalize(term, 2).strip() for term in (source, target))
        if not source or not target:
            continue
        if terms.setdefault(source, target) != target:
            logger.warning(f"{path}: {source!r} stands there twice; it becomes {terms[source]!r}")
    if not terms:
        raise DataError(f"{path} has no term in both {languages.source} and {languages.target}")
    return Glossary(terms, languages.target, languages.source)


def _table(path: Path, languages: LanguagesConfig) -> Iterator[tuple[str, str]]:
    lines = [Line(number, line.removesuffix("\r"), False) for number, line in enumerate(_text_of(path).split("\n"), 1)]
    signs = {sign: sum(sign in line.text for line in lines) for sign in (",", ";", "\t")}
    delimiter = max(signs, key=signs.__getitem__) if path.suffix.lower() == ".csv" else "\t"
    columns, is_first = (0, 1), True
    for row in read_rows(lines, Dialect(delimiter, has_quotes=path.suffix.lower() == ".csv")):
        cells = row.cells
        if row.problem or (len(cells) < 2 and cells[0].strip()):
            problem = row.problem or "one column, where a term and its translation are needed"
            raise DataError(f"{path}:{row.number}: {problem}")
        heading = _columns(cells, languages) if is_first else None
        is_first = False
        if heading is not None:
            columns = heading
        elif max(columns) < len(cells):
            yield cells[columns[0]], cells[columns[1]]


def _columns(row: list[str], languages: LanguagesConfig) -> tuple[int, int] | None:
    """Return the columns of source and target that a first row names, or None if it is no heading."""
    found = []
    for side, language in (("source", languages.source), ("target", languages.target)):
        names = [(language_of_heading(cell), side_of_heading(cell)) for cell in row]
        fitting = [i for i, (name, own) in enumerate(names) if own == side or (name and same_language(name, language))]
        found.append(fitting[0] if fitting else None)
    source, target = found
    return None if source is None or target is None or source == target else (source, target)


def _tbx(path: Path, languages: LanguagesConfig) -> Iterator[tuple[str, str]]:
    import xml.etree.ElementTree as ElementTree

    from defusedxml.common import DefusedXmlException
    from defusedxml.ElementTree import fromstring

    try:
        with explain_os_errors(path, "read", DataError):
            root = fromstring(path.read_bytes(), forbid_entities=True)
    except (ElementTree.ParseError, DefusedXmlException, LookupError, ValueError) as error:
        raise DataError(f"{path} is no TBX: {str(error).splitlines()[0] or type(error).__name__}") from None
    for concept in (each for each in root.iter() if _name(each.tag) in _OF_CONCEPT):
        terms: dict[str, list[tuple[int, str]]] = {"source": [], "target": []}
        for section in (each for each in concept if _name(each.tag) in _OF_LANGUAGE):
            own = section.get(_LANGUAGE) or section.get("lang") or ""
            for side, language in (("source", languages.source), ("target", languages.target)):
                if own and same_language(own, language):
                    terms[side] += _ranked_terms(section)
        best = min(terms["target"], key=lambda ranked: ranked[0], default=None)
        if best is not None and best[0] < _DEPRECATED:
            yield from ((source, best[1]) for _, source in terms["source"])


def _ranked_terms(section: Element) -> Iterator[tuple[int, str]]:
    """Yield the terms of a language, each with a rank by its status: preferred ones have the lowest."""
    holders = [each for each in section.iter() if _name(each.tag) in _OF_TERM] or [section]
    for holder in holders:
        status = " ".join(each.text or "" for each in holder.iter() if _STATUS in (_name(each.tag), each.get("type")))
        rank = 0 if "preferred" in status else _DEPRECATED if _WRONG.search(status) else 1
        yield from ((rank, "".join(each.itertext())) for each in holder.iter() if _name(each.tag) == "term")


def _name(tag: object) -> str:
    return tag.rpartition("}")[2] if isinstance(tag, str) else ""


def _text_of(path: Path) -> str:
    with explain_os_errors(path, "read", DataError):
        content = path.read_bytes()
    wide = wide_decoder(content[:4])
    if wide is not None:  # what a spreadsheet calls Unicode text
        return wide.decode(content, final=True)
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        name = other_encoding(content[:_LOOKED_AT]) or probable_encoding(content[:_LOOKED_AT]) or "WINDOWS-1252"
        raise DataError(f"{path}:{line}: not UTF-8; try: {conversion(str(path), name)}") from None
