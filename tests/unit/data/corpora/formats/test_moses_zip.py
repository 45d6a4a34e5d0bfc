from __future__ import annotations

import zipfile
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.support.corpora import read, write
from transformer_cli.data.corpora import SentencePair
from transformer_cli.errors import DataError


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def pack(name: str, files: Mapping[str, str | bytes]) -> None:
    with zipfile.ZipFile(name, "w", zipfile.ZIP_DEFLATED) as archive:
        for member, content in files.items():
            archive.writestr(member, content)


def test_all_aligned_files_in_an_archive_are_read_and_no_others():
    others = {"README": "no", "a.en-fr.ids": "no\n", "__MACOSX/._a.en-fr.fr": "no\n", "__MACOSX/._a.en-fr.en": "no\n"}
    files: dict[str, str | bytes] = {
        "b/c.fra": "trois\n",
        "b/c.eng": "three",
        "b/c.de": "drei\n",
        "a.en-fr.en": b"one\r\n\xff\n",
    }
    pack("t.zip", others | files | {"a.en-fr.fr": "un\ndeux\u2028\n"})

    assert read("t.zip") == [
        SentencePair("un", "one", "t.zip/a.en-fr.fr:1"),
        SentencePair("deux\u2028", "\ufffd", "t.zip/a.en-fr.fr:2", is_utf8=False),
        SentencePair("trois", "three", "t.zip/b/c.fra:1"),
    ]


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({"a.fr": "un\ndeux\n", "a.en": "one\n"}, r"t\.zip/a\.fr has 2 lines but a\.en has 1; the two must align"),
        ({"a.fr": "un", "b.en": "one"}, r"t\.zip holds a\.fr, b\.en; no two files in it .* \.fr and \.en; unpack it"),
        ({}, r"t\.zip holds nothing; "),
    ],
)
def test_an_archive_without_aligned_files_is_refused(files, message):
    pack("t.zip", files)

    with pytest.raises(DataError, match=f"^{message}"):
        read("t.zip")


def test_a_damaged_archive_is_refused():
    pack("t.zip", {"a.fr": "un\n" * 9999, "a.en": "".join(f"one {number}\n" for number in range(9999))})
    whole = Path("t.zip").read_bytes()
    middle = len(whole) // 2

    for damaged in (b"no archive", whole[:-50], whole[:middle] + bytes([whole[middle] ^ 255]) + whole[middle + 1 :]):
        write("t.zip", damaged)
        with pytest.raises(
            DataError, match=r"^t\.zip is no \.zip archive, cut short or damaged \(.*\); fetch it again"
        ):
            read("t.zip")


def test_an_archive_with_a_password_is_refused():
    pack("t.zip", {"a.fr": "un\n", "a.en": "one\n"})
    content = bytearray(Path("t.zip").read_bytes())
    for signature, place in ((b"PK\1\2", 8), (b"PK\3\4", 6)):
        start = -1
        while (start := content.find(signature, start + 1)) >= 0:
            content[start + place] |= 1  # the flag for encryption
    write("t.zip", bytes(content))

    with pytest.raises(DataError, match=r"^t\.zip cannot be unpacked \(.*password.*\); unpack it"):
        read("t.zip")
