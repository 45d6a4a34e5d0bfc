"""Gettext catalogues (.po, .pot)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import partial

from transformer_cli.documents.content import Content, read_string, with_codes, written
from transformer_cli.documents.document import Document, Splice, Task, Unit, line_end_of
from transformer_cli.documents.formats.plurals import PluralRule, parse_rule, rule_of_language
from transformer_cli.documents.formats.po_entries import Entry, read_entries, written_field
from transformer_cli.documents.formats.printf import hidden_directives, is_printf, with_order_of
from transformer_cli.errors import DataError
from transformer_cli.text.languages import same_language

CHARSET = re.compile(rb"Content-Type:[^\"\n]*charset=(?!CHARSET)([\w.:-]+)")
"""Where a catalogue names its encoding."""


def read_po(text: str, task: Task) -> Document:
    """Read a catalogue; see `Reader`.

    A message is translated if its ``msgstr`` is empty, or for messages with a plural, if one of the forms is. Fuzzy
    messages have a translation. The number of forms is that of the header, else that of the target language. New
    translations are marked as fuzzy.
    """
    entries = list(read_entries(text))
    header = next((entry for entry in entries if _is_header(entry)), None)
    rule, on_header = _read_header(text, header, task)
    units = [_unit(text, entry, rule, task, on_header) for entry in entries if entry is not header and _has_text(entry)]
    return Document(text, tuple(units))


def _is_header(entry: Entry) -> bool:
    return entry.fields["msgid"].text == "" and "msgctxt" not in entry.fields


def _has_text(entry: Entry) -> bool:
    return bool(entry.fields["msgid"].text.strip())


def _read_header(text: str, header: Entry | None, task: Task) -> tuple[PluralRule, tuple[Splice, ...]]:
    """Return the plural rule, and what a header of a template still lacks."""
    default = parse_rule(rule_of_language(task.target_language))
    if default is None:
        raise ValueError("the table of plural rules is wrong")
    if header is None:
        return default, ()
    lines = header.fields["msgstr"].text.splitlines(keepends=True)
    values = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    language = re.split("[@.]", values.get("language", ""))[0]
    if language and not same_language(language, task.target_language):
        raise DataError(
            f"the catalogue translates into {language}, the model into {task.target_language}; take another model"
        )
    rule = parse_rule(values.get("plural-forms", ""))
    missing = {} if rule else {"Plural-Forms": rule_of_language(task.target_language)}
    if not language:
        missing["Language"] = task.target_language.replace("-", "_")
    if "charset=CHARSET" in values.get("content-type", ""):
        missing["Content-Type"] = "text/plain; charset=UTF-8"
    if not missing:
        return rule or default, ()
    return rule or default, tuple(_completed_header(text, header, lines, missing))


def _completed_header(text: str, header: Entry, lines: list[str], missing: dict[str, str]) -> Iterator[Splice]:
    kept = [line for line in lines if line.partition(":")[0] not in missing]
    if kept and not kept[-1].endswith("\n"):
        kept[-1] += "\n"
    new = [f"{name}: {value}\n" for name, value in sorted(missing.items())]
    field = header.fields["msgstr"]
    yield Splice(field.start, field.end, written_field("msgstr", "".join(kept + new), line_end_of(text)))
    yield from _without_fuzzy(text, header)  # tools ignore a fuzzy header, its encoding too


def _unit(text: str, entry: Entry, rule: PluralRule, task: Task, on_header: tuple[Splice, ...]) -> Unit:
    plural = entry.fields.get("msgid_plural")
    forms = range(rule.count) if plural else range(1)
    there = entry.translations
    names = ["msgid", "msgid_plural"] if plural else ["msgid"]
    has_translation = all(form in there and there[form].text for form in forms)

    def render(is_marked: bool, sources: Sequence[Content]) -> Iterator[Splice]:
        yield from on_header
        strings = [written(source, str) for source in sources]
        if is_printf(entry.flags):
            originals = (entry.fields[name].text for name in names)
            strings = [with_order_of(*pair, entry.flags) for pair in zip(originals, strings, strict=True)]
        new = {form: strings[0] if not plural or _takes_singular(entry, rule, form) else strings[1] for form in forms}
        yield _translations(text, entry, new, replace_all=has_translation)
        yield from _with_fuzzy(text, entry) if is_marked else _without_fuzzy(text, entry)

    codes = partial(hidden_directives, flags=entry.flags)
    sources = tuple(with_codes(read_string(entry.fields[name].text), codes) for name in names)
    return Unit(sources, entry.fields["msgid"].start, partial(render, not task.is_final), has_translation)


def _takes_singular(entry: Entry, rule: PluralRule, form: int) -> bool:
    """Return whether a form is written like the singular; that for 1, 21, 31 needs the number if the plural has it."""
    one, many = entry.fields["msgid"].text, entry.fields["msgid_plural"].text
    return rule.is_singular(form) and ("%" in one or "%" not in many or rule.is_only_for_one(form))


def _translations(text: str, entry: Entry, new: dict[int, str], *, replace_all: bool) -> Splice:
    there = entry.translations
    is_plural = "msgid_plural" in entry.fields
    rows = []
    for form, string in new.items():
        old = there.get(form)
        if old is not None and old.text and not replace_all:
            rows.append(text[old.start : old.end])
        else:
            rows.append(written_field(f"msgstr[{form}]" if is_plural else "msgstr", string, line_end_of(text)))
    start, end = min(field.start for field in there.values()), max(field.end for field in there.values())
    return Splice(start, end, line_end_of(text).join(rows))


def _with_fuzzy(text: str, entry: Entry) -> Iterator[Splice]:
    if "fuzzy" in entry.flags:
        return
    if entry.flag_lines:
        start, _, _ = entry.flag_lines[0]
        yield Splice(start, start + 2, "#, fuzzy,")
    elif entry.before_id is not None:
        yield Splice(entry.before_id, entry.before_id, f"#, fuzzy{line_end_of(text)}")


def _without_fuzzy(text: str, entry: Entry) -> Iterator[Splice]:
    for start, end, flags in entry.flag_lines:
        if "fuzzy" in flags:
            others = [flag for flag in flags if flag != "fuzzy"]
            after = end + len(text[end : end + 2]) - len(text[end : end + 2].lstrip("\r\n"))
            yield Splice(start, end, "#, " + ", ".join(others)) if others else Splice(start, after, "")
