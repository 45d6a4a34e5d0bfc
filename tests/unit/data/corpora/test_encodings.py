"""A corpus in another encoding than UTF-8 is read under the key ``encoding``, and refused without it."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from tests.support.corpora import FR_EN, read, write
from transformer_cli.config import CorpusConfig, CorpusFiles
from transformer_cli.data.corpora import read_corpus
from transformer_cli.errors import DataError, RecipeError

PAIRS = [(f"Le thé n° {number} est prêt.", f"Tea no. {number} is ready.") for number in range(20)]
ENCODINGS = ["cp1252", "utf-16", "utf-16-le", "utf-16-be", "utf-32"]


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write_all(encoding: str) -> None:
    """Write one corpus in each format of text."""
    sides = ["".join(f"{pair[side]}\n" for pair in PAIRS) for side in (0, 1)]
    for name in ("t", "odd"):
        for code, side in zip(("fr", "en"), sides, strict=True):
            Path(f"{name}.{code}").write_bytes(side.encode(encoding))
    write("t.tsv", "".join(f"{source}\t{target}\n" for source, target in PAIRS).encode(encoding))
    write("t.csv.gz", "".join(f"{source};{target}\r\n" for source, target in [("fr", "en"), *PAIRS]).encode(encoding))
    rows = (f'{{"fr": "{source}", "en": "{target}"}}\n' for source, target in PAIRS)
    write("t.jsonl", "".join(rows).encode(encoding))
    with zipfile.ZipFile("t.zip", "w") as archive:
        archive.write("t.fr")
        archive.write("t.en")


CORPORA = [
    {"path": "t.{lang}"},
    {"source": "odd.fr", "target": "odd.en"},
    {"path": "t.tsv"},
    {"path": "t.csv.gz"},
    {"path": "t.jsonl"},
    {"path": "t.zip"},
]


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("corpus", CORPORA, ids=lambda corpus: next(iter(corpus.values())))
def test_the_key_encoding_reads_what_is_refused_without_it(encoding, corpus):
    write_all(encoding)

    pairs = list(read_corpus(CorpusFiles(**corpus, encoding=encoding), FR_EN, Path(), part="train"))
    assert [(pair.source, pair.target) for pair in pairs] == PAIRS
    assert all(pair.is_utf8 for pair in pairs)
    with pytest.raises(DataError, match=r"not UTF-8; convert it with: .*iconv -f .*, or set encoding = \".*\" for it$"):
        list(read_corpus(CorpusFiles(**corpus), FR_EN, Path(), part="train"))


def test_the_other_side_may_be_utf8_only_if_it_is_ascii():
    write("t.fr", "".join(f"{source}\n" for source, _ in PAIRS))
    write("t.en", "".join(f"{target} £\n" for _, target in PAIRS).encode("cp1252"))

    with pytest.raises(DataError, match=r"t\.en is probably WINDOWS-1252, not UTF-8"):
        read("t.{lang}")
    with pytest.raises(DataError, match=r"t\.fr is UTF-8, not cp1252; .*; if the other one of two files is in it"):
        list(read_corpus(CorpusFiles(path="t.{lang}", encoding="cp1252"), FR_EN, Path(), part="train"))


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        (
            {"path": "t.tmx", "encoding": "cp1252"},
            r'^data: encoding is for text files, tables, .jsonl .* not for "t.tmx"',
        ),
        ({"path": "hub:a/t.tsv", "encoding": "cp1252"}, r"^data: encoding is for text files"),
        ({"path": "builtin:phrasebook", "encoding": "cp1252"}, r"^data: encoding is for text files"),
        ({"path": "t.jsonl", "delimiter": ";"}, r"^data: delimiter is for \.tsv, \.csv and \.txt files, not for"),
        ({"path": "t.{lang}", "quoting": True}, r"^data: quoting is for \.tsv, "),
        ({"source": "a", "target": "b", "header": False}, r'^data: header is for .* not for "a and b"'),
    ],
)
def test_a_key_that_means_nothing_for_a_corpus_is_an_error(keys, message):
    for name in ("t.tmx", "t.jsonl", "t.fr", "t.en", "a", "b"):
        Path(name).touch()

    with pytest.raises(RecipeError, match=message):
        read_corpus(CorpusConfig(**keys), FR_EN, Path(), part="train")


@pytest.mark.parametrize("name", ["latin-7000", "base64", "idna", "undefined", "", "a\0b"])
def test_an_unknown_encoding_is_an_error(name):
    with pytest.raises(ValueError, match="encoding"):
        CorpusFiles(path="t.tsv", encoding=name)
