from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.corpora import FR_EN, read, sentences, write
from transformer_cli.config import CorpusFiles
from transformer_cli.data.corpora import read_corpus
from transformer_cli.errors import DataError

WORDS = ("tasse", "cup"), ("clé", "key"), ("lune", "moon"), ("pomme", "apple"), ("nuit", "night")
PAIRS = [(f"La {source}, {n} fois", f"The {target}, {n} times") for n in "123" for source, target in WORDS]


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def columns(*makers, header=None):
    """Write a table; each maker gives the cell of a column for a number and a pair."""
    rows = [[make(number, *pair) for make in makers] for number, pair in enumerate(PAIRS)]
    write("t.tsv", "".join("\t".join(row) + "\n" for row in [*([header] if header else []), *rows]))


def source(_, source, __):
    return source


def target(_, __, target):
    return target


def number(number, *_):
    return str(2_000_000 + number)


def key(number, *_):
    return f"fra-eng/{number:04}"


def link(number, *_):
    return f"https://example.org/fr/{number}?a=b"


def score(number, *_):
    return f"0.{90 + number}"


def code(*_):
    return "fr"


def licence(number, *_):
    return f"CC-BY 2.0 (France) Attribution: tatoeba.org #{2877272 + number} (CM)"


def note(number, *_):
    return "" if number % 4 else "a note about it"


def mail(number, *_):
    return f"someone{number}@example.org"


@pytest.mark.parametrize(
    ("makers", "indices"),
    [
        ((number, source, target), (1, 2)),
        ((link, link, source, target, score), (2, 3)),
        ((key, source, note, target), (1, 3)),
        ((source, target, licence), (0, 1)),
        ((code, source, code, target, mail), (1, 3)),
        ((source, target), (0, 1)),
        ((source, number, target), (0, 2)),
    ],
)
def test_the_two_columns_of_text_are_read_and_named(makers, indices, messages):
    columns(*makers)

    assert sentences("t.tsv") == PAIRS
    expected = f"t.tsv: columns {indices[0] + 1} and {indices[1] + 1} hold text and are read"
    assert messages.texts == ([] if indices == (0, 1) else [expected])


@pytest.mark.parametrize("header", [["Id", "Original", "Traduction"], ["id", "satz1", "text2"]])
def test_a_first_row_of_words_above_numbers_is_a_header(header):
    columns(number, source, target, header=header)

    assert sentences("t.tsv") == PAIRS


@pytest.mark.parametrize(
    ("makers", "header", "message"),
    [
        (
            (source, target, source),
            None,
            "t.tsv: 3 of 3 columns hold text; set source_column and target_column for it to two of 1, 2 and 3, or "
            'write "fr" and "en" above the two sides in a first row',
        ),
        ((number, source, score), None, "t.tsv: 1 of 3 columns hold text; write "),
        ((link, link), None, "t.tsv: column 1 holds links; "),
        ((source, link), None, "t.tsv: column 2 holds links; "),
        (
            (code, number, source, target),
            ["source", "target", "a", "b"],
            't.tsv: the column "source" holds the same text; set source_column and target_column for it to two of 3 ',
        ),
    ],
)
def test_columns_that_are_no_two_sides_are_refused_with_those_that_hold_text(makers, header, message):
    columns(*makers, header=header)

    with pytest.raises(DataError) as caught:
        read("t.tsv")
    assert str(caught.value).startswith(message)


def test_two_rows_are_too_few_to_tell():
    write("t.tsv", "7\tun\tone\n8\tdeux\ttwo\n")

    with pytest.raises(DataError, match=r"^t\.tsv: 2 rows are too few to see which of 3 columns hold text; set"):
        read("t.tsv")


def test_a_column_that_is_the_same_in_a_few_rows_may_be_a_side():
    write("t.csv", 'le,0,"CC-BY, 2.0"\n0,0,"CC-BY, 2.0"\n0,0,"CC-BY, 2.0"\n')

    with pytest.raises(DataError, match=r"^t\.csv: 3 rows are too few to see which of 3 columns hold text; "):
        read("t.csv")


def test_numbers_and_words_in_two_columns_are_a_corpus():
    write("t.tsv", "".join(f"{n}\t{'un ' * n}\n" for n in range(1, 9)))

    assert len(sentences("t.tsv")) == 8


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        ({"source_column": 2, "target_column": 1}, [("one, two", "un"), ("b", "a")]),
        ({"delimiter": ",", "source_column": 1, "target_column": 2}, [("un;one", " two;x"), ("a;b;c", "")]),
        ({"header": True, "source_column": 1, "target_column": 3}, [("a", "c")]),
        ({"delimiter": ";", "header": False, "source_column": 1, "target_column": 2}, [("un", "one, two"), ("a", "b")]),
    ],
)
def test_keys_of_the_recipe_come_first(keys, expected):
    write("t.csv", "un;one, two;x\na;b;c\n" if keys.get("delimiter") != "," else "un;one, two;x\na;b;c,\n")

    pairs = read_corpus(CorpusFiles(path="t.csv", **keys), FR_EN, Path(), part="train")
    assert [(pair.source, pair.target) for pair in pairs] == expected


def test_quotes_are_text_or_not_as_the_key_says():
    write("t.tsv", '"un"\t"one"\n"deux"\t"two"\n')

    for quoting, expected in ((True, ("un", "one")), (False, ('"un"', '"one"'))):
        pairs = read_corpus(CorpusFiles(path="t.tsv", quoting=quoting), FR_EN, Path(), part="train")
        assert next((pair.source, pair.target) for pair in pairs) == expected


def test_rows_of_any_length_are_read_where_delimiter_and_columns_are_given():
    write("t.tsv", "un\tone\ndeux\ttwo\tnote\tmore\n")

    keys = CorpusFiles(path="t.tsv", delimiter="\t", source_column=1, target_column=2)
    assert [pair.target for pair in read_corpus(keys, FR_EN, Path(), part="train")] == ["one", "two"]


def test_a_second_column_in_one_of_the_languages_is_mentioned(messages):
    columns(number, source, target, note, target, header=["id", "fr", "en", "note", "en-GB"])

    assert sentences("t.tsv") == PAIRS
    assert [text for text in messages.texts if "although" in text] == [
        "t.tsv: columns 2 and 3 are read, although 5 fits as well; source_column and target_column choose others"
    ]


def test_of_many_columns_of_text_some_are_proposed():
    columns(*[source, target] * 200)

    with pytest.raises(DataError, match=r"400 of 400 columns hold text; .* to two of 1, 2, [0-9, ]+, 19 and 20, or "):
        read("t.tsv")
