"""Apple's string catalogues (``.xcstrings``): JSON that holds a text and its translations into all languages."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from transformer_cli.documents.content import Content, read_string, written
from transformer_cli.documents.document import Document, Splice, Task, Unit, damaged, line_end_of
from transformer_cli.documents.formats.resources.json import TOKEN, parsed
from transformer_cli.documents.formats.resources.texts import is_text
from transformer_cli.text.languages import same_language

_NEW = "new"  # the state of what nobody has translated


@dataclass(slots=True)
class _Node:
    """A value of the document with its place, and that of its key; only objects have members, only strings a value."""

    key: int
    start: int
    end: int = 0
    value: str | None = None
    members: dict[str, _Node] = field(default_factory=dict)

    def at(self, *keys: str) -> _Node | None:
        """Return the value below keys, or None if there is none."""
        node: _Node | None = self
        for key in keys:
            node = node.members.get(key) if node else None
        return node


def read_xcstrings(text: str, task: Task) -> Document:
    """Read a string catalogue; see `Reader`.

    A text is that of the source language, or the key if the catalogue does not give it; plural forms keep their
    quantities. Entries that vary by device or have substitutions stay, as those that are not to be translated.
    """
    data = parsed(text)
    strings = data.get("strings") if isinstance(data, dict) else None
    if not isinstance(strings, dict) or not isinstance(data.get("sourceLanguage"), str):
        raise damaged(text, 0, "no string catalogue: sourceLanguage and strings are missing")
    language = data["sourceLanguage"]
    if not same_language(language, task.source_language):
        raise damaged(text, 0, f"the catalogue is in {language}, the model reads {task.source_language}")
    nodes = _tree(text).members["strings"].members
    units = (
        _unit(text, key, nodes[key], language, task) for key, entry in strings.items() if _is_to_be_translated(entry)
    )
    return Document(text, tuple(unit for unit in units if unit))


def _tree(text: str) -> _Node:
    """Return the objects and strings of well-formed JSON."""
    root = _Node(0, 0)
    above, key, place = [root], "", 0
    for match in TOKEN.finditer(text):
        if match["colon"]:
            key, place = json.loads(match["string"]), match.start()
        elif match["string"]:
            above[-1].members[key] = _Node(place, match.start(), match.end(), json.loads(match["string"]))
        elif match[0] in "{[":
            above.append(above[-1].members.setdefault(key, _Node(place, match.start())))
        else:
            above.pop().end = match.end()
    return root.members[""]


def _is_to_be_translated(entry: Any) -> bool:
    """Return whether a value is an entry of objects, as Xcode writes it, and not one to be left alone."""
    localizations = entry.get("localizations", {}) if isinstance(entry, dict) else None
    if not isinstance(localizations, dict) or not all(isinstance(each, dict) for each in localizations.values()):
        return False
    return entry.get("shouldTranslate") is not False


def _unit(text: str, key: str, node: _Node, language: str, task: Task) -> Unit | None:
    localizations = node.members.get("localizations")
    codes = list(localizations.members) if localizations else []
    code = next((each for each in codes if same_language(each, task.target_language)), task.target_language)
    own, target = node.at("localizations", language), node.at("localizations", code)
    forms = _forms(own) if own else {"": key}
    there = _forms(target) if target else {}
    if not forms or there is None or not any(map(is_text, forms.values())):
        return None
    states = {state.value for form in there if target and (state := target.at(*_place(form), "state"))}
    has_translation = bool(there) and all(there.values()) and _NEW not in states
    render = partial(_render, text, node, code, tuple(forms), task.is_final)
    return Unit(tuple(map(read_string, forms.values())), node.start, render, has_translation)


def _forms(node: _Node) -> dict[str, str] | None:
    """Return the texts of a localization by quantity; "" without plurals; None if it has other variations."""
    if node.members.keys() == {"stringUnit"}:
        quantities = [""]
    else:
        plural = node.at("variations", "plural")
        if plural is None or len(node.members) > 1 or len(node.members["variations"].members) > 1:
            return None
        quantities = list(plural.members)
    values = {each: node.at(*_place(each), "value") for each in quantities}
    return {each: value.value or "" for each, value in values.items() if value}


def _place(quantity: str) -> tuple[str, ...]:
    return ("variations", "plural", quantity, "stringUnit") if quantity else ("stringUnit",)


def _render(
    text: str, entry: _Node, code: str, forms: Sequence[str], is_final: bool, contents: Sequence[Content]
) -> Iterator[Splice]:
    state = "translated" if is_final else "needs_review"
    units = {
        form: {"stringUnit": {"state": state, "value": written(content, str)}}
        for form, content in zip(forms, contents, strict=True)
    }
    new = units.get("", {"variations": {"plural": units}})
    localizations = entry.members.get("localizations")
    if localizations is None:
        yield _inserted(text, entry, "localizations", {code: new})
    elif code not in localizations.members:
        yield _inserted(text, localizations, code, new)
    else:
        old = localizations.members[code]
        line_break = line_end_of(text) + _margin(text, old.start) if "\n" in text else None
        yield Splice(old.start, old.end, _spelled(text, new, line_break))


def _inserted(text: str, node: _Node, key: str, value: object) -> Splice:
    """Return a splice that adds a member to an object, among the others in the order of keys, as Xcode does."""
    new = f"{json.dumps(key, ensure_ascii=False)}{_colon(text)}"
    following = next((each for name, each in node.members.items() if name > key), None)
    if "\n" not in text:
        new, between = new + _spelled(text, value, None), ""
        outer = ""
    else:
        outer = line_end_of(text) + _margin(text, node.start)
        between = outer + "  "
        new += _spelled(text, value, between)
    if following:
        return Splice(following.key, following.key, f"{new},{between}")
    if node.members:
        end = max(each.end for each in node.members.values())
        return Splice(end, end, f",{between}{new}")
    return Splice(node.start, node.end, f"{{{between}{new}{outer}}}")


def _spelled(text: str, value: object, line_break: str | None) -> str:
    """Return a value in JSON; without a line break before its lines it has one line."""
    indent = None if line_break is None else 2
    spelled = json.dumps(value, ensure_ascii=False, indent=indent, separators=("," if indent else ", ", _colon(text)))
    return spelled.replace("\n", line_break or "")


def _colon(text: str) -> str:
    return " : " if '" : ' in text else ": "


def _margin(text: str, offset: int) -> str:
    """Return the white space at the beginning of the line at an offset."""
    line = text[text.rfind("\n", 0, offset) + 1 : offset]
    return line[: len(line) - len(line.lstrip())]
