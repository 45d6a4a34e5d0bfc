from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest

from tests.support.corpora import read, sentences, write
from transformer_cli.errors import DataError

PAIRS = [
    ("Oui, monsieur.", "Yes, sir."),
    ('Il a dit "non".', 'He said "no".'),
    ("Un ; deux", "One ; two"),
    ("Le thé est prêt.", "The tea is ready."),
    ("Bonjour", "Hello"),
]


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def table(rows, delimiter: str, quoting: int = csv.QUOTE_MINIMAL) -> str:
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=delimiter, quoting=quoting).writerows(rows)  # type: ignore[arg-type]
    return text.getvalue()


@pytest.mark.parametrize("header", [[], [("fr", "en")]], ids=["bare", "header"])
@pytest.mark.parametrize("setting", ["", "sep={}\r\n", '"sep={}"\n'])
@pytest.mark.parametrize("quoting", [csv.QUOTE_MINIMAL, csv.QUOTE_ALL])
@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("kind", ["csv", "tsv", "txt"])
def test_the_delimiter_and_the_quotes_are_found(kind, delimiter, quoting, setting, header):
    write(f"t.{kind}", setting.format(delimiter) + table([*header, *PAIRS], delimiter, quoting))

    assert sentences(f"t.{kind}") == PAIRS


@pytest.mark.parametrize("kind", ["csv", "tsv", "txt"])
def test_bars_as_aligners_write_them_are_a_delimiter(kind):
    write(f"t.{kind}", "".join(f"{source} ||| {target}\n" for source, target in PAIRS))

    assert [(source.strip(), target.strip()) for source, target in sentences(f"t.{kind}")] == PAIRS


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("Oui, madame; vite;Yes, madam\nNon, merci; tard;No, thanks\n", None),
        (
            "Oui, madame;Yes, madam\nNon, merci;No, thanks\n",
            [("Oui, madame", "Yes, madam"), ("Non, merci", "No, thanks")],
        ),
        ("7,5 kg;7.5 kg\n" * 3, [("7,5 kg", "7.5 kg")] * 3),
        ("le;,3,2000\n", None),
        ("un|deux;one\ntrois|quatre;two\n", None),
        ("0;2000;le,\n", None),
    ],
)
def test_punctuation_is_no_delimiter_and_a_doubt_is_an_error(content, expected):
    write("t.csv", content)

    if expected:
        assert sentences("t.csv") == expected
    else:
        with pytest.raises(DataError, match=r"^t\.csv"):
            read("t.csv")


@pytest.mark.parametrize("kind", ["csv", "tsv", "txt"])
def test_a_delimiter_inside_of_quotes_is_text(kind):
    write(f"t.{kind}", '0;"le; le |"\n')

    assert sentences(f"t.{kind}") == [("0", "le; le |")]


def test_two_delimiters_that_fit_are_named():
    write("t.csv", "un|deux;one\ntrois|quatre;two\n")

    with pytest.raises(DataError) as caught:
        read("t.csv")
    assert str(caught.value).startswith(
        "t.csv: each of semicolon (2 columns) and | (2 columns) gives all rows the same number of columns; "
    )


def test_a_text_without_columns_is_no_table():
    write("t.txt", "Une phrase.\nUne autre, plus longue.\nEncore une.\n")

    with pytest.raises(DataError, match=r"^t\.txt: 1 column where at least 2 are needed: none of tab, semicolon, "):
        read("t.txt")


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("t.csv", "un,one\nOui, monsieur,Yes\ntrois,three\n", "t.csv:2: 3 columns where others have 2; if a comma"),
        ("t.tsv", "un\tone\ndeux\tet\ttwo\ntrois\tthree\n", "t.tsv:2: 3 columns where others have 2; if a tab"),
        ("t.csv", "fr,en\n1,un,one\n2,deux,two\n", "t.csv: the header has 2 columns, most other rows have 3; "),
    ],
)
def test_a_row_with_too_many_cells_is_refused_since_a_text_may_be_cut(name, content, message):
    write(name, content)

    with pytest.raises(DataError) as caught:
        read(name)
    assert str(caught.value).startswith(message)


def test_empty_cells_at_the_end_of_a_row_do_not_count():
    write("t.csv", "fr,en\nun,one,,\ndeux,two\n,,,\n")

    assert sentences("t.csv") == [("un", "one"), ("deux", "two"), ("", "")]


@pytest.mark.parametrize("end", ["", ",,,"])
def test_columns_that_are_empty_in_every_row_need_no_name(end):
    write("t.csv", f"Comment,fr,en,,,\nx,un,one,,,\n,deux,two{end}\n,trois,three,,,\n")

    assert sentences("t.csv") == [("un", "one"), ("deux", "two"), ("trois", "three")]


def test_a_quoted_cell_may_go_on_beyond_the_sample():
    rows = [("un", "one")] * 1999 + [("deux\n\nencore", "two\nmore")] + [("trois", "three")] * 2000
    write("t.csv", table(rows, ";"))

    assert sentences("t.csv") == rows


@pytest.mark.parametrize("content", ["", "\n \n\n", "sep=;\n", "sep=;\n\n"])
@pytest.mark.parametrize("kind", ["csv", "tsv", "txt"])
def test_a_table_without_rows_holds_no_pairs(kind, content):
    write(f"t.{kind}", content)

    assert read(f"t.{kind}") == []


def test_quotes_around_the_sentences_of_a_tsv_file_are_text_where_no_program_put_them():
    rows = [('"Oui."', '"Yes."'), ("Il dort.", "He sleeps."), ('"Non !"', '"No!"')]
    Path("t.tsv").write_text("".join(f"{source}\t{target}\n" for source, target in rows))

    assert sentences("t.tsv") == rows
