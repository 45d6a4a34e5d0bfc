from __future__ import annotations

import re

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.documents import translate, unchanged
from transformer_cli.documents.formats.resources import yaml as reader
from transformer_cli.documents.formats.resources import yaml_scalars
from transformer_cli.documents.formats.resources.texts import is_text

TABLE = r"""%YAML 1.1
--- # un commentaire
fr:
  save: Enregistrer   # le bouton
  'le chat' : 'l''eau dort'
  double: "le \"chat\"\n dort \
    ici"
  long: une valeur
    sur deux lignes
  yes: no
  number: 12
  date: 2024-01-01
  id: btn_ok
  symbol: [":jour", le mois, "l'an", { a: b c, d: [e f] }]
  anchor: &x un texte
  alias: *x
  tag: !ruby/sym le chat
  str: !!str un mot
  literal: |  # le bloc

    le premier
      le second

    dernier
  # un autre
  folded: >-
    une longue ligne
    qui continue

    un autre
  $meta: {a: le chat, b: [le chat]}
  list:
  - |+
    encore

  - ? clef longue
    : un choix
...
"""
CHANGED = [
    ("Enregistrer  ", "ENREGISTRER  "),
    ("'l''eau dort'", "'L''EAU DORT'"),
    ('"le \\"chat\\"\\n dort \\\n    ici"', '"LE \\"CHAT\\"\\n DORT ICI"'),
    ("une valeur\n    sur deux lignes", "UNE VALEUR SUR DEUX LIGNES"),
    ('le mois, "l\'an", { a: b c, d: [e f] }', 'LE MOIS, "L\'AN", { a: B C, d: [E F] }'),
    ("un texte", "UN TEXTE"),
    ("un mot", "UN MOT"),
    ("    le premier\n      le second\n\n    dernier", "    LE PREMIER\n      LE SECOND\n\n    DERNIER"),
    (
        "    une longue ligne\n    qui continue\n\n    un autre",
        "    UNE LONGUE LIGNE\n    QUI CONTINUE\n\n    UN AUTRE",
    ),
    ("    encore", "    ENCORE"),
    ("un choix", "UN CHOIX"),
]


@pytest.fixture(params=["fast", "plain"], autouse=True)
def parser(request, monkeypatch):
    if request.param == "plain":
        monkeypatch.setattr(reader, "LOADER", yaml.SafeLoader)
        monkeypatch.setattr(yaml_scalars, "LOADER", yaml.SafeLoader)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_a_file_read_and_written_is_the_same_in_every_byte(encoding, line_end):
    data = TABLE.replace("\n", line_end).encode(encoding)

    assert unchanged(data, "yaml") == data
    assert translate(data, "yaml") == data


@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_texts_are_translated_and_nothing_else_changes(line_end):
    expected = TABLE
    for old, new in CHANGED:
        assert old in expected
        expected = expected.replace(old, new)

    new = translate(TABLE.replace("\n", line_end).encode(), "yaml", str.upper).decode()

    assert new == expected.replace("\n", line_end)


SPECIAL = [
    "a: b",
    "a #b",
    "- a",
    "no",
    "null",
    "~",
    "1.5",
    "12e3",
    "2024-01-01",
    "-a",
    "&a",
    "*a",
    "!a",
    "@a",
    "{a",
    "%a",
    "a:",
    "#b",
]


@pytest.mark.parametrize("word", SPECIAL)
def test_a_translation_that_would_be_something_else_stands_in_quotes(word):
    assert translate(b"k: le chat", "yaml", lambda _: word).decode() == f"k: '{word}'"


def test_a_translation_is_written_in_a_style_that_holds_it():
    assert translate(b"[le chat, deux mots]", "yaml", lambda _: "a, b") == b"['a, b', 'a, b']"
    assert translate(b"k: le chat", "yaml", lambda _: "it's fine: ok") == b"k: 'it''s fine: ok'"
    assert translate(rb'k: "\xe9t\xe9 chaud"', "yaml", lambda _: "é ☺") == rb'k: "\xe9 \u263a"'


ANSWERS = st.one_of(
    st.text(st.sampled_from("ab :#-'\"\\{}[],&*!|>%@`?\n\té"), max_size=6),
    st.sampled_from(["yes", "1", "null", "---", "...", "a: b", " a", "0x1f", "=", "<<", "a\n b"]),
)


@settings(max_examples=30)
@given(ANSWERS)
def test_any_answer_leaves_the_same_tree_and_is_read_again(answer):
    new = translate(TABLE.encode(), "yaml", lambda _: answer).decode()

    before, after = (_scalars(text) for text in (TABLE, new))
    heard = " ".join(answer.split())
    assert len(before) == len(after)
    for old, changed in zip(before, after, strict=True):
        assert changed == old or (heard in " ".join(changed.split()) if heard else True)
    kept = [line for line in TABLE.split("\n") if re.search(r"yes|number|date|id:|alias|tag:|\$meta|# un autre", line)]
    assert all(line in new for line in kept)


def _scalars(text: str) -> list[str]:
    return [event.value for event in yaml.parse(text) if isinstance(event, yaml.ScalarEvent)]


WORDS = st.lists(
    st.sampled_from(["le chat", "dort", "a", "é", " x", "\n", "\n\n", "- b", "'", '"', ": c", " # d"]), max_size=6
)
TREES = st.recursive(
    WORDS.map("".join),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["k", "l", "m n"]), inner, max_size=3),
    max_leaves=6,
)


@settings(max_examples=30)
@given(TREES, st.sampled_from(["|", ">", "'", '"', None]), st.booleans(), st.sampled_from([2, 4]))
def test_whatever_yaml_holds_is_translated_in_its_place(tree, style, flow, indent):
    text = yaml.dump(tree, default_style=style, default_flow_style=flow, indent=indent, width=20, allow_unicode=True)

    assert translate(text.encode(), "yaml") == text.encode()
    new = translate(text.encode(), "yaml", str.swapcase).decode()
    before, after = _scalars(text), _scalars(new)
    assert [_folded(value) for value in after] == [
        _folded(value.swapcase() if is_value and is_text(value) else value)
        for value, is_value in zip(before, _are_values(text), strict=True)
    ]


def _folded(value: str) -> str:
    return " ".join(value.split())


def _are_values(text: str) -> list[bool]:
    """Return for each scalar of a tree without complex keys whether it is no key."""
    places: list[bool] = []

    def walk(node: yaml.Node, *, is_value: bool) -> None:
        if isinstance(node, yaml.MappingNode):
            for key, value in node.value:
                walk(key, is_value=False)
                walk(value, is_value=True)
        elif isinstance(node, yaml.SequenceNode):
            for item in node.value:
                walk(item, is_value=True)
        else:
            places.append(is_value and node.tag == "tag:yaml.org,2002:str")

    walk(yaml.compose(text), is_value=True)
    return places
