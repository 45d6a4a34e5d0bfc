from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.corpora import FR_EN, PACKERS, read, sentences, write
from transformer_cli.config import LanguagesConfig
from transformer_cli.data.corpora import SentencePair
from transformer_cli.data.corpora.formats.tables.read import read_table
from transformer_cli.errors import DataError


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


# Tabs


@pytest.mark.parametrize("suffix", PACKERS)
def test_a_tsv_file_holds_source_tab_target(suffix):
    write(f"t.tsv{suffix}", "un\tone\n\ndeux\ttwo\n \n\n")

    assert read(f"t.tsv{suffix}") == [
        SentencePair("un", "one", f"t.tsv{suffix}:1"),
        SentencePair("deux", "two", f"t.tsv{suffix}:3"),
    ]


@pytest.mark.parametrize(
    ("header", "row"),
    [
        ("fr\ten", "un\tone"),
        ("en\tfr", "one\tun"),
        ("id\ten\tnote\tfr", "7\tone\tx\tun"),
        ("source\ttarget", "un\tone"),
        ("target\tsource", "one\tun"),
        (" FR \tEn", "un\tone"),
        ("fr-CA\ten_US", "un\tone"),
        ("fr-FR\tfr\ten", "non\tun\tone"),
        ("fra_Latn\teng_Latn", "un\tone"),
        ("fr-FR\tfra\teng", "non\tun\tone"),
        ("fra\tfr\ten", "non\tun\tone"),
        ("en-tête\tEN\tfr", "non\tone\tun"),
        ("source\ten_id\ttarget\tfr_id", "un\t1\tone\t2"),
    ],
)
def test_a_header_says_which_column_is_which(header, row):
    write("t.tsv", f"{header}\n{row}\n")

    assert read("t.tsv") == [SentencePair("un", "one", "t.tsv:2")]


def test_a_header_is_one_in_the_first_line_alone():
    write("t.tsv", "un\tone\nen\tfr\n")

    assert sentences("t.tsv") == [("un", "one"), ("en", "fr")]


def test_a_first_line_with_one_language_code_is_no_header():
    write("t.tsv", "en\tin\nfr\tfor\n")

    assert sentences("t.tsv") == [("en", "in"), ("fr", "for")]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("un\tone\ndeux\n", "t.tsv:2: 1 column where at least 2 are needed: source, tab, target"),
        ("id\ten\tfr\n1\tone\n", "t.tsv:2: 2 columns where at least 3 are needed: source, tab, target"),
    ],
)
def test_a_line_that_lacks_a_column_is_refused_with_its_place(content, message):
    write("t.tsv", content)

    with pytest.raises(DataError) as caught:
        read("t.tsv")
    assert str(caught.value) == message


def test_quotes_in_a_tsv_file_are_text():
    write("t.tsv", '"un\t"one""\n')

    assert sentences("t.tsv") == [('"un', '"one""')]


def test_a_tsv_line_that_is_not_utf8_is_marked():
    write("t.tsv", b"un\tone\ncaf\xe9\tcoffee\n")

    assert [pair.is_utf8 for pair in read("t.tsv")] == [True, False]


def test_a_first_row_that_is_not_utf8_is_refused_for_it_may_name_the_columns():
    write("t.csv", "Anglais,Français\none,un\n".encode("cp1252"))

    with pytest.raises(DataError, match=r"^t\.csv:1: the first row has bytes that are no text, and may name"):
        read("t.csv")


def test_words_that_begin_like_a_language_code_are_no_header():
    write("t.tsv", "fr-anglais\ten-tête\n")

    assert sentences("t.tsv") == [("fr-anglais", "en-tête")]


def test_a_regional_column_serves_one_language_alone():
    write("t.tsv", "pt-BR\tpt-PT\nônibus\tautocarro\n")

    assert sentences("t.tsv", LanguagesConfig(source="pt", target="pt-BR")) == [("autocarro", "ônibus")]
    assert sentences("t.tsv", LanguagesConfig(source="pt-PT", target="pt-BR")) == [("autocarro", "ônibus")]


# CSV


@pytest.mark.parametrize("suffix", PACKERS)
def test_csv_fields_may_be_quoted_and_hold_commas_quotes_and_line_breaks(suffix):
    write(f"t.csv{suffix}", 'un,one\r\n"dit ""deux"", et\n\nencore","two,\ttwo"\r\ntrois,three')

    assert read(f"t.csv{suffix}") == [
        SentencePair("un", "one", f"t.csv{suffix}:1"),
        SentencePair('dit "deux", et\n\nencore', "two,\ttwo", f"t.csv{suffix}:2"),
        SentencePair("trois", "three", f"t.csv{suffix}:5"),
    ]


@pytest.mark.parametrize(
    ("header", "row"),
    [
        ("fr,en", "un,one"),
        ('"en","fr"', "one,un"),
        ("id,target,note,source", "7,one,x,un"),
        ("\ufeffen;fr", 'one;"un"'),
        ("id;fr-FR;en-GB", "1;un;one"),
    ],
)
def test_a_csv_header_says_which_column_is_which(header, row):
    write("t.csv", f"{header}\n{row}\n")

    assert read("t.csv") == [SentencePair("un", "one", "t.csv:2")]


def test_semicolons_in_a_csv_file_without_a_header_are_text():
    write("t.csv", "un; deux,one; two\n")

    assert sentences("t.csv") == [("un; deux", "one; two")]


def test_empty_lines_between_csv_rows_are_passed_over():
    write("t.csv", "un,one\n\ndeux,two\n\n")

    assert [pair.place for pair in read("t.csv")] == ["t.csv:1", "t.csv:3"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ('un,one\n"deux\n\n",two\ntrois\n', "t.csv:5: 1 column where at least 2 are needed: source, comma, target"),
        ("id,en,fr\n1,one\n", "t.csv:2: 2 columns where at least 3 are needed: source, comma, target"),
        ('un,one\ndeux,"two\ntrois,three\n', "t.csv:2: a quote that is opened here, or in the row, is never closed; "),
        ('un,one\n"de"ux,two\n', "t.csv:2: text follows a closing quote; double the quotes that are part of a text"),
        ("un,one\nde\rux,two\n", "t.csv:2: a carriage return stands outside quotes; "),
        ('un,one\n"' + "x" * 200_000, "t.csv:2: a field has more than 131,072 characters: is its quote never closed? "),
    ],
)
def test_a_broken_csv_row_is_refused_with_the_line_it_begins_in(content, message):
    write("t.csv", content)

    with pytest.raises(DataError) as caught:
        read("t.csv")
    assert str(caught.value).startswith(message)


def test_a_csv_row_that_is_not_utf8_is_marked_and_no_other():
    write("t.csv", b'un,one\n"a\nb\xe9",coffee\ndeux,two\n')

    assert [pair.is_utf8 for pair in read("t.csv")] == [True, False, True]


def test_an_empty_csv_file_holds_no_pairs():
    write("t.csv", "")

    assert read("t.csv") == []


fields = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r"))


@given(rows=st.lists(st.tuples(fields, fields)), line_end=st.sampled_from(["\n", "\r\n"]))
def test_whatever_is_written_as_csv_is_read_back(tmp_path_factory, rows, line_end):
    table = io.StringIO(newline="")
    csv.writer(table, lineterminator=line_end).writerows([("fr", "en"), *rows])
    path = tmp_path_factory.mktemp("csv") / "t.csv"
    path.write_bytes(table.getvalue().encode())

    assert [(pair.source, pair.target) for pair in read_table(path, FR_EN)] == rows
