from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from transformer_cli.text.spelling.letter_case import lower, upper, with_capital, without_accents


@pytest.mark.parametrize(
    ("text", "language", "capitals"),
    [
        ("ıslak iki ilk", "tr", "ISLAK İKİ İLK"),
        ("iki", "az", "İKİ"),
        ("iki", "en", "IKI"),
        ("Η Αθήνα είναι ωραία", "el", "Η ΑΘΗΝΑ ΕΙΝΑΙ ΩΡΑΙΑ"),
        (
            "γάιδαρος, καΐκι, ρολόι",
            "el",
            "ΓΑΪΔΑΡΟΣ, ΚΑΪΚΙ, ΡΟΛΟΪ",
        ),  # no diphthong: the diaeresis says it without accent
        ("die Straße", "de", "DIE STRASSE"),
        ("ijs", "nl", "IJS"),
        ("l'été", "fr", "L'ÉTÉ"),
        ("日本 ქართული", "ja", "日本 ქართული".upper()),
    ],
)
def test_capitals_are_those_of_the_language(text, language, capitals):
    assert upper(text, language) == capitals


@pytest.mark.parametrize(
    ("text", "language", "small"),
    [
        ("ISLAK İKİ", "tr", "ıslak iki"),
        ("ISTANBUL İ", "en", "istanbul i"),
        ("ΟΔΟΣ", "el", "οδος"),
        ("ÉTÉ", "fr-CA", "été"),
    ],
)
def test_small_letters_are_those_of_the_language(text, language, small):
    assert lower(text, language) == small


@pytest.mark.parametrize(
    ("text", "language", "capital"),
    [
        ("ijs is koud", "nl", "IJs is koud"),
        ("iki", "tr", "İki"),
        ("« été »", "fr", "« Été »"),
        ("ήταν", "el", "Ήταν"),
        ("ßx", "de", "ßx"),
        ("ქართული ენა", "ka", "ქართული ენა"),  # its capitals are only for texts all in capitals
        ("ǆungla", "hr", "ǅungla"),
        ("ǄUNGLA", "hr", "ǄUNGLA"),
        ("ᾳδης", "el", "ᾼδης"),
        ("3 amis", "fr", "3 amis"),
        ("", "fr", ""),
    ],
)
def test_the_first_letter_becomes_a_capital(text, language, capital):
    assert with_capital(text, language) == capital


@given(st.text(), st.sampled_from(["en", "tr", "el", "nl", "de"]))
def test_small_letters_stand_where_the_capitals_stood(text, language):
    assert len(lower(text, "en")) == len(text)
    assert lower(lower(text, language), language) == lower(text, language)


@pytest.mark.parametrize(
    ("text", "bare"), [("étudiant çà", "etudiant ca"), ("Ναί", "Ναι"), ("हिन्दी", "हिन्दी"), ("ABC", "ABC")]
)
def test_accents_go_and_vowel_signs_stay(text, bare):
    assert without_accents(text) == bare
