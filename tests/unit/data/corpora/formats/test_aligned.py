from __future__ import annotations

import pytest

from tests.support.corpora import PACKERS, read, sentences, write
from transformer_cli.config import LanguagesConfig
from transformer_cli.data.corpora import SentencePair
from transformer_cli.errors import DataError


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("suffix", PACKERS)
def test_aligned_files_are_read_line_by_line_packed_or_not(suffix):
    write(f"t.fr{suffix}", "un\ndeux\n")
    write(f"t.en{suffix}", "one\ntwo\n")

    assert read(f"t.{{lang}}{suffix}") == [
        SentencePair("un", "one", f"t.fr{suffix}:1"),
        SentencePair("deux", "two", f"t.fr{suffix}:2"),
    ]


def test_the_languages_decide_which_file_is_the_source(folder):
    (folder / "fr").mkdir()
    (folder / "en").mkdir()
    write("fr/t.fr", "un\n")
    write("en/t.en", "one\n")

    assert read("{lang}/t.{lang}") == [SentencePair("un", "one", "fr/t.fr:1")]
    assert read("{lang}/t.{lang}", languages=LanguagesConfig(source="en", target="fr")) == [
        SentencePair("one", "un", "en/t.en:1")
    ]


@pytest.mark.parametrize(
    ("french", "english"), [("un\ndeux\ntrois\n", "one\ntwo\n"), ("un\ndeux\ntrois", "one\ntwo\n")]
)
def test_files_of_different_length_are_refused_with_both_lengths(french, english):
    write("t.fr", french)
    write("t.en", english)
    with pytest.raises(DataError) as longer_source:
        read("t.{lang}")

    write("t.fr", english)
    write("t.en", french)
    with pytest.raises(DataError) as longer_target:
        read("t.{lang}")

    assert str(longer_source.value) == "t.fr has 3 lines but t.en has 2; the two must align"
    assert str(longer_target.value) == "t.fr has 2 lines but t.en has 3; the two must align"


def test_an_empty_file_beside_a_full_one_is_misaligned():
    write("t.fr", "")
    write("t.en", "one\n")

    with pytest.raises(DataError, match=r"^t\.fr has 0 lines but t\.en has 1; the two must align$"):
        read("t.{lang}")


def test_two_empty_files_hold_no_pairs():
    write("t.fr", "")
    write("t.en", "")

    assert read("t.{lang}") == []


@pytest.mark.parametrize("character", "\r\v\f\x1c\x85\u2028\u2029\0", ids=ascii)
def test_only_a_line_feed_ends_a_line_so_that_nothing_inside_one_misaligns(character):
    write("t.fr", f"un{character}un\ndeux\n")
    write("t.en", "one one\ntwo\n")

    assert sentences("t.{lang}") == [(f"un{character}un", "one one"), ("deux", "two")]


def test_carriage_returns_at_line_ends_byte_order_marks_and_a_missing_last_line_feed_do_not_matter():
    write("t.fr", b"\xef\xbb\xbfun\r\n\r\ndeux\r\n")
    write("t.en", "one\n\ntwo")

    assert sentences("t.{lang}") == [("un", "one"), ("", ""), ("deux", "two")]


@pytest.mark.parametrize(("french", "english"), [(b"caf\xe9\n", b"coffee\n"), (b"coffee\n", b"caf\xe9\n")])
def test_a_pair_with_bytes_that_are_not_utf8_is_marked(french, english):
    write("t.fr", b"un\n" + french)
    write("t.en", b"one\n" + english)

    assert [pair.is_utf8 for pair in read("t.{lang}")] == [True, False]
    assert "caf\ufffd" in sentences("t.{lang}")[1]
