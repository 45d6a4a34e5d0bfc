"""Files whose lines end in carriage returns alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.corpora import FR_EN, read, sentences, write
from transformer_cli.data.corpora.monolingual import NamedText, read_text
from transformer_cli.errors import DataError

PAIRS = [(f"Il a {number} amis, je crois.", f"He has {number} friends; I think so.") for number in range(40)]
REFUSED = r": its lines end in carriage returns; convert it with: tr '\\r' '\\n' < t\."


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("end", ["", "\r"])
@pytest.mark.parametrize("header", [[], [("fr", "en")]], ids=["bare", "header"])
@pytest.mark.parametrize("delimiter", ["\t", "|", " ||| "])
@pytest.mark.parametrize("kind", ["csv", "tsv", "txt"])
def test_a_table_is_refused(kind, delimiter, header, end):
    write(f"t.{kind}", "\r".join(delimiter.join(pair) for pair in [*header, *PAIRS]) + end)

    with pytest.raises(DataError, match=REFUSED):
        read(f"t.{kind}")


def test_a_long_table_is_refused():
    write("t.tsv", "\r".join("\t".join(pair) for pair in PAIRS * 1000))

    with pytest.raises(DataError, match=REFUSED):
        read("t.tsv")


@pytest.mark.parametrize("side", [0, 1])
def test_aligned_files_are_refused(side):
    for place, code in enumerate(("fr", "en")):
        write(f"t.{code}", ("\r" if place == side else "\n").join(pair[place] for pair in PAIRS))

    with pytest.raises(DataError, match=REFUSED):
        read("t.{lang}")


def test_lines_of_json_are_refused():
    write("t.jsonl", "\r".join(f'{{"fr": "{source}", "en": "{target}"}}' for source, target in PAIRS))

    with pytest.raises(DataError, match=REFUSED):
        read("t.jsonl")


def test_white_space_in_json_may_be_a_carriage_return():
    write("t.jsonl", '{"fr": "un",\r"en": "one"}\n{\r"fr": "}\\r{", "en": "two"\r}\n')

    assert sentences("t.jsonl") == [("un", "one"), ("}\r{", "two")]


def test_a_text_of_one_language_is_refused():
    write("t.en", "\r".join(target for _, target in PAIRS))

    with pytest.raises(DataError, match=REFUSED):
        list(read_text(NamedText("t.en", "target", "back_translation.text"), FR_EN, Path()))
