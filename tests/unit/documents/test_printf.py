from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from transformer_cli.documents.formats.printf import hidden_directives, with_order_of

C, PYTHON = {"c-format"}, {"python-format", "fuzzy"}


@pytest.mark.parametrize(
    ("source", "translation", "flags", "expected"),
    [
        ("%s de %d", "%d of %s", C, "%2$d of %1$s"),
        ("%s de %d", "%d of %s", PYTHON, "%s of %d"),
        ("%s de %s", "%s of %s", C, "%s of %s"),
        ("%.*s, %-5d%%", "%-5d%%: %.*s", C, "%3$-5d%%: %2$.*1$s"),
        ("%d %s %d", "%s %d %d", C, "%2$s %1$d %3$d"),
        ("%(a)s de %(b)d", "%(b)d of %(a)s", PYTHON, "%(b)d of %(a)s"),
        ("%2$s de %1$d", "%1$d of %2$s", C, "%1$d of %2$s"),
        ("%s de %d", "%d", C, "%d"),
        ("%a %d %H %M", "%d %a %M %H", C, "%d %a %M %H"),
        ("%s de %%s", "%%s of %s", C, "%%s of %s"),
    ],
)
def test_directives_take_the_arguments_that_those_of_the_source_take(source, translation, flags, expected):
    assert with_order_of(source, translation, flags) == expected


ORDERS = st.lists(st.sampled_from(["%d", "%s", "%5.2f", "%c"]), max_size=6).flatmap(
    lambda directives: st.tuples(st.just(directives), st.permutations(directives))
)


@given(ORDERS)
def test_every_argument_is_formatted_by_a_directive_of_its_own(orders):
    source, translation = (" ".join(order) for order in orders)

    assert with_order_of(source, translation, PYTHON) == source
    numbered = with_order_of(source, translation, C)
    if translation != source:
        arguments = {int(number): f"%{rest}" for number, rest in re.findall(r"%(\d+)\$(\S+)", numbered)}
        assert [arguments[number] for number in sorted(arguments)] == orders[0]
        assert re.sub(r"\d+\$", "", numbered) == translation


@pytest.mark.parametrize("unit", ["%%", "%d ", "%sA", "%1", "%<PRIuMAX>", "%B"])
def test_long_messages_take_a_time_in_proportion_to_their_length(unit):
    # Quadratic time would take many minutes.
    for flags in (C, {"kde-format"}):
        assert len(list(hidden_directives(unit * 50_000, flags))) <= 50_000


@pytest.mark.parametrize(
    ("text", "flags", "codes"),
    [
        ("%sAuteur de %s", C, ["%s"]),
        ("%sAuteur de %s", {"kde-format"}, []),
        ("%<PRIuMAX> de %s", C, ["%<PRIuMAX>"]),
        ("5%% de %%s", C, ["%%s"]),
        ("x%1 de %2", {"kde-format"}, ["%1", "%2"]),
        ("%1 de %2", {"kde-format"}, []),
        ("de %2", {"kde-format"}, ["%2"]),
        ("x%1 de %2", set(), []),
        ("le %d %B à %H h %M", set(), ["%B", "%H", "%M"]),
        ("le %B", set(), []),
        ("le chat", C, []),
    ],
)
def test_directives_that_no_other_text_would_have_are_found(text, flags, codes):
    assert [text[start:end] for start, end in hidden_directives(text, flags)] == codes
