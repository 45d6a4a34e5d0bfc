"""JSON lines: one object a line."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import Any

from transformer_cli.config import CorpusFiles, LanguagesConfig
from transformer_cli.data.corpora.bad_rows import BadRows
from transformer_cli.data.corpora.formats.json_array import pairs_of_array
from transformer_cli.data.corpora.line_ends import carriage_returns
from transformer_cli.data.corpora.pairs import SentencePair, pair_of_record
from transformer_cli.errors import DataError
from transformer_cli.text.lines import read_text_lines

_ARRAY = re.compile(r"\[\s*\{")
_BETWEEN_OBJECTS = re.compile(r"\}[ \t]*\r\s*\{")  # in no JSON, nor in a text of it, where "\r" is escaped


def read_jsonl(path: Path, languages: LanguagesConfig, keys: CorpusFiles | None = None) -> Iterator[SentencePair]:
    """Yield the pairs of a file with one JSON object a line; see `pair_of_record`. Empty lines are skipped.

    An array of objects is read as in a ``.json`` file.

    Args:
        path: The file.
        languages: The two language codes.
        keys: The corpus in the recipe: its columns and encoding, and whether bad lines are skipped.

    Raises:
        DataError: The file cannot be read or is in another encoding, or a line is not such an object.
    """
    keys = keys or CorpusFiles(path=str(path))
    bad, count = BadRows(path, are_skipped=keys.skip_bad_rows), 0
    lines = read_text_lines(path, encoding=keys.encoding, setting="encoding")
    for line in lines:
        text = line.text.strip()
        if not text:
            continue
        if not count and (text == "[" or _ARRAY.match(text)):
            yield from pairs_of_array(chain([line], lines), path, languages, keys)
            return
        count += 1
        if _BETWEEN_OBJECTS.search(text):
            raise carriage_returns(path)
        place = f"{path}:{line.number}"
        try:
            pair = pair_of_record(_object(line.text, place), languages, place, keys.columns)
        except DataError as error:
            if not keys.skip_bad_rows:
                raise
            problem = str(error).removeprefix(f"{place}: ")
            yield bad.pair(line.number, problem, line.text, rows=count, is_utf8=not line.had_invalid_bytes)
            continue
        yield replace(pair, is_utf8=False) if line.had_invalid_bytes else pair
    bad.finish(count)


def _object(text: str, place: str) -> dict[str, Any]:
    try:
        value = json.loads(text)
    except json.JSONDecodeError as error:
        message = f"{error.msg[:1].lower()}{error.msg[1:]} at character {error.pos + 1}"
        raise DataError(f"{place}: not JSON ({message}); mend the line or leave it out") from None
    except (ValueError, RecursionError):
        raise DataError(f"{place}: JSON with too long a number or too deep a nesting; leave the line out") from None
    if not isinstance(value, dict):
        raise DataError(
            f'{place}: a JSON {type(value).__name__}, not an object such as {{"source": "…", "target": "…"}}'
        )
    return value
