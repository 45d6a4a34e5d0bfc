from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.documents import translate, unchanged
from transformer_cli.documents.document import Task
from transformer_cli.errors import DataError

CATALOGUE = r"""{
  "$schema": "le schéma est ici",
  "save" : "Enregistrer",	"nested": {"deep": ["le chat", 3, null, {"x": "dort \"ici\"\n\tle chien"}]},
  "empty": "", "number": "12", "id": "btn_ok", "link": "https://example.com/a",
  "html": "le <b>chat</b> dort", "le chat": true, "@save": {"description": "un bouton"}, "last": "l'eau 😀"
}
"""


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_a_file_read_and_written_is_the_same_in_every_byte(encoding, line_end):
    data = CATALOGUE.replace("\n", line_end).encode(encoding)

    assert unchanged(data, "json") == data
    assert translate(data, "json") == data


def test_texts_are_translated_and_nothing_else_changes():
    expected = CATALOGUE
    for old, new in [
        ('"Enregistrer"', '"ENREGISTRER"'),
        ('["le chat"', '["LE CHAT"'),
        (r"dort \"ici\"\n\tle chien", r"DORT \"ICI\"\n\tLE CHIEN"),
        ("le <b>chat</b> dort", "LE <b>CHAT</b> DORT"),
        ("l'eau", "L'EAU"),
    ]:
        expected = expected.replace(old, new)

    assert translate(CATALOGUE.encode(), "json", str.upper).decode() == expected


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=12,
)


@settings(max_examples=50)
@given(VALUES, st.booleans(), st.sampled_from([None, 1]), st.text(max_size=5))
def test_whatever_json_holds_stays_and_any_answer_is_read_again(value, is_ascii, indent, answer):
    data = json.dumps(value, ensure_ascii=is_ascii, indent=indent).encode()

    assert translate(data, "json") == data
    new = json.loads(translate(data, "json", lambda _: answer))
    assert _shape(new) == _shape(value)


def _shape(value: object) -> object:
    """Return a value with nothing left of its strings."""
    if isinstance(value, dict):
        return [(key, _shape(inner)) for key, inner in value.items()]
    return [_shape(inner) for inner in value] if isinstance(value, list) else "" if isinstance(value, str) else value


def test_a_translation_is_escaped_as_the_file_is():
    assert translate(rb'{"a": "\u00e0 deux"}', "json", lambda _: "é") == rb'{"a": "\u00e9"}'
    assert translate(rb'{"a": "\u00e0 deux", "b": "\u003cbr>"}', "json", lambda _: "a <") == (
        rb'{"a": "a \u003c", "b": "\u003cbr>"}'
    )
    assert translate(rb'{"a": "deux", "b": "\/"}', "json", lambda _: "é/") == r'{"a": "é\/", "b": "\/"}'.encode()
    assert translate(b'{"a": "deux", "b": "/"}', "json", lambda _: "é/") == '{"a": "é/", "b": "/"}'.encode()


def test_of_a_browser_extension_the_messages_are_translated():
    messages = b'{"name": {"message": "le chat", "description": "un nom", "placeholders": {"message": "deux mots"}}}'

    assert translate(messages, "json", str.upper) == messages.replace(b"le chat", b"LE CHAT")
    assert b"UN NOM" in translate(messages.replace(b"}}}", b'}}, "b": "deux"}'), "json", str.upper)


def test_a_block_of_html_in_a_value_ends_a_passage():
    heard = []

    def say(text: str) -> str:
        heard.append(text)
        return text.upper()

    new = translate(b'{"a": "<p>le chat</p><ul><li>deux <b>mots</b></li><li>ici</li></ul>"}', "json", say)

    assert heard == ["deux mots", "le chat", "ici"]
    assert new == b'{"a": "<p>LE CHAT</p><ul><li>DEUX <b>MOTS</b></li><li>ICI</li></ul>"}'


ARB = '{\n  "@@locale": "fr_CA",\n  "chat": "le chat dort",\n  "@chat": {"description": "le chat"}\n}\n'


def test_the_locale_of_an_arb_becomes_the_target_language_if_it_is_translated():
    expected = ARB.replace("fr_CA", "en_GB").replace("le chat dort", "LE CHAT DORT")

    assert translate(ARB.encode(), "arb", str.upper, task=Task("fr", "en-GB")).decode() == expected
    assert unchanged(ARB.encode(), "arb") == ARB.encode()


def test_an_arb_of_another_language_is_refused():
    with pytest.raises(DataError, match="line 2: the catalogue is in fr_CA, the model reads de"):
        unchanged(ARB.encode(), "arb", task=Task("de", "en"))


def test_a_link_to_another_message_stays_in_its_text():
    page = b"""{"a": "le @:un.chat dort @.lower:a_b. Ici @:{'le.lit'}, a@b.c", "b": "@:le.lit"}"""
    expected = b"""{"a": "LE @:un.chat DORT @.lower:a_b. ICI @:{'le.lit'}, A@B.C", "b": "@:le.lit"}"""

    assert translate(page, "json", str.upper) == expected
