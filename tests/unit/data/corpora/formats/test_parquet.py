from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.support.corpora import PACKERS, read, sentences, write
from transformer_cli.data.corpora import SentencePair
from transformer_cli.errors import DataError

FRENCH, ENGLISH = ["un", "deux", "trois"], ["one", "two", "three"]


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write_table(columns: dict[str, object], name: str = "t.parquet") -> None:
    pq.write_table(pa.table(columns), "plain.parquet", row_group_size=2)
    write(name, Path("plain.parquet").read_bytes())


@pytest.mark.parametrize("suffix", PACKERS)
def test_two_columns_of_text_are_read_row_by_row(suffix):
    write_table({"id": [1, 2, 3], "en": ENGLISH, "fr": FRENCH}, f"t.parquet{suffix}")

    assert read(f"t.parquet{suffix}") == [
        SentencePair(source, target, f"t.parquet{suffix}: row {row}")
        for row, (source, target) in enumerate(zip(FRENCH, ENGLISH, strict=True), start=1)
    ]


@pytest.mark.parametrize(
    "kind", [pa.string(), pa.large_string(), pa.string_view(), pa.dictionary(pa.int32(), pa.string())]
)
def test_text_may_be_stored_in_any_way(kind):
    write_table({"source": pa.array(FRENCH).cast(kind), "target": pa.array(ENGLISH).cast(kind)})

    assert sentences("t.parquet") == list(zip(FRENCH, ENGLISH, strict=True))


def test_one_column_may_hold_both_sides_as_a_record():
    records = [{"en": en, "fr": fr} for en, fr in zip(ENGLISH, FRENCH, strict=True)]
    write_table({"fr": [[1], [2], [3]], "translation": records})

    assert sentences("t.parquet") == list(zip(FRENCH, ENGLISH, strict=True))


def test_a_missing_value_or_record_counts_as_empty_sentences():
    write_table({"translation": [{"en": "one", "fr": None}, None, {"en": "two", "fr": "deux"}]})

    assert sentences("t.parquet") == [("", "one"), ("", ""), ("deux", "two")]


def test_more_rows_than_are_read_at_once_are_all_read_and_numbered():
    numbers = [str(n) for n in range(3000)]
    write_table({"fr": numbers, "en": numbers})

    pairs = read("t.parquet")
    assert [pair.source for pair in pairs] == numbers
    assert pairs[-1].place == "t.parquet: row 3000"


def test_bytes_that_are_not_utf8_are_replaced_and_marked():
    french = pa.array([b"caf\xe9", b"un"]).view(pa.string())
    write_table({"fr": french, "en": ["coffee", "one"]})

    assert [(pair.source, pair.is_utf8) for pair in read("t.parquet")] == [("caf\ufffd", False), ("un", True)]


def test_a_file_without_such_columns_is_refused_with_those_it_has():
    write_table({"fr": FRENCH, "de": ENGLISH})

    with pytest.raises(DataError) as caught:
        read("t.parquet")
    assert str(caught.value) == (
        't.parquet: holds "fr", "de"; name the two sides "fr" and "en", or "source" and "target", '
        "or set source_column and target_column"
    )


@pytest.mark.parametrize("content", [b"", b"no parquet", b"PAR1 no parquet PAR1"])
def test_what_is_no_parquet_file_is_refused(content):
    write("t.parquet", content)

    with pytest.raises(DataError, match=r"^t\.parquet: not a whole Parquet file \(.*\); fetch or make it again$"):
        read("t.parquet")


def test_a_file_cut_short_or_damaged_inside_is_refused():
    numbers = [str(n) for n in range(3000)]
    write_table({"fr": numbers, "en": numbers})
    content = Path("t.parquet").read_bytes()

    for damaged in (content[:-100], content[:50] + b"\xff" * 500 + content[550:]):
        write("t.parquet", damaged)
        with pytest.raises(DataError, match=r"^t\.parquet: not a whole Parquet file "):
            read("t.parquet")
