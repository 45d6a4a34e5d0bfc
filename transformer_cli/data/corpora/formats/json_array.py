"""JSON that is no JSON Lines: an array of records, in memory some at a time, or an object around one."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from transformer_cli.config import CorpusFiles, LanguagesConfig
from transformer_cli.data.corpora.bad_rows import BadRows
from transformer_cli.data.corpora.pairs import SentencePair, columns_of_record, pair_of_record
from transformer_cli.errors import DataError
from transformer_cli.text.lines import Line, read_text_lines

_BLANK = " \t\r\n"
_MOST_CHARACTERS = 1 << 26  # of one record, or of an object around all


@dataclass(frozen=True, slots=True)
class _Element:
    """A value in the array.

    Args:
        value: The value.
        line: The number of the line that it begins in.
        is_utf8: Whether its lines were UTF-8.
    """

    value: Any
    line: int
    is_utf8: bool


def read_json(path: Path, languages: LanguagesConfig, keys: CorpusFiles | None = None) -> Iterator[SentencePair]:
    """Yield the pairs of a ``.json`` file: an array of records, an object that holds one array of records, or records.

    A record is as in `pair_of_record`, or an array of two texts, the source first.

    Args:
        path: The file.
        languages: The two language codes.
        keys: The corpus in the recipe: its columns and encoding, and whether bad records are skipped.

    Raises:
        DataError: The file cannot be read, is in another encoding or no JSON, or a record has no such columns.
    """
    keys = keys or CorpusFiles(path=str(path))
    lines = read_text_lines(path, encoding=keys.encoding, setting="encoding")
    return pairs_of_array(lines, path, languages, keys)


def pairs_of_array(
    lines: Iterable[Line], path: Path, languages: LanguagesConfig, keys: CorpusFiles
) -> Iterator[SentencePair]:
    """Yield the pairs of the lines of a file, as `read_json` says."""
    bad, count = BadRows(path, are_skipped=keys.skip_bad_rows), 0
    for element in _records(_Elements(path), lines, languages, keys):
        count += 1
        place = f"{path}:{element.line}"
        try:
            pair = pair_of_record(_record(element.value, place, languages), languages, place, keys.columns)
        except DataError as error:
            if not keys.skip_bad_rows:
                raise
            problem = str(error).removeprefix(f"{place}: ")
            text = json.dumps(element.value, ensure_ascii=False)
            yield bad.pair(element.line, problem, text, rows=count, is_utf8=element.is_utf8)
            continue
        yield pair if element.is_utf8 else replace(pair, is_utf8=False)
    bad.finish(count)


def _records(
    elements: _Elements, lines: Iterable[Line], languages: LanguagesConfig, keys: CorpusFiles
) -> Iterator[_Element]:
    """Yield the elements; of an object that is no record itself but holds records, in one array or by keys, those."""
    for element in elements.read(lines):
        inner = None if elements.is_array or keys.columns is not None else _inner_records(element.value, languages)
        yield from (replace(element, value=each) for each in ([element.value] if inner is None else inner))


def _inner_records(value: Any, languages: LanguagesConfig) -> list[Any] | None:
    """Return the records in an object: those of its only array, or all its values; None if it is a record itself."""
    if not isinstance(value, Mapping):
        return None
    found = columns_of_record(value, languages)
    if found and found[0][0] is value:
        return None
    arrays = [each for each in value.values() if isinstance(each, list)]
    if len(arrays) == 1 and _are_records(arrays[0], languages):
        return arrays[0]
    if len(found) > 1 and len(found) == len(value):
        return [*value.values()]
    return arrays[0] if len(arrays) == 1 and not arrays[0] and not found else None


def _are_records(values: list[Any], languages: LanguagesConfig) -> bool:
    """Return whether an array holds records, or arrays of two texts, by its first value."""
    first = values[0] if values else None
    return isinstance(first, list) or (isinstance(first, Mapping) and bool(columns_of_record(first, languages)))


def _record(value: Any, place: str, languages: LanguagesConfig) -> Mapping[str, Any]:
    if isinstance(value, list) and len(value) == 2 and all(isinstance(text, str) for text in value):
        return {languages.source: value[0], languages.target: value[1]}
    if not isinstance(value, dict):
        raise DataError(
            f'{place}: a JSON {type(value).__name__}, not an object such as {{"source": "…", "target": "…"}}'
        )
    return value


class _Elements:
    """Cuts text into the elements of an array, or into the values that follow each other."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._decoder = json.JSONDecoder()
        self._text = ""
        self._line = 1  # that the text begins in
        self._damaged: list[int] = []  # lines of the text that were not UTF-8
        self._is_open = self._is_closed = False
        self._problem = ""

    @property
    def is_array(self) -> bool:
        """Whether the elements read so far stand in an array."""
        return self._is_open or self._is_closed

    def read(self, lines: Iterable[Line]) -> Iterator[_Element]:
        """Yield the elements.

        Raises:
            DataError: The text is no JSON, or cut short.
        """
        more: list[str] = []
        size = wanted = 0
        for line in lines:
            more += line.text, "\n"
            size += len(line.text) + 1
            if line.had_invalid_bytes:
                self._damaged.append(line.number)
            # To try again after each line would take the square of the time for an object of many lines.
            if size >= wanted:
                yield from self._complete("".join(more))
                more, size, wanted = [], 0, len(self._text)
            if wanted > _MOST_CHARACTERS:
                raise self._error()
        yield from self._complete("".join(more))
        if self._text.strip(_BLANK) or self._is_open:
            raise self._error()

    def _complete(self, more: str) -> Iterator[_Element]:
        """Add text, yield the elements that it now holds wholly, and keep the rest."""
        self._text += more
        position = start = 0
        last = self._line
        while (start := self._next(position)) < len(self._text):
            try:
                value, end = self._decoder.raw_decode(self._text, start)
            except json.JSONDecodeError as error:
                self._problem = f"{error.msg[:1].lower()}{error.msg[1:]}"
                break
            except (ValueError, RecursionError):
                self._cut(start)
                raise DataError(
                    f"{self._path}:{self._line}: JSON with too long a number or too deep a nesting; leave it out"
                ) from None
            line = last + self._text.count("\n", position, start)
            last = line + self._text.count("\n", start, end)
            yield _Element(value, line, not any(line <= number <= last for number in self._damaged))
            position = end
        self._cut(start)

    def _next(self, position: int) -> int:
        """Return the position of the next element, beyond white space, commas and the brackets of the array."""
        while position < len(self._text):
            character = self._text[position]
            if character == "[" and not self._is_open and not self._is_closed:
                self._is_open = True
            elif character == "]" and self._is_open:
                self._is_open, self._is_closed = False, True
            elif character not in _BLANK and not (character == "," and self._is_open):
                return position
            position += 1
        return position

    def _cut(self, position: int) -> None:
        self._line += self._text.count("\n", 0, position)
        self._text = self._text[position:]
        self._damaged = [number for number in self._damaged if number >= self._line]

    def _error(self) -> DataError:
        reason = self._problem if self._text.strip(_BLANK) else "the array is not closed"
        return DataError(f"{self._path}:{self._line}: not JSON ({reason}); mend it or make the file again")
