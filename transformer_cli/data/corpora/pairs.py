"""Sentence pairs, which every reader yields, and the search for the recipe's two languages in the names of columns."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from transformer_cli.config import LanguagesConfig
from transformer_cli.errors import DataError, UnsetKeyError
from transformer_cli.text.language_names import language_of_heading, names_a_code, side_of_heading
from transformer_cli.text.languages import is_language_code, parse_language, plain_code, same_language
from transformer_cli.text.normalization import without_surrogates

Columns = tuple[str | int, str | int]
"""The columns of source and target, each by its name or, in a table, by its number from 1."""


@dataclass(frozen=True, slots=True)
class SentencePair:
    """A sentence and its translation, unchanged from a corpus.

    Args:
        source: The sentence in the source language.
        target: Its translation.
        place: The place of the pair: ``file:line``, ``file: unit 12`` or ``file: row 12``, all counted from 1.
        is_utf8: False if bytes that are not UTF-8 were replaced by U+FFFD.
        fault: The name of a rule that the reader found broken, such as ``fuzzy``, or None. Such a pair is counted and
            listed under this name, and never used.
    """

    source: str
    target: str
    place: str
    is_utf8: bool = True
    fault: str | None = None


def choose_languages(available: Iterable[str], languages: LanguagesConfig) -> tuple[str, str] | None:
    """Find the recipe's two languages among language codes.

    The same code comes first (case, and ``_`` for ``-``, do not matter), then another spelling of it (``fra`` for
    ``fr``). Otherwise the first code that adds or lacks a script or a region is taken: ``fr-CA`` serves for ``fr``,
    and ``pt`` for ``pt-BR``, but ``pt-PT`` never serves for ``pt-BR``.

    Args:
        available: Language codes, or column names of which some may be codes.
        languages: The codes in the recipe.

    Returns:
        The codes of source and target as spelled in ``available``, or None if one is missing.
    """
    codes = list(available)
    source, target = _exact(codes, languages.source), _exact(codes, languages.target)
    rest = [code for code in codes if code not in (source, target)]
    if source is None:
        source = _relative(rest, languages.source)
    if target is None:
        target = _relative([code for code in rest if code != source], languages.target)
    return None if source is None or target is None else (source, target)


def _exact(codes: Sequence[str], language: str) -> str | None:
    very = (code for code in codes if plain_code(code) == plain_code(language))
    # A column may have any name; "en-tête", for example, does not mean English.
    others = (code for code in codes if is_language_code(code) and parse_language(code) == parse_language(language))
    return next(itertools.chain(very, others), None)


def _relative(codes: Iterable[str], language: str) -> str | None:
    return next((code for code in codes if is_language_code(code) and same_language(code, language)), None)


@lru_cache(maxsize=64)
def find_columns(names: tuple[str, ...], languages: LanguagesConfig) -> tuple[str, str] | None:
    """Find the columns of source and target by their names.

    The names are the exact language codes, otherwise "source" and "target", otherwise codes that `choose_languages`
    matches, otherwise headings such as "English" or "Texte (fr)", otherwise words for source and target such as "src".

    Returns:
        The two names as spelled in ``names``, or None if there are no such columns.
    """
    for source, target in ((languages.source, languages.target), ("source", "target")):
        found = _exact(names, source), _exact(names, target)
        if found[0] is not None and found[1] is not None:
            return found[0], found[1]
    return choose_languages(names, languages) or _find_headings(names, languages)


def _find_headings(names: Sequence[str], languages: LanguagesConfig) -> tuple[str, str] | None:
    codes: dict[str, str] = {}
    sides: dict[str, str] = {}
    for name in sorted(names, key=names_a_code):
        if code := language_of_heading(name):
            codes.setdefault(code, name)
        elif side := side_of_heading(name):
            sides.setdefault(side, name)
    if found := choose_languages(codes, languages):
        return codes[found[0]], codes[found[1]]
    return (sides["source"], sides["target"]) if len(sides) == 2 else None


def pair_of_record(
    record: Mapping[str, Any], languages: LanguagesConfig, place: str, columns: Columns | None = None
) -> SentencePair:
    """Make a pair of ``{"fr": …, "en": …}``, ``{"source": …, "target": …}`` or ``{"translation": {"fr": …, "en": …}}``.

    A value of None counts as an empty sentence, which cleaning drops and counts.

    Args:
        record: The record.
        languages: The two language codes.
        place: Its place in the corpus.
        columns: The names of source and target; a name in a record inside of it is ``translation.fr``. None: they are
            found as `find_columns` says.

    Raises:
        DataError: The record has no such columns, or a value is not text.
    """
    if columns is not None:
        source, target = (_text(_value(record, name, place), str(name), place) for name in columns)
        return _clean_pair(source, target, place)
    found = columns_of_record(record, languages)
    if len(found) > 1:
        names = [f"{next(name for name, value in record.items() if value is each)}.{{}}" for each, _ in found]
        raise UnsetKeyError(
            f"{place}: holds {len(found)} pairs, in {', '.join(names).replace('.{}', '')}; name one in source_column "
            "and target_column",
            {
                key: names[0].format(name)
                for key, name in zip(("source_column", "target_column"), found[0][1], strict=True)
            },
        )
    for fields, both in found:
        source, target = (_text(fields[name], name, place) for name in both)
        if not (all(map(names_a_code, both)) and _are_codes(source, target, languages)):
            return _clean_pair(source, target, place)
    # A key or an id has no space.
    texts = [name for name, value in record.items() if isinstance(value, str) and " " in value.strip()]
    raise no_columns(place, tuple(record), texts, languages)


_Found = tuple[Mapping[str, Any], tuple[str, str]]
"""A record, and the names of its columns of source and target."""


def columns_of_record(record: Mapping[str, Any], languages: LanguagesConfig) -> list[_Found]:
    """Return the record with the names of its two columns, or else those of the records in it that have two."""
    inner = [value for value in record.values() if isinstance(value, Mapping)]
    for names_of in (_names_of_texts, tuple):
        for records in ([record], inner):
            found = [
                (each, names) for each in records if (names := find_columns(names_of(each), languages)) is not None
            ]
            if found := _likeliest(found, languages):
                return found
    return []


def _likeliest(found: list[_Found], languages: LanguagesConfig) -> list[_Found]:
    """Return those of several with names of languages; if none has such names, those that are no codes of languages."""
    if len(found) < 2:
        return found
    if by_language := [(each, names) for each, names in found if not side_of_heading(names[0])]:
        return by_language
    return [
        (each, names) for each, names in found if not _are_codes(str(each[names[0]]), str(each[names[1]]), languages)
    ]


def _names_of_texts(record: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(name for name, value in record.items() if isinstance(value, str) or value is None)


def _are_codes(source: str, target: str, languages: LanguagesConfig) -> bool:
    """Return whether a pair is the codes of its languages, from columns such as ``source_lang``."""
    pairs = ((source, languages.source), (target, languages.target))
    return all(is_language_code(text) and same_language(text, language) for text, language in pairs)


def _clean_pair(source: str, target: str, place: str) -> SentencePair:
    clean = [without_surrogates(text) for text in (source, target)]
    return SentencePair(clean[0], clean[1], place, clean == [source, target])


def _value(record: Mapping[str, Any], name: str | int, place: str) -> Any:
    value: Any = record
    for part in [str(name)] if name in record else str(name).split("."):
        if not isinstance(value, Mapping) or part not in value:
            there = ", ".join(f'"{each}"' for each in list(record)[:10]) or "nothing"
            raise DataError(f'{place}: has no "{name}", but {there}; name two of them')
        value = value[part]
    return value


def _text(value: Any, name: str, place: str) -> str:
    if value is None:
        return ""
    if not isinstance(value, str):
        raise DataError(f'{place}: "{name}" is a {type(value).__name__}, not a text; leave this record out')
    return value


def no_columns(place: str, names: Sequence[str], texts: Sequence[str], languages: LanguagesConfig) -> DataError:
    """Return the error about a record or table without columns for source and target.

    Args:
        place: The record or table.
        names: Its columns.
        texts: Those of them that may be sides.
        languages: The two language codes.
    """
    there = ", ".join(f'"{name}"' for name in names[:10]) or "nothing"
    message = (
        f'{place}: holds {there}; name the two sides "{languages.source}" and "{languages.target}", '
        'or "source" and "target", or set source_column and target_column'
    )
    if len(texts) < 2:
        return DataError(message)
    return UnsetKeyError(message, {"source_column": texts[0], "target_column": texts[1]})
