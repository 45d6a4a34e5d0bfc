from __future__ import annotations

import unicodedata

import pytest
import regex
from hypothesis import example, given, settings
from hypothesis import strategies as st

from transformer_cli.text.normalization import normalize
from transformer_cli.text.spelling.invisible import without_invisible

_INVISIBLE = (
    "\u00ad\u034f\u061c\u200b\u200c\u200d\u200e\u2060\ufe0f\ufeff\u115f\u1160\u3164\U000e0067\U000e007f\U000e0100"
)
TEXTS = st.text(st.characters(exclude_categories=["Cs"]) | st.sampled_from("می خकषः्ไကé" + "👩🏽❤🏴#" + _INVISIBLE))


@pytest.mark.parametrize(
    "text",
    [
        "می\u200cخواهم",  # Persian: "I want"; without it another word is written
        "क्\u200dष र्\u200dय",  # Hindi and Marathi: half forms
        "র\u200d্যাব",  # Bengali: ra before ya-phala
        "ශ්\u200dරී ලංකා",  # Sinhala: Sri Lanka
        "👩\u200d👩\u200d👧",
        "🏳\ufe0f\u200d🌈",
        "👩🏽\u200d🚀",
        "❤\ufe0f 1\ufe0f\u20e3 ☎\ufe0e",
        "🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f",
        "葛\U000e0100城市",
        "ᠨᠠᠢᠮᠠ\u180b",
        "ភាសា\u200bខ្មែរ",
        "\u1112\u1160\u11ab \u115f\u1161",
    ],
    ids=ascii,
)
def test_what_a_script_or_an_emoji_needs_stays(text):
    assert without_invisible(text) == text


@pytest.mark.parametrize(
    ("text", "visible"),
    [
        ("voi\u00adsin", "voisin"),
        ("a\u200bb", "ab"),
        ("Auf\u200clage", "Auflage"),
        ("\u200eBonne nuit.", "Bonne nuit."),
        ("\ufeffBonjour", "Bonjour"),
        ("می\u200c خواهم\u200c", "می خواهم"),
        ("می\u200c\u200cخواهم", "می\u200cخواهم"),
        ("a\ufe0f", "a"),
        ("👩\u200d a", "👩 a"),
        ("🏴\U000e0067\U000e0062", "🏴"),
        ("a\ufffcb", "a b"),
        ("\u3164\uffa0", ""),
        ("e\u200b\u0301", "é"),
    ],
    ids=ascii,
)
def test_what_has_no_glyph_and_changes_none_goes(text, visible):
    assert normalize(text, 2) == visible


@settings(deadline=None)
@given(TEXTS)
@example("\u115f\u1160\u1160")
@example("می\ufe0f\u200cخ")
@example("e\u200d\u0301")
def test_normal_text_is_left_as_it_is(text):
    once = normalize(text, 2)

    assert normalize(once, 2) == once
    assert normalize(once) == once
    assert unicodedata.is_normalized("NFC", once)


@settings(deadline=None)
@given(TEXTS)
def test_only_invisible_characters_go(text):
    ignorable = regex.compile(r"[\p{Default_Ignorable_Code_Point}\ufff9-\ufffb]")

    text = text.replace("\ufffc", " ")

    assert ignorable.sub("", without_invisible(text)) == ignorable.sub("", text)


@given(st.text(st.characters(exclude_categories=["Cs"])))
@example("می\u200cخواهم a\u00adb")
def test_models_of_the_first_version_keep_their_normalisation(text):
    controls = regex.compile(r"[ \t\u2028\u2029\x00-\x1f\x7f-\x9f]+")

    assert normalize(text, 1) == controls.sub(" ", unicodedata.normalize("NFC", text)).strip(" ")
