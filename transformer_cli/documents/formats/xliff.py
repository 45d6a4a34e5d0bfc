"""XLIFF 1.2 and 2.x (https://docs.oasis-open.org/xliff), the exchange format of translators' tools."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial

from transformer_cli.documents.content import Content, written
from transformer_cli.documents.document import Document, Splice, Task, Unit, damaged
from transformer_cli.documents.xml_tree import Element, Markup, Text, content_of, escape_xml, read_xml, with_attribute
from transformer_cli.errors import DataError
from transformer_cli.text.languages import same_language

_PAIRS = frozenset({"g", "mrk", "pc", "hi"})
_KINDS = {"bpt": "open", "bx": "open", "sc": "open", "sm": "open"} | {
    "ept": "close",
    "ex": "close",
    "ec": "close",
    "em": "close",
}
_NOT_TRANSLATED = ("new", "needs-translation", "initial")  # what some tools give a copy of the source
_DONE = ("signed-off", "final")
_TRANSLATED = ("translated", "reviewed", *_DONE)


@dataclass(frozen=True, slots=True)
class _Inherited:
    """What an element says of all that is in it."""

    is_translatable: bool = True
    is_flowing: bool = True

    def inside(self, element: Element) -> _Inherited:
        """Return what holds inside an element."""
        translate, space = element.attributes.get("translate", ""), element.attributes.get("xml:space", "")
        return _Inherited(
            {"yes": True, "no": False}.get(translate, self.is_translatable),
            {"default": True, "preserve": False}.get(space, self.is_flowing),
        )


def read_xliff(text: str, task: Task) -> Document:
    """Read an exchange file; see `Reader`.

    A segment is translated if its ``<target>`` is missing, empty or of tags alone, or a copy of the source in a state
    that says so. Nothing with ``translate="no"`` is touched. New targets get ``state="needs-review-translation"`` in
    version 1.2, whose units are no longer approved, and ``state="translated" subState="tfm:machine"`` in version 2.
    """
    root = read_xml(text)
    if root.name != "xliff":
        raise damaged(text, root.start, f"the root element is <{root.name}>, not <xliff>")
    version = root.attributes.get("version", "1.2")
    reader = _Reader2(text, task, root) if version.startswith("2") else _Reader1(text, task, root)
    return Document(text, tuple(reader.units(root, _Inherited().inside(root))))


def inline_kind(element: Element) -> str:
    """Return what an inline element is; see `content_of`."""
    if element.name == "mrk" and (
        element.attributes.get("mtype") == "protected" or element.attributes.get("translate") == "no"
    ):
        return "single"
    return "pair" if element.name in _PAIRS else _KINDS.get(element.name, "single")


def _content(element: Element, document: str) -> Content:
    return content_of(_with_whole_spans(element), document, inline_kind)


def _with_whole_spans(element: Element) -> Element:
    """Return an element in which all from ``<sm translate="no"/>`` to its ``<em/>`` is one thing."""
    children: list[Element | Text | Markup] = []
    end_of_span = 0
    ends = {each.attributes.get("startRef"): each for each in element.elements if each.name == "em"}
    for child in element.children:
        if child.start < end_of_span:
            continue
        if isinstance(child, Element):
            if child.name == "sm" and child.attributes.get("translate") == "no":
                end = ends.get(child.attributes.get("id"))
                end_of_span = end.end if end is not None else 0
            child = Markup(child.start, end_of_span) if child.start < end_of_span else _with_whole_spans(child)
        children.append(child)
    return replace(element, children=children)


class _Reader1:
    """Finds the units of version 1.2."""

    states = ("needs-review-translation", "translated")

    def __init__(self, text: str, task: Task, root: Element) -> None:
        self.text = text
        self.task = task
        self.root = root

    def units(self, parent: Element, inherited: _Inherited) -> Iterator[Unit]:
        """Yield the units inside an element."""
        for element in parent.elements:
            inside = inherited.inside(element)
            if element.name == "file":
                self.check(element.attributes.get("source-language"), element.attributes.get("target-language"))
            if element.name == "trans-unit":
                source = element.first("source")
                if inside.is_translatable and source is not None and source.text().strip():
                    yield from self._units(element, source, is_flowing=inside.inside(source).is_flowing)
            elif element.name in ("file", "body", "group"):
                yield from self.units(element, inside)

    def check(self, source: str | None, target: str | None) -> None:
        """Refuse a file of other languages.

        Raises:
            DataError: A language of the file is not that of the model.
        """
        for code, own in ((source, self.task.source_language), (target, self.task.target_language)):
            if code and not same_language(code, own):
                languages = f"{self.task.source_language} to {self.task.target_language}"
                there = f"{source or 'an unnamed language'} to {target or 'an unnamed language'}"
                raise DataError(f"the file has {there}, the model {languages}; take another model")

    def _units(self, element: Element, source: Element, *, is_flowing: bool) -> Iterator[Unit]:
        segmented, target = element.first("seg-source"), element.first("target")
        is_translated = has_translation(source, target, target.attributes.get("state") if target else None)
        marks = _segments(segmented)
        own = _segments_of_both(marks, _segments(target)) if is_translated else []
        if target is not None and any(not each.text().strip() for _, each in own):  # it is translated in part
            for mark, each in own:
                content = _content(mark, self.text)
                render = partial(self._render_mark, element, target, each)
                yield Unit((content,), mark.start, render, bool(each.text().strip()), is_flowing=is_flowing)
            return
        parts = marks or [source]
        yield Unit(
            tuple(_content(part, self.text) for part in parts),
            source.start,
            partial(self._render, element, segmented or source, parts, target),
            is_translated,
            is_flowing=is_flowing,
        )

    def _render(
        self,
        unit: Element,
        original: Element,
        parts: Sequence[Element],
        target: Element | None,
        contents: Sequence[Content],
    ) -> Iterator[Splice]:
        yield from self._without_approval(unit)
        inner = self.text[original.inner_start : original.inner_end]
        for part, content in reversed(list(zip(parts, contents, strict=True))):
            start, end = (offset - original.inner_start for offset in (part.inner_start, part.inner_end))
            inner = inner[:start] + written(content, escape_xml) + inner[end:]
        yield target_splice(self.text, original, target, inner, {"state": self.states[self.task.is_final]})

    def _render_mark(
        self, unit: Element, target: Element, segment: Element, contents: Sequence[Content]
    ) -> Iterator[Splice]:
        yield from self._without_approval(unit)
        tag = self.text[target.start : target.inner_start]
        yield Splice(target.start, target.inner_start, with_attribute(tag, "state", self.states[self.task.is_final]))
        tag = self.text[segment.start : segment.inner_start]
        tag = f"{tag.removesuffix('/>').rstrip()}>" if tag.endswith("/>") else tag
        inner = written(contents[0], escape_xml)
        yield Splice(segment.start, segment.end, f"{tag}{inner}</{segment.prefix}{segment.name}>")

    def _without_approval(self, unit: Element) -> Iterator[Splice]:
        """Take from a unit that is translated now what says that its translation is final."""
        if unit.attributes.get("approved") == "yes" and not self.task.is_final:
            tag = self.text[unit.start : unit.inner_start]
            yield Splice(unit.start, unit.inner_start, with_attribute(tag, "approved", "no"))


class _Reader2(_Reader1):
    """Finds the units of version 2."""

    def units(self, parent: Element, inherited: _Inherited) -> Iterator[Unit]:
        """Yield the segments inside an element."""
        if parent is self.root:
            self.check(parent.attributes.get("srcLang"), parent.attributes.get("trgLang"))
        for element in parent.elements:
            inside = inherited.inside(element)
            if element.name == "segment":
                source = element.first("source")
                if inside.is_translatable and source is not None and source.text().strip():
                    yield self._segment(element, source, is_flowing=inside.inside(source).is_flowing)
            elif element.name in ("file", "group", "unit"):
                yield from self.units(element, inside)

    def _segment(self, segment: Element, source: Element, *, is_flowing: bool) -> Unit:
        target = segment.first("target")
        state = segment.attributes.get("state", "initial")
        return Unit(
            (_content(source, self.text),),
            source.start,
            partial(self._render_segment, segment, source, target),
            has_translation(source, target, state),
            is_flowing=is_flowing,
        )

    def _render_segment(
        self, segment: Element, source: Element, target: Element | None, contents: Sequence[Content]
    ) -> Iterator[Splice]:
        if "trgLang" not in self.root.attributes:
            tag = self.text[self.root.start : self.root.inner_start]
            new = with_attribute(tag, "trgLang", self.task.target_language)
            yield Splice(self.root.start, self.root.inner_start, new)
        tag = with_attribute(self.text[segment.start : segment.inner_start], "state", "translated")
        tag = with_attribute(tag, "subState", None if self.task.is_final else "tfm:machine")
        yield Splice(segment.start, segment.inner_start, tag)
        yield target_splice(self.text, source, target, written(contents[0], escape_xml), {})


def _descendants(element: Element) -> Iterator[Element]:
    for child in element.elements:
        yield child
        yield from _descendants(child)


def _segments(element: Element | None) -> list[Element]:
    """Return the segments that a tool has cut a text into."""
    if element is None:
        return []
    return [each for each in _descendants(element) if each.attributes.get("mtype") == "seg"]


def _segments_of_both(marks: Sequence[Element], others: Sequence[Element]) -> list[tuple[Element, Element]]:
    """Return the segments of a source that have text with those of the target; none if they do not match in full."""
    wanted = [mark for mark in marks if mark.text().strip()]
    names, own = ([each.attributes.get("mid") for each in several] for several in (wanted, others))
    if not own or len(set(own)) < len(own) or not {*names} <= {*own} or len(set(names)) < len(names):
        return []
    return [(mark, others[own.index(mark.attributes.get("mid"))]) for mark in wanted]


def has_translation(source: Element, target: Element | None, state: str | None) -> bool:
    """Return whether a target has text that is not a copy of the source in a state that says so.

    One of tags alone, as tools write it before anything is translated, is none, unless its state says that it is done.
    """
    if target is None or not (target.text().strip() or state in (_TRANSLATED if target.elements else _DONE)):
        return False
    return not (state in _NOT_TRANSLATED and target.text() == source.text())


def target_splice(text: str, source: Element, target: Element | None, inner: str, attributes: dict[str, str]) -> Splice:
    """Return the splice that puts a translation into the target, or makes a target after the source.

    Args:
        text: The document.
        source: The element after which a new target stands, with the same indentation.
        target: The target, if there is one.
        inner: The translation, written as XML.
        attributes: New values of the target's attributes.
    """
    if target is not None:
        tag = text[target.start : target.inner_start]
        for name, value in attributes.items():
            tag = with_attribute(tag, name, value)
        tag = f"{tag.removesuffix('/>').rstrip()}>" if tag.endswith("/>") else tag
        return Splice(target.start, target.end, f"{tag}{inner}</{target.prefix}target>")
    tag = f"<{source.prefix}target>"
    for name, value in attributes.items():
        tag = with_attribute(tag, name, value)
    return Splice(source.end, source.end, f"{source.indentation(text)}{tag}{inner}</{source.prefix}target>")
