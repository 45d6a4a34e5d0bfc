"""``skip_bad_rows = true``: rows that cannot be read are counted under a name of their own, up to a bound."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.support.corpora import FR_EN, write
from transformer_cli.config import CorpusFiles
from transformer_cli.data.corpora import SentencePair, read_corpus
from transformer_cli.errors import DataError, RecipeError

PAIRS = [(f"phrase {n}", f"sentence {n}") for n in range(60)]
GOOD = {
    "t.csv": [f"{source},{target}\n" for source, target in PAIRS],
    "t.tsv": [f"{source}\t{target}\n" for source, target in PAIRS],
    "t.jsonl": [json.dumps({"fr": source, "en": target}) + "\n" for source, target in PAIRS],
}
BAD = {
    "t.csv": ["alone\n", "one, two, three\n", '"de"ux,two\n', 'x,"never closed\n', "a\rb,c\n"],
    "t.tsv": ["alone\n", "one\ttwo\tthree\n"],
    "t.jsonl": ["{\n", "[1]\n", '{"fr": "un"}\n', '{"fr": 1, "en": "one"}\n'],
}


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def read(path: str, *, skip: bool) -> list[SentencePair]:
    return list(read_corpus(CorpusFiles(path=path, skip_bad_rows=skip), FR_EN, Path(), part="train"))


@pytest.mark.parametrize("name", GOOD)
@pytest.mark.parametrize("place", [7, 30, 60])
def test_bad_rows_are_marked_with_their_place_and_no_other_is_lost(name, place):
    for bad in BAD[name]:
        write(name, "".join([*GOOD[name][:place], bad, *GOOD[name][place:]]))

        pairs = read(name, skip=True)
        assert [(pair.source, pair.target) for pair in pairs if pair.fault is None] == PAIRS
        assert [(pair.fault, pair.place, pair.source) for pair in pairs if pair.fault] == [
            ("bad_row", f"{name}:{place + 1}", bad.removesuffix("\n"))
        ]
        with pytest.raises(DataError, match=rf"^{name}:{place + 1}: "):
            read(name, skip=False)


@pytest.mark.parametrize("name", GOOD)
def test_more_than_a_tenth_is_an_error_with_the_first(name):
    bad = BAD[name][0]
    write(name, "".join([*GOOD[name][:54], *[bad] * 6]))
    assert sum(pair.fault == "bad_row" for pair in read(name, skip=True)) == 6
    write(name, "".join([*GOOD[name][:53], *[bad] * 6]))

    with pytest.raises(DataError) as caught:
        read(name, skip=True)
    message = f"{name}: 6 of 59 rows are bad, more than skip_bad_rows skips (a tenth); the first is line 54: "
    assert str(caught.value).startswith(message)


def test_most_of_many_rows_are_enough_to_stop():
    write("t.jsonl", "".join([GOOD["t.jsonl"][0], *["{\n"] * 100_000]))

    with pytest.raises(DataError, match=r"^t\.jsonl: 1000 of 1001 rows are bad, "):
        read("t.jsonl", skip=True)


@pytest.mark.parametrize("path", ["t.tmx", "t.{lang}", "t.parquet"])
def test_other_kinds_have_no_rows_to_skip(path):
    for name in ("t.tmx", "t.fr", "t.en", "t.parquet"):
        Path(name).touch()

    with pytest.raises(RecipeError, match=r"^data: skip_bad_rows is for "):
        read(path, skip=True)
