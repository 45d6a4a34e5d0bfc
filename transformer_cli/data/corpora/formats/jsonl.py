"""JSON lines: one object a line."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from transformer_cli.config import LanguagesConfig
from transformer_cli.data.corpora.pairs import Columns, SentencePair, pair_of_record
from transformer_cli.errors import DataError
from transformer_cli.text.lines import read_text_lines


def read_jsonl(
    path: Path, languages: LanguagesConfig, columns: Columns | None = None, encoding: str | None = None
) -> Iterator[SentencePair]:
    """Yield the pairs of a file with one JSON object a line; see `pair_of_record`. Empty lines are skipped.

    Raises:
        DataError: The file cannot be read or is in another encoding, or a line is not such an object.
    """
    for line in read_text_lines(path, encoding=encoding, setting="encoding"):
        if not line.text.strip():
            continue
        place = f"{path}:{line.number}"
        pair = pair_of_record(_object(line.text, place), languages, place, columns)
        yield replace(pair, is_utf8=False) if line.had_invalid_bytes else pair


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
