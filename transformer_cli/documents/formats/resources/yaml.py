"""YAML: the catalogues of Ruby, PHP and static sites, and other files whose string values are texts."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import yaml

from transformer_cli.documents.document import Document, Task, damaged, line_end_of
from transformer_cli.documents.formats.resources.texts import is_hidden_key, is_text, value_unit
from transformer_cli.documents.formats.resources.yaml_scalars import LOADER, STRING_TAG, Scalar, is_string
from transformer_cli.errors import DataError

_PROPERTIES = re.compile(r"(?:[&!]\S*(?:\s|#[^\n]*\n)+)*")

_BLANK_ROWS = re.compile(r"(?:\r?\n[ \t]*)+\Z")


def read_yaml(text: str, task: Task) -> Document:
    """Read a YAML file; see `Reader`.

    Texts are the string values that `is_text` takes for texts, however deep; keys are none, nor are values with a tag
    of their own, and what stands below a key that begins with ``$`` or ``@``. What an alias stands for is translated
    where it has its anchor. A translation is written in the style of its source: without quotes, in quotes, or as a
    block; where that would be read as something else, in other quotes.
    """
    del task
    line_end = line_end_of(text)
    units = []
    for event, in_flow in _string_values(text):
        start = event.start_mark.index
        start = _PROPERTIES.match(text, start).end()  # type: ignore[union-attr]
        source = text[start : event.end_mark.index]
        if event.style in ("|", ">"):
            source = _BLANK_ROWS.sub("", source)
        if is_text(event.value):
            scalar = Scalar(source, event.value, in_flow, line_end)
            units.append(value_unit(event.value, start, start + len(source), scalar.spelled))
    return Document(text, tuple(units))


@dataclass(slots=True)
class _Collection:
    """A mapping or a sequence that is not ended.

    Args:
        is_mapping: Which of the two.
        in_flow: Whether it stands between brackets or braces, or inside of such a one.
        is_hidden: Whether nothing in it is a text.
        is_at_key: Whether the next thing in it is a key.
        hides_value: Whether the next value is no text, because of its key.
    """

    is_mapping: bool
    in_flow: bool
    is_hidden: bool
    is_at_key: bool = field(init=False)
    hides_value: bool = False

    def __post_init__(self) -> None:
        self.is_at_key = self.is_mapping

    def next(self, key: str = "") -> None:
        """Go on after a key or a value."""
        if self.is_at_key:
            self.hides_value = is_hidden_key(key)
        self.is_at_key = self.is_mapping and not self.is_at_key


def _string_values(text: str) -> Iterator[tuple[Any, bool]]:
    """Yield the event of each value that is a string, and whether it stands between brackets or braces."""
    stack = [_Collection(is_mapping=False, in_flow=False, is_hidden=False)]
    for event in _events(text):
        top = stack[-1]
        hidden = top.is_hidden or top.is_at_key or top.hides_value
        if isinstance(event, yaml.CollectionStartEvent):
            flow = top.in_flow or bool(event.flow_style)
            stack.append(_Collection(isinstance(event, yaml.MappingStartEvent), flow, hidden))
        elif isinstance(event, yaml.CollectionEndEvent):
            stack.pop()
            stack[-1].next()
        elif isinstance(event, yaml.AliasEvent):
            top.next()
        elif isinstance(event, yaml.ScalarEvent):
            if not hidden and _is_string(event):
                yield event, top.in_flow
            top.next(event.value)


def _is_string(event: Any) -> bool:
    if event.tag not in (None, "!", STRING_TAG):
        return False
    return event.tag is not None or not event.implicit[0] or is_string(event.value)


def _events(text: str) -> Iterator[Any]:
    try:
        yield from yaml.parse(text, Loader=LOADER)
    except yaml.MarkedYAMLError as error:
        place = error.problem_mark or error.context_mark
        raise damaged(text, place.index if place else 0, f"not YAML ({error.problem or error.context})") from None
    except yaml.reader.ReaderError:
        forbidden = yaml.reader.Reader.NON_PRINTABLE.search(text)
        offset = forbidden.start() if forbidden else 0
        raise damaged(text, offset, f"{text[offset]!r} is not allowed in YAML; the file is damaged") from None
    except yaml.YAMLError as error:
        raise DataError(f"not YAML ({error})") from None
