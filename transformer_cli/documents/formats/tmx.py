"""Translation memories (TMX 1.4) as documents: the missing side of each unit."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial

from transformer_cli.documents.content import Content, written
from transformer_cli.documents.document import Document, Splice, Task, Unit, damaged
from transformer_cli.documents.formats.xliff import inline_kind
from transformer_cli.documents.xml_tree import Element, content_of, escape_xml, read_xml, with_attribute
from transformer_cli.text.languages import plain_code, same_language


def read_tmx(text: str, task: Task) -> Document:
    """Read a memory; see `Reader`.

    A unit is translated if it has the source language, and the target language is missing or empty. What is new gets
    ``creationid="MT!"``, the sign that translators' tools know for a machine's work.
    """
    root = read_xml(text)
    if root.name != "tmx":
        raise damaged(text, root.start, f"the root element is <{root.name}>, not <tmx>")
    body = root.first("body")
    groups = [element for element in body.elements if element.name == "tu"] if body else []
    codes = (_language(variant) for group in groups for variant in _variants(group))
    target = next((code for code in codes if same_language(code, task.target_language)), task.target_language)
    return Document(text, tuple(unit for group in groups for unit in _units(text, group, task, target)))


def _variants(group: Element) -> list[Element]:
    return [element for element in group.elements if element.name == "tuv" and element.first("seg")]


def _language(variant: Element) -> str:
    return variant.attributes.get("xml:lang") or variant.attributes.get("lang") or ""


def _of_language(group: Element, language: str) -> Element | None:
    """Return the variant in a language: the same code first, then one that differs in a region."""
    variants = [variant for variant in _variants(group) if same_language(_language(variant), language)]
    return min(variants, key=lambda variant: plain_code(_language(variant)) != plain_code(language), default=None)


def _units(text: str, group: Element, task: Task, target_code: str) -> Iterator[Unit]:
    source, target = _of_language(group, task.source_language), _of_language(group, task.target_language)
    segment = source.first("seg") if source else None
    if source is None or segment is None or not segment.text().strip():
        return
    own = target.first("seg") if target else None
    render = (
        partial(_replace, text, target, own, task.is_final)
        if target and own
        else partial(_add, text, _variants(group)[-1], source, segment, target_code, task.is_final)
    )
    yield Unit(
        (content_of(segment, text, inline_kind),),
        segment.start,
        render,
        has_translation=own is not None and bool(own.text().strip()),
        is_flowing=True,
    )


def _replace(
    text: str, variant: Element, segment: Element, is_final: bool, contents: Sequence[Content]
) -> Iterator[Splice]:
    """Replace the text of a variant, and say whose it is now."""
    tag = text[variant.start : variant.inner_start]
    for name in ("creationid", "changeid"):
        if not is_final or variant.attributes.get(name) == "MT!":
            tag = with_attribute(tag, name, None)
    if not is_final:
        tag = with_attribute(tag, "creationid", "MT!")
    yield Splice(variant.start, variant.inner_start, tag)
    yield Splice(segment.start, segment.end, f"<seg>{written(contents[0], escape_xml)}</seg>")


def _add(
    text: str,
    last: Element,
    source: Element,
    segment: Element,
    code: str,
    is_final: bool,
    contents: Sequence[Content],
) -> Iterator[Splice]:
    """Add a variant after the last one, laid out as the source is."""
    attribute = "xml:lang" if "xml:lang" in source.attributes else "lang"
    sign = "" if is_final else ' creationid="MT!"'
    after = text[segment.end : source.inner_end]
    yield Splice(
        last.end,
        last.end,
        f'{source.indentation(text)}<tuv {attribute}="{escape_xml(code)}"{sign}>{segment.indentation(text)}'
        f"<seg>{written(contents[0], escape_xml)}</seg>{after if not after.strip() else ''}</tuv>",
    )
