from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from transformer_cli.documents.content import Tag, flatten, matching_tags, plain_text, read_string, written
from transformer_cli.documents.projection import project

WORDS = st.sampled_from(
    ["le", "chat", "l’eau", "(noir)", "dort,", "ici.", "«", "»", "24", "ne-pas", "é", "東京都へ", "ไทย"]
)
LINES = st.lists(WORDS, max_size=8).map(" ".join)
# What a hostile decoder returns: anything that is one line.
HOSTILE = st.one_of(LINES, st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Zl", "Zp")), max_size=40))
TEXTS = st.one_of(LINES, st.sampled_from([" ", "", ", ", " b ", "\n"]))


@st.composite
def contents(draw, depth=3):
    """Texts and nested tags, each tag with a name of its own."""
    pieces: list[str | Tag] = []
    for _ in range(draw(st.integers(0, 3))):
        kind = draw(st.sampled_from(["text", "single", "pair" if depth else "text"]))
        if kind == "text":
            pieces.append(draw(TEXTS))
        elif kind == "single":
            pieces.append(Tag("single", "<x/>"))
        else:
            pieces += [Tag("open", "<g>"), *draw(contents(depth=depth - 1)), Tag("close", "</g>")]
    return tuple(pieces)


def numbered(content):
    """Give tags names, those of a pair the same one."""
    pairs = matching_tags(content)
    names = {index: index for index in range(len(content))} | {end: start for start, end in pairs.items()}
    sources = {"open": "<g{}>", "close": "</g{}>", "single": "<x{}/>"}
    return tuple(
        piece if isinstance(piece, str) else Tag(piece.kind, sources[piece.kind].format(names[index]))
        for index, piece in enumerate(content)
    )


def tree(content):
    """Return the nesting of a content's tags: for each tag the tags around it; fails if they do not nest."""
    around: dict[str, tuple[str, ...]] = {}
    is_open: list[str] = []
    for piece in content:
        if isinstance(piece, str):
            continue
        if piece.kind == "close":
            assert is_open.pop() == piece.source.replace("/", "")
            continue
        assert piece.source not in around
        around[piece.source] = tuple(is_open)
        if piece.kind == "open":
            is_open.append(piece.source)
    assert is_open == []
    return around


@given(contents(), HOSTILE, st.none() | st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), max_size=12))
def test_every_tag_comes_back_once_and_nests_as_before_whatever_the_translation(content, translation, links):
    content = numbered(content)
    translation = " ".join(translation.split(" ")).strip(" ")

    result = project(content, translation, links)

    assert tree(result) == tree(content)
    # A tag that had spaces on both sides brings them along.
    assert plain_text(result).replace(" ", "") == translation.replace(" ", "")


@given(contents(), LINES, st.none() | st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), max_size=12))
def test_no_tag_stands_inside_a_word(content, translation, links):
    result = project(content, translation, links)

    offset, text = 0, plain_text(result)
    for piece in result:
        if isinstance(piece, str):
            offset += len(piece)
        else:
            before, after = text[offset - 1 : offset] if offset else "", text[offset : offset + 1]
            assert not (before.isalnum() and after.isalnum() and (before + after).isascii()), written(result, str)
            assert text[max(offset - 2, 0) : offset + 1] != "l’e"


def links_by_equal_words(source: str, translation: str) -> list[tuple[int, int]]:
    """Link the words of a source with words that are their capitals, as the translations below have them."""
    found = flatten(read_string(source))[0].lower().split(" ")
    words = [re.sub(r"\W", "", word) for word in found]
    return [(words.index(re.sub(r"\W", "", word.lower())), j) for j, word in enumerate(translation.split(" "))]


@pytest.mark.parametrize(
    ("source", "translation", "expected"),
    [
        ("the <b>red</b> house", "THE HOUSE RED", "THE HOUSE <b>RED</b>"),
        ("the <b>red house</b>, there", "THE HOUSE RED, THERE", "THE <b>HOUSE RED</b>, THERE"),
        ("<i>the <b>red</b> house</i> there", "THERE: THE RED HOUSE", "THERE: <i>THE <b>RED</b> HOUSE</i>"),
        ("open <b>file</b> (<i>new</i>)", "FILE OPEN (NEW)", "<b>FILE</b> OPEN (<i>NEW</i>)"),
        ("open <b>(new)</b> file", "FILE (NEW) OPEN", "FILE <b>(NEW)</b> OPEN"),
        ("a<x/> b c", "C A B", "C A<x/> B"),
        ("a, <x/>b c", "C, B A", "C, <x/>B A"),
        ("a <x/> b c", "C A B", "C A <x/> B"),
        ("a<x/><y/> b", "B A", "B A<x/><y/>"),
        ("<b>one</b> <i>two</i>", "TWO ONE", "<i>TWO</i> <b>ONE</b>"),
        ("one <b></b>two", "TWO ONE", "<b></b>TWO ONE"),
        ("a <x/> (<y/>) b", "B () A", "B (<y/>) A <x/>"),
        ("a <x/> (<y/>) b", "B A", "B A <x/><y/>"),
        ("a b(<x/>) (<y/>c)", "B() (C) A", "B(<x/>) (<y/>C) A"),
    ],
)
def test_tags_stand_around_the_words_they_belonged_to(source, translation, expected):
    result = project(read_string(source), translation, links_by_equal_words(source, translation))

    assert written(result, str) == expected


def test_words_between_two_parts_of_an_element_are_in_it_if_they_are_fewer():
    content = read_string("x <b>a b</b> c y z")

    assert written(project(content, "A C B Z", [(1, 0), (3, 1), (2, 2), (5, 3)]), str) == "<b>A C B</b> Z"
    assert written(project(content, "A C Y Z B", [(1, 0), (3, 1), (4, 2), (5, 3), (2, 4)]), str) == "<b>A</b> C Y Z B"


def test_without_an_alignment_equal_words_are_links_and_others_are_linked_by_their_place():
    content = read_string("press <b>Ctrl+S</b> <i>now and again</i>")

    assert written(project(content, "appuyez maintenant et encore sur Ctrl+S", None), str).endswith("<b>Ctrl+S</b>")


def test_in_a_script_without_spaces_a_tag_stands_between_characters():
    content = read_string("one two <b>three four</b>")

    assert written(project(content, "一二三四", [(0, 0), (1, 0), (2, 0), (3, 0)]), str) == "一二<b>三四</b>"


@pytest.mark.parametrize(
    ("translation", "expected"), [("B A.", "B A <x/>."), ("A B.", "A <x/> B."), ("B", "<x/>B"), ("甲。", "甲<x/>。")]
)
def test_a_tag_between_a_space_and_a_full_stop_keeps_the_space(translation, expected):
    content = read_string("b a <x/>.")
    links = [(1, j) for j, word in enumerate(translation.split(" ")) if word[0] in "A甲"]

    assert written(project(content, translation, links), str) == expected


@pytest.mark.parametrize("translation", ["A B.", "A B ."])
def test_a_tag_before_a_full_stop_that_is_linked_with_a_word_stands_behind_that_word(translation):
    content = read_string("a b <x/>.")

    result = project(content, translation, [(0, 0), (2, len(translation.split(" ")) - 1)])

    assert written(result, str) == "A B <x/>."


@pytest.mark.parametrize(
    ("translation", "links", "expected"),
    [
        ("C.", None, "**`x` C**."),
        ("B C.", [(1, 0)], "**`x` B** C."),
        ("C B.", [(1, 1)], "C **`x` B**."),
        ("B", [(0, 0)], "**B `x`**"),
        ("", None, "**`x`**"),
    ],
)
def test_a_tag_at_the_edge_of_an_element_has_no_space_outside_of_it(translation, links, expected):
    content = ("a ", Tag("open", "**"), Tag("single", "`x`"), " b", Tag("close", "**"), " c.")

    assert written(project(content, translation, links), str) == expected
