from __future__ import annotations

import gzip
import random
import shutil
import subprocess
from pathlib import Path

import pytest

from transformer_cli.errors import DataError
from transformer_cli.text.encodings import other_encoding, probable_encoding
from transformer_cli.text.lines import read_text_lines

# ruff: noqa: RUF001
TEXTS = {
    "fr": "La bouilloire est sur l'étagère.\nMa tante répare de vieilles radios.\nNous avons peint la clôture.\n",
    "de": "Früher hörte sie täglich Radio.\nWir hätten es wissen müssen.\nFünf Brötchen, größer als gestern, bitte!\n",
    "pl": "Czajnik stoi na półce.\nPort był pełen łodzi.\nPomalowaliśmy płot na zielono.\nNikt nie usłyszał dzwonka.\n",
    "ru": "Чайник стоит на полке.\nМоя тётя чинит старые приёмники.\nМы покрасили забор в зелёный цвет.\n",
    "el": "Ο βραστήρας είναι στο ράφι.\nΗ θεία μου επισκευάζει παλιά ραδιόφωνα.\nΤο λιμάνι ήταν γεμάτο βάρκες.\n",
    "he": "הקומקום על המדף.\nדודתי מתקנת מכשירי רדיו ישנים.\nהנמל היה מלא סירות.\n",
    "ar": "الغلاية على الرف.\nعمتي تصلح أجهزة الراديو القديمة.\nكان الميناء مليئا بالقوارب.\n",
    "ja": "やかんは棚の上にあります。\n私の叔母は古いラジオを修理します。\n港は船でいっぱいでした。\n",
    "zh": "水壶在架子上。\n我的阿姨修理旧收音机。\n港口里满是船。\n我们把篱笆漆成了绿色。\n",
    "ko": "주전자는 선반 위에 있습니다.\n이모는 오래된 라디오를 고칩니다.\n항구는 배로 가득했습니다.\n",
}
BYTES_OF_LETTERS = [
    ("fr", "cp1252"),
    ("fr", "latin-1"),
    ("de", "cp1252"),
    ("pl", "cp1250"),
    ("pl", "iso8859-2"),
    ("ru", "cp1251"),
    ("ru", "koi8-r"),
    ("el", "cp1253"),
    ("he", "cp1255"),
    ("ar", "cp1256"),
    ("ja", "shift_jis"),
    ("ja", "euc_jp"),
    ("zh", "gb18030"),
    ("ko", "euc_kr"),
]
WIDE = ["utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"]


@pytest.mark.parametrize(("language", "encoding"), BYTES_OF_LETTERS)
@pytest.mark.parametrize("name", ["t.txt", "t'1.txt", "t.gz"])
def test_the_command_of_the_message_turns_the_file_into_utf8(tmp_path, monkeypatch, name, language, encoding):
    if shutil.which("iconv") is None:
        name = "t.txt"  # the message is looked at all the same
    monkeypatch.chdir(tmp_path)
    text = TEXTS[language] * 3
    content = text.encode(encoding)
    Path(name).write_bytes(gzip.compress(content) if name.endswith(".gz") else content)

    with pytest.raises(DataError, match=r"^t.* is probably .*, not UTF-8; convert it with: ") as caught:
        list(read_text_lines(Path(name)))
    command = str(caught.value).partition("convert it with: ")[2]
    if shutil.which("iconv"):
        assert subprocess.run(command, shell=True, capture_output=True, check=True).stdout.decode() == text


@pytest.mark.parametrize("language", TEXTS)
@pytest.mark.parametrize("encoding", WIDE)
def test_wide_text_is_known_with_a_mark_and_without(language, encoding):
    name = encoding.upper().replace("-", "", 2).replace("UTF", "UTF-")

    assert other_encoding(TEXTS[language].encode(encoding)) == name
    assert other_encoding(("\ufeff" + TEXTS[language]).encode(encoding)) == name[:6]


@pytest.mark.parametrize("language", TEXTS)
@pytest.mark.parametrize("nuls", [0, 1, 5])
def test_utf8_is_no_other_encoding_and_a_few_zero_bytes_make_it_none(language, nuls):
    text = bytearray(TEXTS[language].encode())
    for place in random.Random(nuls).sample(range(len(text)), nuls):
        text.insert(place, 0)

    assert other_encoding(bytes(text)) is None


@pytest.mark.parametrize("content", [b"", b"\0", b"\0" * 5000, b"NUL\0NUL\n" * 9, bytes(range(32)) * 9, b"\x01\0" * 2])
def test_odd_bytes_are_no_other_encoding(content):
    assert other_encoding(content) is None


def test_japanese_mail_is_known():
    assert other_encoding(TEXTS["ja"].encode("iso2022_jp")) == "ISO-2022-JP"


@pytest.mark.parametrize("sign", ["£", "°", "’", "“ ”", "–", "€ …"])
def test_signs_of_western_europe_are_enough(sign):
    assert probable_encoding(f"Tea {sign} no. 1 is ready.\n".encode("cp1252") * 9) == "WINDOWS-1252"


def test_what_no_encoding_fits_has_no_name():
    assert probable_encoding(b"\x00\xff\xfe\x81\x8d\x00" * 50) is None


def written(path: Path, *, bad: int, good: int, plain: int = 0) -> Path:
    lines = ["garçon\n".encode("cp1252")] * bad + ["garçon\n".encode()] * good + [b"plain\n"] * plain
    random.Random(0).shuffle(lines)
    path.write_bytes(b"".join(lines))
    return path


@pytest.mark.parametrize(("bad", "good", "plain"), [(4, 0, 0), (4, 0, 100), (5, 50, 0), (100, 1000, 0), (0, 9, 9)])
def test_a_few_damaged_lines_are_marked_and_read(tmp_path, bad, good, plain):
    lines = list(read_text_lines(written(tmp_path / "t.txt", bad=bad, good=good, plain=plain)))

    assert len(lines) == bad + good + plain
    assert sum(line.had_invalid_bytes for line in lines) == bad


@pytest.mark.parametrize(("bad", "good", "plain"), [(5, 0, 1000), (20, 1, 0), (5000, 0, 0)])
def test_a_text_in_another_encoding_is_refused_however_few_of_its_letters_are_not_ascii(tmp_path, bad, good, plain):
    with pytest.raises(DataError, match="is probably WINDOWS-1252, not UTF-8; convert it with: iconv -f WINDOWS-1252"):
        list(read_text_lines(written(tmp_path / "t.txt", bad=bad, good=good, plain=plain)))


def test_a_text_of_two_encodings_is_refused_without_a_command_that_would_spoil_the_rest(tmp_path):
    path = written(tmp_path / "t.txt", bad=50, good=50)

    with pytest.raises(DataError, match="50 of 100 lines that are not plain ASCII are not UTF-8, the first") as caught:
        list(read_text_lines(path, setting="encoding"))
    assert str(caught.value).endswith('mend them, or set encoding = "utf-8" for it to drop them')
    assert sum(line.had_invalid_bytes for line in read_text_lines(path, encoding="utf-8")) == 50


@pytest.mark.parametrize(("language", "encoding"), [*BYTES_OF_LETTERS, ("ja", "iso2022_jp")])
@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_a_text_is_read_in_a_given_encoding(tmp_path, language, encoding, line_end):
    text = TEXTS[language] * 3
    (tmp_path / "t.txt").write_bytes(text.replace("\n", line_end).encode(encoding))

    lines = list(read_text_lines(tmp_path / "t.txt", encoding=encoding))
    assert [line.text for line in lines] == text.split("\n")[:-1]
    assert not any(line.had_invalid_bytes for line in lines)


@pytest.mark.parametrize("encoding", [*WIDE, "utf-16", "utf-8-sig", "utf-8"])
def test_a_given_encoding_may_be_a_wide_one_and_only_a_line_feed_ends_a_line(tmp_path, encoding):
    texts = ["un\rdeux", "trois\u2028quatre", "\u0a0a\u000b\u0085", "", "cinq"]
    (tmp_path / "t.txt").write_bytes("\n".join(texts).encode(encoding))

    assert [line.text for line in read_text_lines(tmp_path / "t.txt", encoding=encoding)] == texts


def test_a_wrong_encoding_is_refused(tmp_path):
    (tmp_path / "t.txt").write_bytes((TEXTS["fr"] * 3).encode())

    with pytest.raises(DataError, match=r"t\.txt is UTF-8, not cp1252; take encoding"):
        list(read_text_lines(tmp_path / "t.txt", encoding="cp1252"))
    (tmp_path / "t.txt").write_bytes((TEXTS["fr"] * 3).encode("cp1252"))
    with pytest.raises(DataError, match=r"t\.txt is not euc_jp: 9 of 9 lines that are not plain ASCII are not; name"):
        list(read_text_lines(tmp_path / "t.txt", encoding="euc_jp"))
