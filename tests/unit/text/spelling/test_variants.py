from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from transformer_cli.text.normalization import normalize
from transformer_cli.text.protected import spans_with_symbols
from transformer_cli.text.spelling.variants import Spelling, count_variants

FRENCH = ["L'homme n'est pas italien ?", 'Il a dit "oui" - puis "non"...'] * 50


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("L’homme", "L'homme"),
        ("italien\u00a0?", "italien ?"),
        ("italien\u202f?", "italien ?"),
        ("italien?", "italien ?"),
        ("«italien?» www.example.org/?a=b", '"italien ?" www.example.org/?a=b'),
        ("non!", "non!"),  # no such mark was seen
        ("«\u00a0oui\u00a0» “oui”", '"oui" "oui"'),
        ("oui—non", "oui - non"),
        ("…", "..."),
        ("ﬁn", "fin"),
        ("Ｌ１？", "L1?"),
        ("ｶﾞ", "ガ"),
        ("a\ue000b", "ab"),
        ("été ½ ²™", "été ½ ²™"),
        ("аа", "аа"),  # Cyrillic: alike for the eye, and another letter
    ],
    ids=ascii,
)
def test_an_unknown_variant_is_read_as_the_one_that_training_text_has(text, read):
    assert Spelling(count_variants(FRENCH)).read(text) == read


@pytest.mark.parametrize(
    ("texts", "text", "read"),
    [
        (["צה\"ל בתל-אביב, ג'ירפה"], "צה״ל בתל־אביב, ג׳ירפה", "צה\"ל בתל-אביב, ג'ירפה"),
        (["צה״ל בתל־אביב, ג׳ירפה"], "צה\"ל בתל-אביב, ג'ירפה", "צה״ל בתל־אביב, ג׳ירפה"),
        (["5～6個"], "5〜6個, 5~6個", "5～6個, 5～6個"),
        (["5〜6個"], "5～6個, 5~6個", "5〜6個, 5〜6個"),
        (["5~6"], "5～6個, 5〜6個", "5~6個, 5~6個"),
    ],
    ids=ascii,
)
def test_marks_of_hebrew_and_japanese_have_variants_too(texts, text, read):
    assert Spelling(count_variants(texts * 100)).read(text) == read


def test_a_mark_that_has_a_space_before_it_now_and_then_stays_as_it_is():
    mixed = ["Oui ?", "Non?"] * 50

    assert [Spelling(count_variants(mixed)).read(text) for text in mixed[:2]] == mixed[:2]


def test_what_training_text_has_often_stays():
    printed = ["L’homme “dit”\u00a0: «\u00a0Oui…\u00a0» – non - et puis..."] * 100

    read = Spelling(count_variants(printed)).read(printed[0])

    assert read == printed[0].replace("\u00a0", " ")
    assert Spelling(count_variants(printed)).read("L'homme dit") == "L’homme dit"


def test_apostrophes_and_spaces_are_read_as_the_commonest_even_where_the_training_text_has_several():
    spelling = Spelling(count_variants([*["L'homme est là ?"] * 300, *["L’homme est là\u00a0?"] * 200]))

    assert spelling.read("L’homme\u202fest là\u00a0?") == "L'homme est là ?"


def test_an_ordinary_space_and_an_ideographic_one_are_both_kept():
    spelling = Spelling(count_variants(["今日は　晴れ　です", "OK です"] * 200))

    assert spelling.read("今日は　OK です") == "今日は　OK です"


def test_what_is_known_in_no_variant_stays():
    assert Spelling(count_variants(["abc"])).read("L’homme «\u00a0oui\u00a0»") == "L’homme «\u00a0oui\u00a0»"


@settings(deadline=None, max_examples=50)
@given(st.lists(st.text(st.characters(exclude_categories=["Cs"]) | st.sampled_from("'’ -–—…«»“”\"ﬁ１ｶ٠٠")), max_size=5))
def test_training_text_is_read_as_it_is_spelled_but_for_apostrophes_and_spaces(texts):
    texts = [normalize(text, 2) for text in texts]
    spelling = Spelling(count_variants(texts * 100))

    for text in texts:
        read = spelling.read(text)
        assert spelling.read(read) == read
        assert _without_typography(read) == _without_typography(text)


def _without_typography(text: str) -> str:
    return "".join(each for each in text if not each.isspace() and each not in "'’ʼ‘´＇′ꞌ‛")


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("Un caf&eacute; noir; il pleut;", "Un caf&eacute; noir ; il pleut ;"),
        ("Il dit “`f(“a—b”; c);` ”, non; L’homme", 'Il dit "`f(“a—b”; c);` ", non ; L\'homme'),
        ("<a title='“«\u00a0x\u00a0»—'>“oui”</a>", "<a title='“«\u00a0x\u00a0»—'>\"oui\"</a>"),
        ("www.example.org/l’été–2; x", "www.example.org/l’été–2 ; x"),
        ("ﬁn@example.org, ﬁn", "ﬁn@example.org, fin"),
    ],
    ids=ascii,
)
def test_spans_that_are_no_words_stay_as_they_are(text, read):
    counts = count_variants([*FRENCH, *["Il pleut ; il fait froid - non."] * 50])

    assert Spelling(counts, lambda text: spans_with_symbols(text, ())).read(text) == read


@settings(deadline=None, max_examples=50)
@given(st.text(st.sampled_from("aé'’ -–—…«»“”\"ﬁ１ｶﾞ\u00a0\u202f.")))
def test_reading_twice_changes_nothing_more(text):
    spelling = Spelling(count_variants(FRENCH))
    once = spelling.read(normalize(text, 2))

    assert spelling.read(once) == once
    assert unicodedata.is_normalized("NFC", once)
