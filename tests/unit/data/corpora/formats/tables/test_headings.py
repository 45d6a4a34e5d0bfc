"""First rows that name the columns without naming both languages."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.corpora import FR_EN, sentences, write
from transformer_cli.config import CorpusFiles
from transformer_cli.data.corpora import read_corpus
from transformer_cli.data.corpora.formats.tables.read import find_columns_of
from transformer_cli.errors import DataError

PAIRS = [
    ("Il fait froid dans cette maison.", "It is cold in this house."),
    ("Où est-ce que tu habites maintenant ?", "Where do you live now?"),
    ("Le train de nuit part à six heures.", "The night train leaves at six."),
    ("Nous n'avons rien mangé depuis hier.", "We have eaten nothing since yesterday."),
]


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def table(*rows):
    write("t.csv", "".join(";".join(row) + "\r\n" for row in rows))


@pytest.mark.parametrize(
    "header",
    [
        ("Text", "Übersetzung"),
        ("Terme", "Équivalent"),
        ("Original", "Anglais"),
        ("Französisch", "Standard"),
        ("Text 1", "Text 2"),
        ("col1", "col2"),
        ("A", "B"),
        ("Langue 0 :", "Langue 1 :"),
    ],
)
def test_one_named_side_or_two_numbers_are_a_header(header, messages):
    table(header, *PAIRS)

    assert sentences("t.csv") == PAIRS
    assert messages.texts == [f't.csv: "{header[0]}" and "{header[1]}" are read as names of columns, not as a pair']


@pytest.mark.parametrize("header", [("English", "Source"), ("Translation", "Text"), ("Key", "Original")])
def test_a_heading_tells_the_order(header):
    table(header, *[(target, source) for source, target in PAIRS])

    assert sentences("t.csv") == PAIRS


@pytest.mark.parametrize(
    "pair", [("Traduction", "Translation"), ("Anglais", "English"), ("Partie 2", "Part 2"), ("b", "a"), ("un", "one")]
)
def test_a_pair_of_short_texts_is_no_header(pair):
    table(pair, *PAIRS)

    assert sentences("t.csv") == [pair, *PAIRS]


def test_numbered_texts_are_no_header():
    table(*[(f"Chapitre {number}", f"Chapitre {number + 1}") for number in range(8)])

    assert len(sentences("t.csv")) == 8


def test_words_above_sentences_are_named_since_they_may_be_a_header(messages):
    table(("Phrase", "Sentence"), *PAIRS)

    assert sentences("t.csv") == [("Phrase", "Sentence"), *PAIRS]
    assert messages.texts == [
        't.csv: "Phrase" and "Sentence" are read as a pair; if they are names, set header = true for it'
    ]


@pytest.mark.parametrize("header", [("Anglais", "Français"), ("Traduction", "Texte")])
@pytest.mark.parametrize("titles", [[("Our phrases, 2024", "")], [("Our phrases",), ("", ""), ("April", "")]])
def test_titles_above_a_header_are_passed_over(header, titles):
    table(*titles, header, *[(target, source) for source, target in PAIRS])

    assert sentences("t.csv") == PAIRS


def test_a_first_pair_with_an_empty_side_is_no_title():
    table(("Bonjour.", ""), *PAIRS)

    assert sentences("t.csv") == [("Bonjour.", ""), *PAIRS]


def test_a_delimiter_at_the_end_of_each_row_ends_it():
    table(("English", "French", ""), *[(target, source, "") for source, target in PAIRS])

    assert sentences("t.csv") == PAIRS


def test_the_heads_of_given_columns_are_no_pair():
    table(("Text 1", "Text 2", "Text 3"), *[(source, "?", target) for source, target in PAIRS])

    keys = CorpusFiles(path="t.csv", source_column=1, target_column=3)
    assert [(pair.source, pair.target) for pair in read_corpus(keys, FR_EN, Path(), part="train")] == PAIRS


@pytest.mark.parametrize(
    ("header", "rows", "keys"),
    [
        (("Text", "Traduction"), PAIRS, {"header": True}),
        (
            ("Translation", "Text"),
            [pair[::-1] for pair in PAIRS],
            {"source_column": 2, "target_column": 1, "header": True},
        ),
        (("7", *PAIRS[0]), [("8", *pair) for pair in PAIRS], {"source_column": 2, "target_column": 3}),
        (("French", "English"), PAIRS, {}),
        (PAIRS[0], PAIRS, {}),
    ],
)
def test_what_is_found_by_content_has_keys_that_read_the_same(header, rows, keys):
    table(*([("Our phrases", "")] if "header" in keys else []), header, *rows)

    found = find_columns_of(Path("t.csv"), FR_EN, CorpusFiles(path="t.csv"))
    assert found is not None
    assert found.found == keys
    corpora = [CorpusFiles(path="t.csv"), CorpusFiles(path="t.csv", **keys)]
    read = [list(read_corpus(corpus, FR_EN, Path(), part="train")) for corpus in corpora]
    assert read[0] == read[1]


@pytest.mark.parametrize(
    ("header", "message"),
    [
        (("French", "German"), '"German", not en'),
        (("Text (German)", "English"), '"Text (German)", not fr'),
        (("Deutsch", "Italienisch"), '"Deutsch", not fr'),
    ],
)
def test_a_column_with_the_name_of_another_language_is_refused(header, message):
    table(header, *PAIRS)

    with pytest.raises(DataError) as caught:
        sentences("t.csv")
    assert str(caught.value).startswith(f"t.csv: a column of text is called {message}; mend the languages, or set ")
    keys = CorpusFiles(path="t.csv", source_column=1, target_column=2, header=True)
    assert [(pair.source, pair.target) for pair in read_corpus(keys, FR_EN, Path(), part="train")] == PAIRS


def test_the_name_of_a_language_in_both_languages_is_a_pair():
    pairs = [("Allemand", "German"), ("Italien", "Italian"), ("Russe", "Russian"), ("Grec", "Greek")]
    table(*pairs)

    assert sentences("t.csv") == pairs


def test_codes_beside_the_texts_of_each_row_are_no_header():
    pairs = [*PAIRS, *PAIRS, *PAIRS]
    table(*[(source, target, "FR", "EN") for source, target in pairs])

    assert sentences("t.csv") == pairs


def test_the_header_of_a_memory_of_wordfast_is_no_pair():
    header = ("%20240324~15", "%User", "%TU=4", "%FR-FR", "%Wordfast TM", "%EN-US", "%---1")
    rows = [(f"20240324~1{n}", "JD", "0", "FR-FR", source, "EN-US", target) for n, (source, target) in enumerate(PAIRS)]
    table(header, *rows, *rows, *rows)

    assert sentences("t.csv") == [*PAIRS, *PAIRS, *PAIRS]
