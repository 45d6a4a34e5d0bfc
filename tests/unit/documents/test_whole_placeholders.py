from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from transformer_cli.documents.content import Content, plain_text, read_string, written
from transformer_cli.documents.projection import project
from transformer_cli.documents.whole_placeholders import project_around_placeholders
from transformer_cli.text.normalization import normalize

WORDS = st.sampled_from(["le", "chat,", "(noir)", "{x}", "{{ y z }}", "%s", "`a = b`", "(%d)", "東京", "\U000f0000"])
LINES = st.lists(WORDS, min_size=1, max_size=7).map(" ".join)
LINKS = st.none() | st.lists(st.tuples(st.integers(0, 12), st.integers(0, 12)), max_size=12)


@st.composite
def contents(draw) -> Content:
    """Lines with a tag around some words."""
    first, second, third = draw(LINES), draw(LINES), draw(LINES)
    return read_string(f"{first} <b>{second}</b> {third}<br/>")


@given(contents(), LINES, LINKS)
def test_no_tag_stands_inside_a_placeholder_whatever_the_alignment(content, translation, links):
    result = project_around_placeholders(content, translation, links)

    text = written(result, str)
    for placeholder in ("{x}", "{{ y z }}", "%s", "`a = b`", "%d"):
        assert text.count(placeholder) == translation.count(placeholder)
    assert normalize(plain_text(result)) == translation
    assert 0 <= text.find("<b>") < text.find("</b>")
    assert text.count("<br/>") == 1


@given(LINKS)
def test_without_placeholders_it_is_the_projection(links):
    content = read_string("le <b>chat noir</b> dort")

    assert project_around_placeholders(content, "a b c d", links) == project(content, "a b c d", links)


@pytest.mark.parametrize(
    ("source", "translation", "links", "expected"),
    [
        ("use <b>{{ a }}</b> c", "C {{ a }} U", [(0, 4), (1, 1), (2, 2), (3, 3), (4, 0)], "C <b>{{ a }}</b> U"),
        ("use <b>{{ a }}</b> c", "C {{ a }} U", [(0, 4), (2, 2), (4, 0)], "C <b>{{ a }}</b> U"),
        ("use <b>{{ a\u00a0}}</b> c", "C {{ a\u00a0}} U", [(0, 4), (1, 1), (4, 0)], "C <b>{{ a\u00a0}}</b> U"),
        ("use <b>{{ a\n }}</b> c", "C {{ a }} U", [(0, 4), (1, 1), (4, 0)], "C <b>{{ a }}</b> U"),
        ("<b>file</b> {name}", "{name} FILE", [(0, 0), (1, 0)], "<b>{name}</b> FILE"),
    ],
)
def test_a_placeholder_is_one_word(source, translation, links, expected):
    assert written(project_around_placeholders(read_string(source), translation, links), str) == expected
