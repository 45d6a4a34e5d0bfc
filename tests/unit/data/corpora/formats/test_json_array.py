from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.corpora import FR_EN, PACKERS, read, sentences, write
from transformer_cli.config import CorpusFiles
from transformer_cli.data.corpora import SentencePair, read_corpus
from transformer_cli.data.corpora.formats.json_array import read_json
from transformer_cli.errors import DataError

PAIRS = [('Il a dit "oui" [tout bas].', "He said {yes}."), ("deux\n\nlignes", "two\\ lines"), ("", "]")]
RECORDS: list[Any] = [{"id": n, "en": target, "fr": source} for n, (source, target) in enumerate(PAIRS)]


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("indent", [None, 0, 2])
@pytest.mark.parametrize("name", ["t.json", *(f"t.jsonl{suffix}" for suffix in PACKERS)])
def test_an_array_of_records_is_a_corpus(name, indent):
    write(name, json.dumps(RECORDS, indent=indent))

    assert sentences(name) == PAIRS


@pytest.mark.parametrize("indent", [None, 2])
@pytest.mark.parametrize(
    "content",
    [
        {"version": 1, "data": RECORDS},
        [{"translation": {"fr": source, "en": target}} for source, target in PAIRS],
        [list(pair) for pair in PAIRS],
        {"data": RECORDS, "meta": {"fr": "French", "en": "English"}},
        {f"row {n}": record for n, record in enumerate(RECORDS)},
        [{"translation": {"fr": source, "en": target}, "tags": []} for source, target in PAIRS],
        [{"translation": {"fr": source, "en": target}, "tags": ["x", "y"]} for source, target in PAIRS],
        [{"source": "tatoeba", "translation": {"fr": source, "en": target}} for source, target in PAIRS],
        {"rows": [list(pair) for pair in PAIRS]},
    ],
)
def test_records_may_be_nested_or_arrays_of_two(content, indent):
    write("t.json", json.dumps(content, indent=indent))

    assert sentences("t.json") == PAIRS


def test_an_array_of_other_things_is_refused_though_each_has_an_array():
    write("t.json", json.dumps([{"a": "le chat dort", "b": "the cat sleeps", "tags": []}]))

    with pytest.raises(DataError, match=r'^t\.json:1: holds "a", "b", "tags"; name the two sides'):
        sentences("t.json")


def test_json_lines_may_be_called_json():
    write("t.json", "".join(json.dumps(record) + "\n" for record in RECORDS))

    assert sentences("t.json") == PAIRS


def test_the_place_is_the_line_and_a_damaged_line_is_marked():
    write("t.json", b'[\n{"fr": "un",\n"en": "one"},\n\n{"fr": "caf\xe9",\n"en": "b"}, {"fr": "c", "en": "d"}\n]\n')

    assert read("t.json") == [
        SentencePair("un", "one", "t.json:2"),
        SentencePair("caf\ufffd", "b", "t.json:5", is_utf8=False),
        SentencePair("c", "d", "t.json:6"),
    ]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ('[{"fr": "un", "en": "one"},\n{"fr": "deux"', "t.json:2: not JSON (expecting ',' delimiter)"),
        ('[{"fr": "un", "en": "one"},\n', "t.json:2: not JSON (the array is not closed)"),
        ('[{"fr": "un", "en": "one"}]\n]', "t.json:2: not JSON (expecting value)"),
        ('[{"fr": "un", "en": "one"},\n7]', "t.json:2: a JSON int, not an object such as"),
        ('[\n{"fr": "un", "de": "eins"}]', 't.json:2: holds "fr", "de"; name the two sides'),
        ("plain text", "t.json:1: not JSON (expecting value)"),
        ("[" + "[" * 100_000, "t.json:1: JSON with too long a number or too deep a nesting"),
    ],
)
def test_what_is_no_corpus_is_refused_with_its_line(content, message):
    write("t.json", content)

    with pytest.raises(DataError) as caught:
        read("t.json")
    assert str(caught.value).startswith(message)


@pytest.mark.parametrize("content", ["", "[]", "[\n]\n", '{"data": []}'])
def test_nothing_holds_no_pairs(content):
    write("t.json", content)

    assert read("t.json") == []


def test_bad_records_are_skipped_and_columns_named_as_in_json_lines():
    write("t.json", json.dumps([{"a": "un", "b": "one"}, {"a": 7}, {"a": "deux", "b": "two"}], indent=1))

    keys = CorpusFiles(path="t.json", source_column="a", target_column="b", skip_bad_rows=True)
    pairs = list(read_corpus(keys, FR_EN, Path(), part="train"))
    assert [(pair.source, pair.target, pair.fault) for pair in pairs] == [
        ("un", "one", None),
        ('{"a": 7}', "", "bad_row"),
        ("deux", "two", None),
    ]


texts = st.text(max_size=20)


@settings(max_examples=40)
@given(pairs=st.lists(st.tuples(texts, texts), max_size=9), indent=st.sampled_from([None, 0, 3]), plain=st.booleans())
def test_whatever_is_written_is_read_back(tmp_path_factory, pairs, indent, plain):
    path = tmp_path_factory.mktemp("json") / "t.json"
    records = [{"source": source, "target": target} for source, target in pairs]
    path.write_text(
        json.dumps(records, indent=indent, ensure_ascii=not plain).replace("\ud800", ""), "utf-8", "replace"
    )

    assert [(pair.source, pair.target) for pair in read_json(path, FR_EN)] == pairs
