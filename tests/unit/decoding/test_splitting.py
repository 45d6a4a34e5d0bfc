from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.support.tiny_models import tiny_tokenizer
from transformer_cli.decoding.splitting import overlong_spans
from transformer_cli.text.normalization import normalize
from transformer_cli.text.protected import protected_spans

LINES = st.text(alphabet="ab .,;!?»«\u00a0。、é😀", max_size=40).map(normalize)


def split_overlong(text: str, *, limit: int, count: Callable[[str], int]) -> list[str]:
    """Return the segments without the spaces behind them; fail if they do not make up the text."""
    spans = overlong_spans(text, limit=limit, count=count)
    assert "".join(text[start:end] for start, end in spans) == text
    return [text[start:end].rstrip(" ") for start, end in spans]


def count_words(text: str) -> int:
    return len(re.findall("[^ ]+", text))


def count_tokens(text: str) -> int:
    return len(tiny_tokenizer().encode(text))


@settings(deadline=None)  # the machine may be busy
@given(LINES, st.integers(1, 12))
def test_only_spaces_between_the_pieces_are_lost(text: str, limit: int):
    pieces = split_overlong(text, limit=limit, count=len)

    assert re.fullmatch(" *".join(re.escape(piece) for piece in pieces), text)


@settings(deadline=None)
@given(LINES, st.integers(1, 12))
def test_each_piece_is_within_the_limit(text: str, limit: int):
    assert all(len(piece) <= limit for piece in split_overlong(text, limit=limit, count=len))


@settings(deadline=None)
@given(LINES, st.integers(1, 12))
def test_each_piece_is_within_a_limit_of_tokens_or_one_character(text: str, limit: int):
    pieces = split_overlong(text, limit=limit, count=count_tokens)

    assert all(count_tokens(piece) <= limit or len(piece) == 1 for piece in pieces)


@settings(deadline=None)
@example("、 a。 b", 1)
@given(LINES.filter(bool), st.integers(1, 12))
def test_no_piece_is_empty_or_begins_or_ends_with_a_space(text: str, limit: int):
    assert all(piece and piece == piece.strip(" ") for piece in split_overlong(text, limit=limit, count=len))


@settings(deadline=None)
@given(LINES)
def test_what_is_short_enough_stays_whole(text: str):
    assert split_overlong(text, limit=40, count=len) == [text]


@pytest.mark.parametrize(
    ("limit", "text", "expected"),
    [
        pytest.param(
            3, "One two. Three four, five. Six.", ["One two.", "Three four, five.", "Six."], id="after sentences"
        ),
        pytest.param(
            5, "One two. Three four. Five six.", ["One two. Three four.", "Five six."], id="as few as will do"
        ),
        pytest.param(
            5,
            "One two three, four five; six seven: eight – nine ten",
            ["One two three, four five;", "six seven: eight –", "nine ten"],
            id="after clauses where sentences are too long",
        ),
        pytest.param(
            3,
            "One two. Three, four five six.",
            ["One two.", "Three,", "four five six."],
            id="a long sentence among short ones",
        ),
        pytest.param(2, "one two three four five", ["one two", "three four", "five"], id="between words at last"),
        pytest.param(3, "What? No! Well… Yes. Oh.", ["What? No! Well…", "Yes. Oh."], id="every mark ends a sentence"),
        pytest.param(3, 'He said "Go." Then he went.', ['He said "Go."', "Then he went."], id="after a quotation"),
        pytest.param(
            3, "Er sagte: „Komm.“ Dann ging er.", ["Er sagte: „Komm.“", "Dann ging er."], id="German quotation"
        ),
        pytest.param(
            6, "Il dit : « Viens. » Puis il part.", ["Il dit : « Viens. »", "Puis il part."], id="French guillemets"
        ),
        pytest.param(
            5,
            "Il dit : «\u00a0Viens.\u00a0» Puis il part.",
            ["Il dit : «\u00a0Viens.\u00a0»", "Puis il part."],
            id="French guillemets with no-break spaces",
        ),
        pytest.param(
            7,
            "Oui. Non. Il dit : « Viens. » Puis il part.",
            ["Oui. Non.", "Il dit : « Viens. »", "Puis il part."],
            id="not before a closing guillemet",
        ),
        pytest.param(4, "Où est-il ? Il est là.", ["Où est-il ?", "Il est là."], id="a mark after a space"),
        pytest.param(
            3, "It is 3.5 km, or 1,000 ells.", ["It is 3.5", "km,", "or 1,000 ells."], id="not inside a number"
        ),
    ],
)
def test_cuts_fall_where_a_reader_would_pause(limit: int, text: str, expected: list[str]):
    assert split_overlong(text, limit=limit, count=count_words) == expected


@pytest.mark.parametrize(
    ("limit", "text", "expected"),
    [
        pytest.param(12, "你好世界。我们走吧。再见了朋友。", ["你好世界。我们走吧。", "再见了朋友。"], id="Chinese"),
        pytest.param(9, "行きますか？はい！行きます。", ["行きますか？はい！", "行きます。"], id="Japanese"),
        pytest.param(
            8, "「行こう。」と言った。彼は来た。", ["「行こう。」", "と言った。", "彼は来た。"], id="a quotation"
        ),
        pytest.param(
            8,
            "はい。「行こう。」と言った。",
            ["はい。", "「行こう。」", "と言った。"],
            id="not before a closing bracket",
        ),
        pytest.param(6, "我来，我见，我征服了。", ["我来，我见，", "我征服了。"], id="clauses"),
        pytest.param(4, "一二三四五六七八", ["一二三四", "五六七八"], id="in the middle where nothing else is left"),
    ],
)
def test_cuts_need_no_space_where_the_script_has_none(limit: int, text: str, expected: list[str]):
    assert split_overlong(text, limit=limit, count=len) == expected


def test_one_character_is_never_divided():
    assert split_overlong("😀😀", limit=1, count=lambda text: 4 * len(text)) == ["😀", "😀"]


def test_a_character_with_more_marks_than_the_model_takes_is_divided():
    text = "a" + "\u0301" * 50

    assert max(map(len, split_overlong(text, limit=20, count=len))) <= 20


def test_vowel_signs_stay_with_their_letters():
    text = "นี้ที่ผู้ได้"  # each consonant with the signs above and below it

    pieces = split_overlong(text, limit=4, count=len)

    assert not [piece for piece in pieces if unicodedata.category(piece[0]) == "Mn"]
    assert max(map(len, pieces)) <= 4


def test_a_very_long_word_costs_few_counts():
    counted = 0

    def count(text: str) -> int:
        nonlocal counted
        counted += len(text)
        return len(text)

    pieces = split_overlong("x" * 20_000, limit=100, count=count)

    assert "".join(pieces) == "x" * 20_000
    assert counted < 20 * 20_000  # each of 8 halvings looks at every character once


@given(
    st.lists(st.sampled_from(["a b. ", "%(name)d", "https://example.org/a?b=c.", "{0} ", "`x = 1`", "c"])),
    st.integers(1, 30),
)
def test_no_piece_ends_inside_a_link_or_a_placeholder(parts: list[str], limit: int):
    text = normalize("".join(parts))
    ends = {end for _, end in overlong_spans(text, limit=limit, count=len)}

    for start, end, _ in protected_spans(text):
        assert ends.isdisjoint(range(start + 1, end))
