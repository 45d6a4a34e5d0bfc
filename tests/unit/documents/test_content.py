from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from transformer_cli.documents.content import Tag, flatten, plain_text, read_string, written
from transformer_cli.documents.passages import Passage, assemble, divide, wrapped

PIECES = st.sampled_from(
    ["<b>", "</b>", "<i class='x'>", "</i>", "<br/>", "<file>", "a", " ", "\n", "\t", "Ein Satz.", "<", ">"]
)
STRINGS = st.lists(PIECES, max_size=12).map("".join)


@given(STRINGS)
def test_a_string_is_written_as_it_was_read(text):
    assert written(read_string(text), str) == text


@pytest.mark.parametrize(
    ("text", "tags"),
    [
        ("usage: <file> <dir>", []),
        ("<b>a</b> <c>", ["<b>", "</b>"]),
        ("<0>a</0> <1> 2<3>", ["<0>", "</0>"]),
        ("<b><i>a</b></i>", ["<b>", "</b>"]),
        ("a<br>b<hr/>", ["<br>", "<hr/>"]),
        ("1 < 2 > 1, <>", []),
        ('<a href="x>y">z</a>', ['<a href="x>y">', "</a>"]),
    ],
)
def test_only_tags_that_surround_text_or_stand_for_a_break_are_tags(text, tags):
    assert [piece.source for piece in read_string(text) if isinstance(piece, Tag)] == tags


def test_a_break_between_two_words_is_a_space_for_the_model():
    assert flatten(read_string("one<br>two <br> three\n\tfour"))[0] == "one two three four"


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (("Là.", Tag("single", "<img>"), "Ici, ", Tag("single", "<x/>"), "là"), "Là. Ici, là"),
        (("Là,", Tag("single", "<x/>"), "ici"), "Là, ici"),
        (("1,", Tag("single", "<x/>"), "000"), "1,000"),
        (("Il dort.", Tag("open", "<b>"), "Elle dort !»", Tag("close", "</b>"), "Où ?"), "Il dort. Elle dort !» Où ?"),
        (
            ("ASP.", Tag("open", "<b>"), "NET", Tag("close", "</b>"), " et NA.", Tag("open", "<i>"), "To"),
            "ASP.NET et NA.To",
        ),
        (("www.", Tag("single", "<x/>"), "example.com, C:", Tag("single", "<x/>"), "foo"), "www.example.com, C:foo"),
        (("module.", Tag("open", "<i>"), "name", Tag("close", "</i>"), "s"), "module.names"),
        (("l'", Tag("open", "<b>"), "Europe", Tag("close", "</b>")), "l'Europe"),
    ],
)
def test_between_sentences_the_model_sees_a_space_though_only_a_tag_stands_there(content, text):
    assert flatten(content)[0] == text


@pytest.mark.parametrize(
    ("string", "text"),
    [
        ("voir <a>un</a><a>deux</a> <b>trois</b><i>, quatre</i>", "voir un deux trois, quatre"),
        ("le mo<b>t</b> H<sub>2</sub><sup>3</sup> <b>x</b><sub>i</sub>", "le mot H23 xi"),
        ("<b>Inter</b><i>national</i> 10<b>k</b><i>m</i>", "International 10km"),
        ("<g>Inter</g><g>Cités</g>", "InterCités"),
        ("<b>数字</b><i>标签</i>", "数字标签"),
    ],
)
def test_between_two_elements_the_model_sees_a_space_but_none_inside_a_word(string, text):
    assert flatten(read_string(string))[0] == text


def test_what_may_stand_inside_a_word_is_none():
    content = ("get", Tag("single", "<wbr>"), "Element", Tag("single", "<!-- x -->"), "By", Tag("single", "<br>"), "id")

    assert flatten(content) == ("getElementBy id", {1: 3, 3: 10, 5: 12})


@given(STRINGS, st.booleans())
def test_passages_and_what_is_around_them_are_the_whole_content(text, is_flowing):
    content = read_string(text)

    parts = divide(content, is_flowing=is_flowing)

    assert written(assemble(parts, {}), str) == text
    for part in parts:
        if isinstance(part, Passage):
            assert part.line == part.line.strip()
            assert part.line


def lines(text: str, *, is_flowing: bool = False) -> list[str]:
    return [part.line for part in divide(read_string(text), is_flowing=is_flowing) if isinstance(part, Passage)]


def test_a_line_is_a_passage_unless_the_text_flows_or_a_paragraph_was_wrapped():
    wrapped_text = "This option sets the name of the file that the\nprogram writes to."

    assert lines("Open.\nClose.\n") == ["Open.", "Close."]
    assert lines("Open.\nClose.\n", is_flowing=True) == ["Open. Close."]
    assert lines(wrapped_text) == [wrapped_text.replace("\n", " ")]
    assert lines("-a  all\n-b  both\n  -c") == ["-a all", "-b both", "-c"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Name:\t%s\tAge:\t%d\n", ["Name:", "%s", "Age:", "%d"]),
        ("Open\tCtrl+O\nClose\tF4\nZoom\tCtrl++\tall\tShift+Page Up", ["Open", "Close", "Zoom", "all"]),
        ("a\tof which the long name is that of a file\tand", ["a", "of which the long name is that of a file", "and"]),
    ],
)
def test_tabs_divide_lines_and_keys_behind_them_are_no_passages(text, expected):
    assert lines(text) == expected
    assert lines(text, is_flowing=True) == [" ".join(text.split())]


def test_tags_around_all_of_a_passage_are_no_part_of_it():
    passages = [p for p in divide(read_string("<p> <b>one</b> two </p>"), is_flowing=True) if isinstance(p, Passage)]

    assert [written(passage.content, str) for passage in passages] == ["<b>one</b> two"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("<p><a>Le chat</a><a>Le <b>lit</b></a><br/><a>Ici</a></p>", ["Le chat", "Le lit", "Ici"]),
        ("<b>Le</b> <i>chat</i>", ["Le chat"]),
        ("<b>Le </b><i>chat</i><u>, ici</u>", ["Le chat, ici"]),
        ("<b>Le chat</b><i>Ici</i> dort", ["Le chat Ici dort"]),
        ("<b>Inter</b><i>national</i>", ["International"]),
    ],
)
def test_elements_side_by_side_are_passages_of_their_own_unless_a_sentence_runs_through_them(text, expected):
    assert lines(text, is_flowing=True) == expected


@given(STRINGS, st.integers(1, 20))
def test_wrapping_changes_spaces_alone_and_a_line_is_longer_only_where_a_word_is(text, width):
    content = read_string(text.replace("\n", " "))

    result = wrapped(content, width)

    assert written(result, str).replace("\n", " ") == written(content, str)
    assert all(len(line) <= width or " " not in line.strip(" ") for line in plain_text(result).split("\n"))
