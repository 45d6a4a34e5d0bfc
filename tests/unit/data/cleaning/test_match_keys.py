from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from transformer_cli.data.cleaning.match_keys import fold, hash_pair, hash_text


@pytest.mark.parametrize(
    "texts",
    [
        ("Le chien dort.", "le chien dort", "LE CHIEN — « dort » !"),
        ("L\u2019été", "l'été", "L' ÉTÉ..."),
        ("Il a 3 chats.", "il a 12 chats"),
        ("straße", "STRASSE"),
    ],
)
def test_case_punctuation_and_digits_do_not_matter(texts):
    assert len({fold(text) for text in texts}) == 1


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("numéro 3", "numéro 4"),
        ("Page 12 de", "Page 13 de"),
        ("un chat", "unchat"),
        ("की", "का"),
        ("été", "ete"),
        ("1", "2"),
        ("the new A320 flies", "the new A340 flies"),
    ],
)
def test_other_words_and_numbers_with_little_beside_them_do_matter(one, other):
    assert fold(one) != fold(other)


def test_numbers_are_told_apart_on_request():
    one, other = "The cat number 3 sleeps.", "the cat number 4 sleeps"

    assert fold(one) == fold(other)
    assert (fold(one, numbers=False), fold(other, numbers=False)) == ("the cat number 3 sleeps", other)


@given(st.text())
def test_what_is_folded_stays_as_it_is(text):
    assert fold(fold(text)) == fold(text)


def test_a_hash_tells_where_the_source_ends():
    assert len({hash_pair("ab", "c"), hash_pair("a", "bc"), hash_pair("abc", ""), hash_pair("", "abc")}) == 4


def test_hashes_are_those_of_xxh3():
    # The value that the reference implementation's tests have for no input.
    assert hash_text("") == 0x2D06800538D394C2
