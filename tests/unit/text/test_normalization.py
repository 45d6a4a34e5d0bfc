from __future__ import annotations

import unicodedata

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from transformer_cli.text.normalization import normalize

TEXTS = st.text(st.characters(exclude_categories=["Cs"]))


@pytest.mark.parametrize(
    ("text", "normal"),
    [
        ("Cafe\u0301", "Café"),
        ("\u212b", "Å"),  # the sign of the unit, canonically a letter
        ("ﬁn ½ \uff46\uff55\uff4c\uff4c", "ﬁn ½ \uff46\uff55\uff4c\uff4c"),  # alike, but not canonically equal
        ("Straße ÉTÉ", "Straße ÉTÉ"),
        ("Ça\u00a0va\u202f?", "Ça\u00a0va\u202f?"),
        ("\u00a0a\u00a0", "\u00a0a\u00a0"),
        ("  a  \t b ", "a b"),
        ("a\rb\vc\fd\x85e", "a b c d e"),
        ("a\0b\x1b[31mc\x7fd\x9be", "a b [31mc d e"),
        ("a\u2028b\u2029c", "a b c"),
        ("a \n b", "a b"),
        ("\x00\x1f\x80 ", ""),
        ("", ""),
    ],
    ids=ascii,
)
def test_text_is_composed_and_cleared_of_controls_and_spare_spaces_alone(text, normal):
    assert normalize(text) == normal


@settings(deadline=None)
@given(TEXTS)
@example("\u0301\0\u0301 e\u0301")
@example(" \u00a0 \u00a0 ")
def test_normal_text_is_left_as_it_is(text):
    once = normalize(text)

    assert normalize(once) == once
    assert unicodedata.is_normalized("NFC", once)


@settings(deadline=None)
@given(TEXTS)
@example("a\x1cb\x1dc\x1ed\u2029e")
def test_normal_text_is_one_line_for_every_reader(text):
    assert len(normalize(text).splitlines()) <= 1
