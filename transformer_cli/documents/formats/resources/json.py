"""JSON: the catalogues of web programs, and other files whose string values are texts."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from transformer_cli.documents.content import Content
from transformer_cli.documents.document import Document, Splice, Task, Unit, damaged
from transformer_cli.documents.formats.resources.texts import (
    escaped_characters,
    is_hidden_key,
    is_text,
    value_unit,
)
from transformer_cli.errors import DataError
from transformer_cli.text.languages import same_language

TOKEN = re.compile(r'(?P<string>"[^"\\]*(?:\\.[^"\\]*)*")(?P<colon>[ \t\r\n]*:)?|[{}\[\]]')
"""A key, another string, or an edge of an object or array of well-formed JSON."""

# To another message, in vue-i18n.
_LINK = re.compile(r"""(?<!\w)@(?:\.\w+)?:(?:\([\w.-]+\)|\{'[^']*'\}|\w+(?:[.-]\w+)*)""")
_ESCAPE = re.compile(r"\\(?:u([0-9a-fA-F]{4})|.)")


def read_json(text: str, task: Task) -> Document:
    """Read a JSON file; see `Reader`.

    Texts are the string values that `is_text` takes for texts, however deep; keys are none, nor is what stands below a
    key that begins with ``$`` or ``@``. In the messages of a browser extension, only the messages are texts.
    """
    del task
    data = parsed(text)
    is_extension = isinstance(data, dict) and bool(data) and all(map(_is_message, data.values()))
    write = _Writer(text)
    units = []
    for start, end, keys in _string_values(text):
        value = json.loads(text[start:end])
        if is_text(value) and not any(map(is_hidden_key, keys)) and (not is_extension or keys[1:] == ["message"]):
            units.append(value_unit(value, start, end, write, _LINK))
    return Document(text, tuple(units))


def read_arb(text: str, task: Task) -> Document:
    """Read a catalogue of Flutter: JSON in which ``@@locale`` becomes the target language; see `Reader`."""
    document = read_json(text, task)
    locales = [(start, end) for start, end, keys in _string_values(text) if keys == ["@@locale"]]
    for start, end in locales:
        locale = json.loads(text[start:end])
        if not same_language(locale, task.source_language):
            raise damaged(text, start, f"the catalogue is in {locale}, the model reads {task.source_language}")
    target = json.dumps(task.target_language.replace("-", "_"))
    on_locale = tuple(Splice(start, end, target) for start, end in locales)
    units = (replace(unit, render=partial(_rendered, unit, on_locale)) for unit in document.units)
    return Document(text, tuple(units))


def _rendered(unit: Unit, others: Sequence[Splice], contents: Sequence[Content]) -> Iterator[Splice]:
    yield from others
    yield from unit.render(contents)


def parsed(text: str) -> Any:
    """Return the value of a document; numbers are strings.

    Raises:
        DataError: It is not JSON.
    """
    try:
        return json.loads(text, parse_int=str, parse_float=str)
    except json.JSONDecodeError as error:
        problem = error.msg[0].lower() + error.msg[1:]
        raise damaged(text, error.pos, f"not well-formed JSON ({problem}); the file is cut short or damaged") from None
    except RecursionError:
        raise DataError("line 1: arrays and objects are nested too deeply") from None


def _is_message(value: object) -> bool:
    return isinstance(value, dict) and isinstance(value.get("message"), str)


def _string_values(text: str) -> Iterator[tuple[int, int, list[str]]]:
    """Yield the offsets of each string value of well-formed JSON, with the keys above it; those of arrays are empty."""
    keys: list[str] = []
    for match in TOKEN.finditer(text):
        if match["colon"]:
            keys[-1] = json.loads(match["string"])
        elif match["string"]:
            yield match.start(), match.end(), keys
        elif match[0] in "{[":
            keys.append("")
        else:
            keys.pop()


class _Writer:
    """Spells values as the document does: in ASCII if it is, ``/`` and ``<`` escaped if they are."""

    def __init__(self, text: str) -> None:
        self._escaped = escaped_characters(text, _ESCAPE)
        self._is_ascii = text.isascii() and any(code > 127 for code in self._escaped)
        if "\\/" in text and not re.search(r"(?<!\\)/", text):
            self._escaped[ord("/")] = "\\/"

    def __call__(self, value: str) -> str:
        """Return a value with its quotes."""
        return json.dumps(value, ensure_ascii=self._is_ascii).translate(self._escaped)
