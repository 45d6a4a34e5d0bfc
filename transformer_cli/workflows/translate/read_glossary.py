"""Reads glossaries: tables of two columns (.tsv, .csv), and TBX."""

from __future__ import annotations

import csv
import logging
from collections.abc import Iterator
from pathlib import Path

from transformer_cli.config import LanguagesConfig
from transformer_cli.decoding.placeholders.glossary import Glossary
from transformer_cli.errors import DataError, UsageError
from transformer_cli.files.os_errors import explain_os_errors
from transformer_cli.text.language_names import language_of_heading, side_of_heading
from transformer_cli.text.languages import same_language
from transformer_cli.text.normalization import normalize
from transformer_cli.workflows.translate.settings import TranslationSettings

logger = logging.getLogger(__name__)

_LANGUAGE = "{http://www.w3.org/XML/1998/namespace}lang"
_OF_LANGUAGE = ("langSet", "langSec")
_OF_CONCEPT = ("termEntry", "conceptEntry")


def glossary_of(settings: TranslationSettings, languages: LanguagesConfig) -> Glossary | None:
    """Return the glossary of the settings, or None if they name none; see `read_glossary`."""
    return None if settings.glossary is None else read_glossary(settings.glossary, languages)


def read_glossary(path: Path, languages: LanguagesConfig) -> Glossary:
    """Read a glossary; of several translations of a term the first one counts.

    Args:
        path: A .tsv, .csv or .tbx file, or a .txt file with tabs.
        languages: The languages of the model. The first row of a table may name the languages of its columns.

    Raises:
        DataError: It cannot be read, is not UTF-8, or has no term.
        UsageError: Its name tells no format.
    """
    reader = {".tsv": _table, ".txt": _table, ".csv": _table, ".tbx": _tbx}.get(path.suffix.lower())
    if reader is None:
        raise UsageError(f"--glossary {path}: a glossary is a .tsv, .csv or .tbx file")
    terms: dict[str, str] = {}
    for source, target in reader(path, languages):
        source, target = normalize(source, 2), normalize(target, 2)
        if not source or not target:
            continue
        if terms.setdefault(source, target) != target:
            logger.warning(f"{path}: {source!r} stands there twice; it becomes {terms[source]!r}")
    if not terms:
        raise DataError(f"{path} has no term in both {languages.source} and {languages.target}")
    return Glossary(terms, languages.target)


def _table(path: Path, languages: LanguagesConfig) -> Iterator[tuple[str, str]]:
    text = _text_of(path)
    rows: Iterator[list[str]]
    if path.suffix.lower() == ".csv":
        rows = csv.reader(text.splitlines(), delimiter=";" if text.count(";") > text.count(",") else ",")
    else:
        rows = iter(line.split("\t") for line in text.splitlines())
    columns, is_first = (0, 1), True
    for number, row in enumerate(rows, start=1):
        if not any(cell.strip() for cell in row):
            continue
        if len(row) < 2:
            raise DataError(f"{path}:{number}: one column, where a term and its translation are needed")
        heading = _columns(row, languages) if is_first else None
        is_first = False
        if heading is not None:
            columns = heading
        elif max(columns) < len(row):
            yield row[columns[0]], row[columns[1]]


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
        terms: dict[str, list[str]] = {"source": [], "target": []}
        for section in (each for each in concept if _name(each.tag) in _OF_LANGUAGE):
            own = section.get(_LANGUAGE) or section.get("lang") or ""
            for side, language in (("source", languages.source), ("target", languages.target)):
                if own and same_language(own, language):
                    terms[side] += ["".join(each.itertext()) for each in section.iter() if _name(each.tag) == "term"]
        if terms["target"]:
            yield from ((source, terms["target"][0]) for source in terms["source"])


def _name(tag: object) -> str:
    return tag.rpartition("}")[2] if isinstance(tag, str) else ""


def _text_of(path: Path) -> str:
    with explain_os_errors(path, "read", DataError):
        content = path.read_bytes()
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise DataError(f"{path}:{line}: not UTF-8; if it is Western: iconv -f WINDOWS-1252 -t UTF-8 {path}") from None
