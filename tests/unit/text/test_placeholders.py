from __future__ import annotations

import re
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from transformer_cli.text.placeholders import SYMBOLS, counted_from_one, finder, masked, masked_pair, places_of

FIND = finder()
PARTS = st.sampled_from(["le chat", "(noir)", "%s", "{x}", "{{ x }}", "<b>", "</b>", "`a b`", "www.a.org", "⟦3⟧"])
LINES = st.lists(PARTS, max_size=8).map(" ".join)


def symbols_of(text: str) -> Counter[str]:
    return Counter(re.findall("⟦[0-9]+⟧", text))


@given(LINES)
def test_a_masked_text_has_symbols_only_and_is_the_text_when_they_are_replaced(line):
    found = masked(line, FIND, SYMBOLS)

    assert found.restored(found.text) == line
    assert {found.text[start:end] for start, end, _ in FIND(found.text)} == {*found.strings}
    assert len({*found.strings.values()}) == len(found.strings)


@given(LINES, LINES)
def test_both_sides_of_a_pair_have_the_same_symbols_for_what_both_had(source, target):
    new_source, new_target = masked_pair(source, target, FIND, SYMBOLS)

    shared = {
        source[start:end]
        for start, end, _ in FIND(source)
        if len(places_of([source[start:end]], source, FIND(source)))
        == len(places_of([source[start:end]], target, FIND(target)))
    }
    left = {text[start:end] for text in (new_source, new_target) for start, end, _ in FIND(text)}
    assert not (left & shared) - {*SYMBOLS}
    if "⟦3⟧" not in source + target:
        assert symbols_of(new_source) == symbols_of(new_target)
        assert [*dict.fromkeys(re.findall("⟦[0-9]+⟧", new_source))] == [*SYMBOLS[: len(symbols_of(new_source))]]


@pytest.mark.parametrize(
    ("source", "target", "expected"),
    [
        ("%s and {x}", "{x} et %s", ("⟦0⟧ and ⟦1⟧", "⟦1⟧ et ⟦0⟧")),
        ("%s and %s", "%s et %s", ("⟦0⟧ and ⟦0⟧", "⟦0⟧ et ⟦0⟧")),
        ("%s and %s", "%s", ("%s and %s", "%s")),
        ("file {file}", "fichier {fichier}", ("file {file}", "fichier {fichier}")),
    ],
)
def test_what_only_one_side_has_stays(source, target, expected):
    assert masked_pair(source, target, FIND, SYMBOLS) == expected


def test_more_placeholders_than_symbols_stay():
    found = masked("%s {x} {y}", FIND, SYMBOLS[:2])

    assert found.text == "⟦0⟧ ⟦1⟧ {y}"


def test_a_symbol_that_stands_for_nothing_goes():
    assert masked("%s", FIND, SYMBOLS).restored("⟦7⟧⟦0⟧ a ⟦7⟧, ⟦99⟧") == "%s a,"


def test_a_recipes_own_patterns_come_first_and_kinds_are_switched_off():
    find = finder(("@[a-z]+", r"%s!"), ("code",))

    text = "@foo `a` %s! %s"

    assert [text[start:end] for start, end, _ in find(text)] == ["@foo", "%s!", "%s"]


@pytest.mark.parametrize(
    ("text", "placeholders"),
    [
        ("%1", ["%1"]),
        ("%2 %1 %2", ["%2", "%1", "%2"]),
        ("%5", []),
        ("%1 %3 %s", ["%s"]),
        ("%L1 %n %2", ["%L1", "%n", "%2"]),
    ],
)
def test_a_number_behind_a_percent_sign_counts_from_one_where_it_could_be_a_percentage(text, placeholders):
    assert [text[start:end] for start, end, _ in counted_from_one(FIND)(text)] == placeholders


def test_the_tag_of_a_corpus_at_the_beginning_is_no_placeholder():
    find = finder(tags=("<med>",))

    assert [span.start for span in find("<med> a <med>")] == [8]
    assert [span.start for span in find("a <med>")] == [2]
