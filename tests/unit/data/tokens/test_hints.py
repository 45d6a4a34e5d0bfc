from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from transformer_cli.data.tokens.hints import HINT_MARKS, are_forms, hint_spans, hinted, without_marks

WORDS = st.text("abcé ", min_size=1).map(lambda text: " ".join(text.split())).filter(bool)


def test_hints_stand_behind_their_words():
    text = "(a red house), house"

    assert hinted(text, [(3, 6, "rotes"), (7, 12, "Haus")]) == "(a red⟦=⟧ rotes⟦>⟧ house⟦=⟧ Haus⟦>⟧), house"
    assert hinted(text, []) == text


@given(st.lists(st.tuples(WORDS, WORDS | st.none()), min_size=1))
def test_their_places_are_found_and_without_them_the_text_is_as_it_was(parts):
    text, terms = "", []
    for word, hint in parts:
        start = len(text) + bool(text)
        text = f"{text} {word}" if text else word
        if hint is not None:
            terms.append((start, len(text), hint))

    found = hinted(text, terms)
    spans = hint_spans(found)

    assert [without_marks(found[start:end]) for start, end in spans] == [f" {hint}" for _, _, hint in terms]
    for start, end in reversed(spans):
        found = found[:start] + found[end:]
    assert found == text


def test_a_hint_without_an_end_goes_up_to_the_next_mark():
    assert hint_spans("a⟦=⟧ b c⟦=⟧ d⟦>⟧") == [(1, 8), (8, 16)]
    assert without_marks("a" + "".join(HINT_MARKS)) == "a"


@pytest.mark.parametrize(
    ("word", "other", "expected"),
    [
        ("weiße", "weißen", True),
        ("haus", "häuser", True),
        ("haus", "hütten", False),
        ("haus", "hauses", True),
        ("hut", "hund", False),
        ("ein", "ein", True),
        ("ein", "eines", True),
        ("kind", "kindergarten", False),
        ("kindergarten", "kindergärten", True),
        ("kindergarten", "kindergartenplätze", False),
    ],
)
def test_forms_of_a_word_begin_alike(word, other, expected):
    assert are_forms(word, other) == are_forms(other, word) == expected
