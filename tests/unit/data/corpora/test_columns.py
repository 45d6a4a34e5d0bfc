"""Which columns of a table or record hold source and target, by the names that people give them."""

from __future__ import annotations

import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.support.corpora import sentences, write
from transformer_cli.config import LanguagesConfig
from transformer_cli.errors import UnsetKeyError

HEADERS = [
    ("Français", "Anglais"),
    ("French", "English"),
    ("FRANCAIS", "english"),
    ("fra_Latn", "eng_Latn"),
    ("fr-FR", "en-US"),
    ("Texte (fr)", "Text (en)"),
    ("Source: French", "Target: English"),
    ("French source", "English translation"),
    ("src", "tgt"),
    ("Original", "Translation"),
    ("Quelle", "Ziel"),
]


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("is_turned", [False, True])
@pytest.mark.parametrize(("source", "target"), HEADERS)
def test_columns_are_known_by_their_names_in_any_order(source, target, is_turned):
    rows = [("id", source, target, "notes"), ("1", "le chat", "the cat", "x")]
    if is_turned:
        rows = [row[::-1] for row in rows]

    write("t.tsv", "".join("\t".join(row) + "\n" for row in rows))
    write("t.csv", "".join(",".join(row) + "\n" for row in rows))
    write("t.jsonl", json.dumps(dict(zip(*rows, strict=True))) + "\n")

    for name in ("t.tsv", "t.csv", "t.jsonl"):
        assert sentences(name) == [("le chat", "the cat")]


@pytest.mark.parametrize(
    "row", [("anglais", "English"), ("le français", "French"), ("la cible", "target"), ("la", "the")]
)
def test_a_first_pair_that_is_about_languages_is_no_header(row):
    write("t.tsv", "\t".join(row) + "\n")

    assert sentences("t.tsv") == [row]


def test_a_name_with_a_region_serves_that_region_alone():
    write("t.csv", "Portuguese (Portugal),Brazilian Portuguese,English\nautocarro,ônibus,bus\n")

    assert sentences("t.csv", LanguagesConfig(source="pt-BR", target="en")) == [("ônibus", "bus")]
    assert sentences("t.csv", LanguagesConfig(source="pt-PT", target="en")) == [("autocarro", "bus")]


def test_codes_come_before_names():
    write("t.csv", "English,French,en,fr\n1,2,the cat,le chat\n")

    assert sentences("t.csv") == [("le chat", "the cat")]


def test_columns_of_codes_of_languages_are_no_sentences():
    """In JSON and Parquet; a table is told by its content."""
    texts = {"source_text": "le chat", "target_text": "the cat"}
    codes = {"source_lang": "fr", "target_lang": "en"}
    plain = {"src_lang": "fr", "tgt_lang": "en", "src": "le chat", "tgt": "the cat"}
    for record in ({**codes, **texts}, {**texts, **codes}, plain):
        write("t.jsonl", json.dumps(record) + "\n")
        pq.write_table(pa.table({name: [value] for name, value in record.items()}), "t.parquet")

        assert sentences("t.jsonl") == sentences("t.parquet") == [("le chat", "the cat")]

    write("t.jsonl", json.dumps({**codes, "a": "le chat", "b": "the cat"}) + "\n")
    with pytest.raises(
        UnsetKeyError, match=r'^t\.jsonl:1: holds "source_lang", "target_lang", "a", "b"; name the two'
    ) as caught:
        sentences("t.jsonl")
    assert caught.value.keys == {"source_column": "a", "target_column": "b"}
    write("t.jsonl", json.dumps({"Source language": "le chat", "Target language": "the cat"}) + "\n")
    assert sentences("t.jsonl") == [("le chat", "the cat")]


PAIR = {"fr": "le chat", "en": "the cat"}


@pytest.mark.parametrize(
    "record",
    [
        {"translation": PAIR, "languages": {"source": "fr", "target": "en"}},
        {"translation": PAIR, "scores": {"fr": 0.9, "en": 0.8}},
        {"meta": {"source": "web", "target": "x"}, "translation": PAIR},
        {"text": {"source": "le chat", "target": "the cat"}, "codes": {"source": "fr", "target": "en"}},
    ],
)
def test_what_else_is_in_a_record_is_no_second_pair(record):
    write("t.jsonl", json.dumps(record) + "\n")

    assert sentences("t.jsonl") == [("le chat", "the cat")]


def test_codes_of_languages_are_a_pair_where_the_columns_say_so():
    write("t.jsonl", json.dumps({"fr": "fr", "en": "en"}) + "\n")

    assert sentences("t.jsonl") == [("fr", "en")]


def test_of_several_pairs_in_a_record_none_is_chosen():
    record = {"raw": {"fr": "le chat", "en": "the cat"}, "clean": {"fr": "Le chat.", "en": "The cat."}}
    write("t.jsonl", json.dumps(record) + "\n")

    with pytest.raises(
        UnsetKeyError, match=r"^t\.jsonl:1: holds 2 pairs, in raw, clean; name one in source_column"
    ) as caught:
        sentences("t.jsonl")
    assert caught.value.keys == {"source_column": "raw.fr", "target_column": "raw.en"}
