from __future__ import annotations

from xml.etree.ElementTree import Element

import pytest
from defusedxml.ElementTree import fromstring
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.documents import translate, unchanged

STRINGS = r"""<?xml version="1.0" encoding="utf-8"?>
<!-- un commentaire -->
<resources xmlns:xliff="urn:oasis:names:tc:xliff:document:1.2">
    <string name="app" translatable="false">Le chat</string>
    <string name="save">Enregistrer</string>
    <string name="apostrophe">L\'eau dort\u00A0: \"ici\"</string>
    <string name='spread'>
        Une ligne
        et\n une autre
    </string>
    <string name="quoted">"L'eau  dort"</string>
    <string name="tags">Le <b>chat</b> &amp; <xliff:g id="n" example="deux">%1$s</xliff:g> lignes</string>
    <string name="cdata"><![CDATA[ <a href="x">le chat</a> & l\'eau ]]></string>
    <string name="entities">Le &lt;b>chat&lt;/b></string>
    <string name="link">@string/save</string>
    <string name="at">\@ici, le chat</string>
    <color name="red">#ff0000</color>
    <string-array name="days"><item>lundi</item><item>mardi</item></string-array>
    <string-array name="names" translatable="false"><item>lundi</item></string-array>
    <plurals name="cats">
        <item quantity="one">%d chat</item>
        <item quantity="other">%d chats</item>
    </plurals>
    <style name="A"><item name="b">c d</item></style>
    <string name="empty"/>
</resources>
"""
CHANGED = [
    (">Enregistrer<", ">ENREGISTRER<"),
    (r"L\'eau dort\u00A0: \"ici\"", r"L\'EAU DORT\u00A0: \"ICI\""),
    ("Une ligne\n        et\\n une autre", "UNE LIGNE ET\\n UNE AUTRE"),
    ('"L\'eau  dort"', '"L\'EAU DORT"'),
    ("Le <b>chat</b> &amp; ", "LE <b>CHAT</b> &amp; "),
    ("</xliff:g> lignes", "</xliff:g> LIGNES"),
    (r'<a href="x">le chat</a> & l\'eau', r'<a href="x">LE CHAT</a> & L\'EAU'),
    ("Le &lt;b>chat&lt;/b>", "LE &lt;b&gt;CHAT&lt;/b&gt;"),
    (r"\@ici, le chat", r"\@ICI, LE CHAT"),
    ("<item>lundi</item><item>mardi</item>", "<item>LUNDI</item><item>MARDI</item>"),
    (">%d chat<", ">%d CHAT<"),
    (">%d chats<", ">%d CHATS<"),
]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "latin-1"])
@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_a_file_read_and_written_is_the_same_in_every_byte(encoding, line_end):
    declared = {"latin-1": "iso-8859-1", "utf-8-sig": "utf-8"}.get(encoding, encoding)
    data = STRINGS.replace("\n", line_end).replace("utf-8", declared).encode(encoding)

    assert unchanged(data, "android") == data
    assert translate(data, "android") == data


def test_texts_are_translated_and_nothing_else_changes():
    expected = STRINGS
    for old, new in CHANGED:
        assert old in expected
        expected = expected.replace(old, new, 1)

    assert translate(STRINGS.encode(), "android", _upper).decode() == expected


def _upper(text: str) -> str:
    return text.upper().replace("%D", "%d")


@settings(max_examples=50)
@given(st.text(st.sampled_from("ab '\"\\@?\n<>&]é😀"), max_size=6))
def test_any_answer_leaves_the_same_tree_and_is_read_as_it_was_said(answer):
    new = fromstring(translate(STRINGS.encode(), "android", lambda _: answer).decode().partition("?>")[2])
    old = fromstring(STRINGS.partition("?>")[2])

    assert [(node.tag, node.attrib) for node in new.iter()] == [(node.tag, node.attrib) for node in old.iter()]
    heard = " ".join(answer.split())
    if heard:
        assert _android(new.find("string[@name='save']")) == heard
        assert _android(new.find("string[@name='quoted']")) == heard


def _android(element: Element | None) -> str:
    """Return what Android shows for a string, read character by character."""
    text = (element.text or "") if element is not None else ""
    shown, is_quoted, characters = "", False, iter(text.strip())
    for character in characters:
        if character == "\\":
            following = next(characters)
            shown += {"n": "\n"}.get(following, following)
        elif character == '"':
            is_quoted = not is_quoted
        else:
            assert is_quoted or character != "'"
            shown += character
    assert is_quoted or text.strip()[:1] not in ("@", "?")
    assert not is_quoted
    return shown


def test_an_answer_that_would_end_a_section_does_not():
    data = b"<resources><string><![CDATA[le chat]]></string></resources>"

    (string,) = fromstring(translate(data, "android", lambda _: "a ]]> b").decode())

    assert string.text == "a ]]> b"


def test_a_space_at_an_end_stays_one():
    data = rb"<resources><string>\u0020le chat\u0020</string></resources>"

    assert translate(data, "android", str.upper) == data.replace(b"le chat", b"LE CHAT")
