from __future__ import annotations

import json

import pytest

from tests.support.corpora import PACKERS, read, sentences, write
from transformer_cli.data.corpora import SentencePair
from transformer_cli.errors import DataError


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("suffix", PACKERS)
@pytest.mark.parametrize(
    "record",
    [
        {"source": "un", "target": "one"},
        {"en": "one", "id": 7, "fr": "un"},
        {"id": 7, "translation": {"en": "one", "fr": "un"}},
        {"translation": {"source": "un", "target": "one"}, "score": 0.5},
        {"fr-FR": "un", "en_US": "one"},
    ],
)
def test_a_line_holds_one_pair_by_the_names_of_its_sides(record, suffix):
    write(f"t.jsonl{suffix}", f"{json.dumps(record)}\r\n\n{json.dumps(record)}")

    assert read(f"t.jsonl{suffix}") == [
        SentencePair("un", "one", f"t.jsonl{suffix}:1"),
        SentencePair("un", "one", f"t.jsonl{suffix}:3"),
    ]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('{"fr": "deux", "en": "tw', "not JSON (unterminated string starting at at character 22); mend the line"),
        ("", "not JSON"),
        ('["deux", "two"]', "a JSON list, not an object such as"),
        (
            '{"fr": "deux", "de": "zwei"}',
            'holds "fr", "de"; name the two sides "fr" and "en", or "source" and "target"',
        ),
        ("{}", "holds nothing; name the two sides"),
        ('{"fr": "deux", "en": 2}', '"en" is a int, not a text; leave this record out'),
        ('{"a": ' + "[" * 200_000, "JSON with too long a number or too deep a nesting"),
        ('{"a": ' + "1" * 5000 + "}", "JSON with too long a number or too deep a nesting"),
    ],
    ids=["cut", "blank", "list", "columns", "nothing", "number", "deep", "long"],
)
def test_one_broken_line_is_refused_with_its_place(line, message):
    write("t.jsonl", '{"fr": "un", "en": "one"}\n' + (line or "\x01") + '\n{"fr": "un", "en": "one"}\n')

    with pytest.raises(DataError) as caught:
        read("t.jsonl")
    assert str(caught.value).startswith(f"t.jsonl:2: {message}")
    assert "\n" not in str(caught.value)


def test_a_missing_sentence_counts_as_an_empty_one():
    write("t.jsonl", '{"fr": null, "en": "one"}')

    assert sentences("t.jsonl") == [("", "one")]


def test_what_is_no_text_is_replaced_and_marked():
    write(
        "t.jsonl",
        b'{"fr": "caf\xe9", "en": "coffee"}\n{"fr": "\\ud83d", "en": "half"}\n{"fr": "\\ud83d\\ude00", "en": "a"}',
    )

    assert read("t.jsonl") == [
        SentencePair("caf\ufffd", "coffee", "t.jsonl:1", is_utf8=False),
        SentencePair("\ufffd", "half", "t.jsonl:2", is_utf8=False),
        SentencePair("\U0001f600", "a", "t.jsonl:3"),
    ]
