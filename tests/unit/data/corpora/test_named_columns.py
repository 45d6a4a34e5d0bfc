"""Records and data sets with columns of any names, which the recipe gives."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.support.corpora import FR_EN
from transformer_cli.config import CorpusFiles
from transformer_cli.data.corpora import read_corpus
from transformer_cli.errors import DataError, RecipeError

RECORDS: list[dict[str, Any]] = [
    {
        "fr": "wrong",
        "en": "no",
        "Original": source,
        "a.b": target,
        "pair": {"x": source, "y": {"z": target}, "y2": target},
    }
    for source, target in (("un", "one"), ("deux", "two"))
]


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("t.jsonl").write_text("".join(json.dumps(record) + "\n" for record in RECORDS))
    Path("set").mkdir()
    for name in ("t.parquet", "set/train.parquet"):
        pq.write_table(pa.Table.from_pylist(RECORDS), name)


def read(path: str, source: str | int, target: str | int) -> list[tuple[str, str]]:
    keys = CorpusFiles(path=path, source_column=source, target_column=target)
    return [(pair.source, pair.target) for pair in read_corpus(keys, FR_EN, Path(), part="train")]


@pytest.mark.parametrize("path", ["t.jsonl", "t.parquet", "hub:set"])
@pytest.mark.parametrize(("source", "target"), [("Original", "a.b"), ("pair.x", "a.b"), ("Original", "pair.y2")])
def test_the_columns_that_the_recipe_names_are_read(path, source, target):
    assert read(path, source, target) == [("un", "one"), ("deux", "two")]


def test_a_record_may_lie_deeper_in_json():
    assert read("t.jsonl", "pair.x", "pair.y.z") == [("un", "one"), ("deux", "two")]


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("t.jsonl", 't.jsonl:1: has no "pair.q", but "fr", "en", "Original", "a.b", "pair"; name two of them'),
        (
            "t.parquet",
            't.parquet: has no column "pair.q" of text, but "fr", "en", "Original", "a.b", "pair.x", "pair.y2"',
        ),
        ("hub:set", 'hub:set: row 1: has no "pair.q", but "fr", "en", "Original", "a.b", "pair"; name two of them'),
    ],
)
def test_a_name_that_is_not_there_is_refused_with_those_that_are(path, message):
    with pytest.raises(DataError) as caught:
        read(path, "Original", "pair.q")
    assert str(caught.value).startswith(message)


@pytest.mark.parametrize("path", ["t.jsonl", "t.parquet", "hub:set"])
def test_records_have_no_numbers_of_columns(path):
    with pytest.raises(RecipeError, match=f'source_column and target_column of "{path}" are names, not numbers'):
        read(path, 1, 2)
