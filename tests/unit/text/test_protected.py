from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from transformer_cli.text.protected import has_words, protected_spans, spans_with_symbols


@pytest.mark.parametrize(
    ("text", "spans"),
    [
        ("Voir https://example.org/a?b=1&c=d.", ["https://example.org/a?b=1&c=d"]),
        ("(www.example.org), jean.dupont@example.org !", ["www.example.org", "jean.dupont@example.org"]),
        ("%s et %(name)s, %1$d, %-5.2f : 50 %", ["%s", "%(name)s", "%1$d", "%-5.2f"]),
        ("{name} {{x}} ${x} {0:.2f} {}", ["{name}", "{{x}}", "${x}", "{0:.2f}", "{}"]),
        ("<b>gras</b> a < b &nbsp;", ["<b>", "</b>", "&nbsp;"]),
        ("écrire `x = 1` ici", ["`x = 1`"]),
        (
            "👩\u200d👩\u200d👧🇫🇷 ❤\ufe0f 1\ufe0f\u20e3 :smile:",
            ["👩\u200d👩\u200d👧", "🇫🇷", "❤\ufe0f", "1\ufe0f\u20e3", ":smile:"],
        ),
        ("100 % de, 100% sûr, 5%of, 12:30:45, AT&T, a@b", []),
        ("中文。https://例子.中国/路 好", ["https://例子.中国/路"]),
    ],
)
def test_links_placeholders_markup_and_emoji_are_no_words(text, spans):
    assert [text[start:end] for start, end, _ in protected_spans(text)] == spans


@pytest.mark.parametrize("text", ["12345", "-5 %", "😀 😀", "https://example.org/a", "%d", "<b></b>", "... - §"])
def test_a_text_without_letters_outside_of_spans_has_no_words(text):
    assert not has_words(text)


@pytest.mark.parametrize("text", ["a", "5 km", "%d jours", "https://example.org/a ici", "日", "ا"])
def test_one_letter_outside_of_spans_is_a_word(text):
    assert has_words(text)


@given(st.text(st.sampled_from("ab@.%s{}<>/:&;`w😀\u200d\ufe0f1 ")))
@example("www.a://b@c.d")
def test_spans_are_in_order_and_do_not_overlap(text):
    spans = [(0, 0), *spans_with_symbols(text, ["ab", "@"]), (len(text), len(text))]

    assert all(start <= end <= following for (start, end), (following, _) in pairwise(spans))
