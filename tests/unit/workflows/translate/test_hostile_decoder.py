"""Whatever a decoder returns, a document has its tags, nested as they were, and its placeholders."""

from __future__ import annotations

import itertools
import re
import xml.etree.ElementTree as ElementTree
from collections import Counter

from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.support.speaking_engine import SpeakingEngine
from tests.support.tiny_models import tiny_tokenizers
from transformer_cli.decoding.line_translator import LineTranslator
from transformer_cli.decoding.text_rules import TextRules
from transformer_cli.documents.document import Task
from transformer_cli.documents.kinds import KINDS
from transformer_cli.text.normalization import normalize
from transformer_cli.text.protected import placeholder_spans
from transformer_cli.workflows.translate.passage_translator import PassageTranslator
from transformer_cli.workflows.translate.translator import Translator

TASK = Task("fr", "en")
WORDS = st.sampled_from(
    ["le", "chat", "noir,", "(l’eau)", "%s", "%(n)d", "{nom}", "{nom}", "%%", "https://a.b/c", "ici."]
)
SENTENCES = st.lists(WORDS, max_size=4).map(" ".join)
INSIDE = st.recursive(
    SENTENCES,
    lambda inner: st.lists(
        st.one_of(SENTENCES, st.just("<x/>"), inner.map(lambda text: f"<g>{text}</g>")), min_size=1, max_size=4
    ).map(lambda parts: " ".join(parts)),
    max_leaves=8,
)
PIECES = st.sampled_from([*"<>/%{}&;[]⟦⟧0 ", "%s", "{nom}", "%(n)d", "<g>", "</g>", "https://", "chat", "LE", "\u202e"])
HOSTILE = st.lists(PIECES, max_size=8).map("".join) | st.text(max_size=12)


def tags(element: ElementTree.Element, *around: str) -> list[tuple[str, ...]]:
    """Return each tag inside an element with the tags around it."""
    found = []
    for inner in element:
        own = (*around, inner.get("id", ""))
        found += [own, *tags(inner, *own)]
    return sorted(found)


def placeholders(element: ElementTree.Element) -> Counter[tuple[str, str]]:
    """Return the placeholders of an element with their kinds."""
    text = normalize(" ".join("".join(element.itertext()).split()))
    found = list(placeholder_spans(text))
    rest = "".join("\0" if any(start <= i < end for start, end, _ in found) else text[i] for i in range(len(text)))
    # A program reads one in "0%s" too, though not in the link "https://a.b/0%s".
    rest = re.sub("(?<=[0-9])(?=%[^%])", " ", rest)
    also = [(kind, rest[start:end]) for start, end, kind in placeholder_spans(rest)]
    return Counter([*((kind, text[start:end]) for start, end, kind in found), *also])


@settings(max_examples=60)
@given(INSIDE, HOSTILE)
@example("le %s", "0%s")
@example("le %s", "%%s")
@example("le %s", "0%%s")
@example("le", "0%s")
@example("le", "https://0%s")
@example("https://a.b/c", ";⟦")
@example("https://a.b/c", "東")
def test_tags_and_placeholders_come_out_whole_whatever_the_decoder_returns(inside, answer):
    numbers = itertools.count(1)
    pieces = inside.replace("<", "\0<").split("\0")
    named = "".join(
        piece.replace("<g>", f'<g id="{next(numbers)}">').replace("<x/>", f'<x id="{next(numbers)}"/>')
        for piece in pieces
    )
    text = (
        '<xliff version="1.2"><file source-language="fr" target-language="en"><body><trans-unit id="1">'
        f"<source>{named}</source></trans-unit></body></file></xliff>"
    )
    engine = SpeakingEngine(lambda _: answer)
    lines = LineTranslator(engine, tiny_tokenizers(), TextRules(keeps_placeholders=True))
    (read,) = KINDS["xliff"].readers

    new = PassageTranslator(lambda: Translator(lines)).translate(read(text, TASK), replace_all=False)

    root = ElementTree.fromstring(new)
    source, *targets = (side for name in ("source", "target") for side in root.iter(name))
    for target in targets:
        assert tags(target) == tags(source)
        invented = placeholders(target) - placeholders(source)
        assert placeholders(source) <= placeholders(target)
        assert {kind for kind, _ in invented} <= {"link", "email", "path", "code", "emoji"}
    assert len(targets) == 1 or not any(word.isalpha() for word in "".join(source.itertext()))
