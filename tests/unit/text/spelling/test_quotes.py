from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from transformer_cli.text.spelling.quotes import learn_quotes, without_quotes


@pytest.mark.parametrize(
    ("texts", "quotes"),
    [
        (['He says "yes".', "«No», she says.", '"Go!" - "Why?"'], ('"', '"')),
        (["Il dit « oui »."], ("«\u00a0", "\u00a0»")),
        (["Elle dit «\u202foui\u202f» et «\u202fnon\u202f»."], ("«\u202f", "\u202f»")),
        (["Er sagt „ja“ und „nein“.", "Sie sagt „nein“."], ("„", "“")),
        (["»Ja«, sagt er.", "»Nein.«"], ("»", "«")),
        (["他说「好」。"], ("「", "」")),
        (["It's 5' or 6\" long."], ()),
        ([], ()),
    ],
)
def test_the_commonest_quotation_marks_are_learned(texts, quotes):
    assert learn_quotes(texts) == quotes


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ('"I am."', ('"', "I am.", '"')),
        ("« Je suis. »", ("« ", "Je suis.", " »")),
        ("„Ich bin.“", ("„", "Ich bin.", "“")),
        ('"I am," he said, "here."', None),
        ('I said "no"', None),
        ('"I am.', None),
        ('""', None),
        ('"', None),
        ("", None),
    ],
)
def test_quotation_marks_are_taken_off_a_whole_line(text, found):
    assert without_quotes(text) == found


@given(st.text('"«»“” a.'))
def test_nothing_is_lost(text):
    found = without_quotes(text)

    assert found is None or ("".join(found) == text and found[1] == found[1].strip(" "))
