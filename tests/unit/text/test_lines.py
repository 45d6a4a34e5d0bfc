import bz2
import gzip
import importlib
import io
import lzma
import os
import re
import sys
import threading
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from transformer_cli.errors import DataError
from transformer_cli.files.packed import open_text_input
from transformer_cli.text.lines import Line, decode_line, read_lines, read_text_lines

PYTHON_HAS_ZSTD = sys.version_info >= (3, 14)
INNER_BREAKS = "\r\v\f\x1c\x1d\x1e\x85\u2028\u2029\0"


def texts(content: bytes) -> list[str]:
    return [line.text for line in read_lines(io.BytesIO(content))]


# Lines


@settings(deadline=None)  # the machine may be busy
@given(st.binary())
@example(b"")
@example(b"\n")
@example(b"\n\n\r\n\r")
@example(b"\xff\xfe\n\x00\xed\xa0\x80")
def test_any_bytes_hold_as_many_lines_as_line_feeds_and_an_unfinished_last_one(content):
    expected = content.count(b"\n") + (content != b"" and not content.endswith(b"\n"))
    assert [line.number for line in read_lines(io.BytesIO(content))] == list(range(1, expected + 1))


@settings(deadline=None)
@given(st.lists(st.text(st.characters(exclude_characters="\n", exclude_categories=["Cs"]))))
def test_text_comes_back_as_it_was_written(lines):
    # Excepted: what the line end and the byte order mark take away.
    lines = [line.rstrip("\r").lstrip("\ufeff") for line in lines]
    content = "".join(f"{line}\n" for line in lines).encode()
    assert list(read_lines(io.BytesIO(content))) == [
        Line(number, line, had_invalid_bytes=False) for number, line in enumerate(lines, start=1)
    ]


@pytest.mark.parametrize("character", INNER_BREAKS, ids=ascii)
def test_only_a_line_feed_ends_a_line(character):
    assert texts(f"a{character}b\nc\n".encode()) == [f"a{character}b", "c"]


def test_one_carriage_return_before_the_line_feed_belongs_to_the_line_end():
    assert texts(b"a\r\nb\r\r\nc\r") == ["a", "b\r", "c\r"]


def test_a_byte_order_mark_is_dropped_from_the_first_line_alone():
    assert texts(b"\xef\xbb\xbfa\n\xef\xbb\xbfb\n") == ["a", "\ufeffb"]


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        (b"caf\xe9!\n", "caf\ufffd!"),
        (b"\xff\xff", "\ufffd\ufffd"),
        (b"cut \xe2\x82\n", "cut \ufffd"),
    ],
)
def test_bytes_that_are_not_utf8_become_replacement_characters_and_are_reported(raw, text):
    assert decode_line(raw, 7) == Line(7, text, had_invalid_bytes=True)


def test_a_replacement_character_in_the_input_is_not_taken_for_invalid_bytes():
    assert decode_line("\ufffd".encode(), 1) == Line(1, "\ufffd", had_invalid_bytes=False)


def test_a_line_from_a_slow_pipe_comes_out_before_the_next_one_is_written():
    reading, writing = os.pipe()
    watchdog = threading.Timer(20, os.close, [writing])  # ends the input, so that a failure ends
    with os.fdopen(reading, "rb") as stream:
        lines = read_lines(stream)
        for text in ("first", "second"):
            os.write(writing, f"{text}\nunfin".encode())
            if text == "first":
                watchdog.start()
                assert next(lines).text == "first"
            else:
                assert next(lines).text == "unfinsecond"
        assert watchdog.is_alive()
        watchdog.cancel()
        os.close(writing)
        assert [line.text for line in lines] == ["unfin"]


# Files


@pytest.mark.parametrize(
    ("suffix", "pack"),
    [
        ("", bytes),
        (".txt", bytes),
        (".gz", gzip.compress),
        (".GZ", gzip.compress),
        (".bz2", bz2.compress),
        (".xz", lzma.compress),
    ],
)
def test_a_file_is_unpacked_by_its_suffix(tmp_path, suffix, pack):
    path = tmp_path / f"corpus{suffix}"
    path.write_bytes(pack("été\r\n\nlast".encode()))
    assert [line.text for line in read_text_lines(path)] == ["été", "", "last"]
    with open_text_input(path) as stream:
        assert stream.read() == "été\r\n\nlast".encode()


@pytest.mark.parametrize(("suffix", "pack"), [(".gz", gzip.compress), (".xz", lzma.compress)])
def test_two_packed_parts_in_one_file_are_read_as_one(tmp_path, suffix, pack):
    path = tmp_path / f"corpus{suffix}"
    path.write_bytes(pack(b"one\n") + pack(b"two\n"))
    assert [line.text for line in read_text_lines(path)] == ["one", "two"]


def zst_frame(content: bytes) -> bytes:
    """RFC 8878: magic, single-segment header with a one-byte size, one raw last block."""
    block_header = (1 | len(content) << 3).to_bytes(3, "little")
    return b"\x28\xb5\x2f\xfd\x20" + bytes([len(content)]) + block_header + content


def test_a_zst_file_is_read_where_python_can_and_else_the_missing_package_is_named(tmp_path):
    path = tmp_path / "corpus.zst"
    path.write_bytes(zst_frame(b"one\n") + zst_frame(b"two\n"))
    try:
        importlib.import_module("compression.zstd" if PYTHON_HAS_ZSTD else "backports.zstd")
    except ImportError:
        with pytest.raises(DataError, match=r"pip install backports\.zstd"):
            list(read_text_lines(path))
    else:
        assert [line.text for line in read_text_lines(path)] == ["one", "two"]
        path.write_bytes(zst_frame(b"one\n")[:-1])
        with pytest.raises(DataError, match="cut short"):
            list(read_text_lines(path))


def test_an_empty_file_has_no_lines(tmp_path):
    path = tmp_path / "empty.txt"
    path.touch()
    assert list(read_text_lines(path)) == []


@pytest.mark.parametrize(
    ("suffix", "pack"),
    [(".gz", gzip.compress), (".bz2", bz2.compress), (".xz", lzma.compress)],
)
@pytest.mark.parametrize("keep", [0.0, 0.3, 0.9], ids="keep {}".format)
def test_a_packed_file_that_is_cut_short_is_an_error_that_names_the_last_good_line(tmp_path, suffix, pack, keep):
    lines = [f"{number * 7919 % 10007} is line {number}\n" for number in range(1, 20_000)]
    packed = pack("".join(lines).encode())
    path = tmp_path / f"train.en{suffix}"
    path.write_bytes(packed[: int(keep * len(packed))])
    read = 0

    def read_all() -> None:
        nonlocal read
        for line in read_text_lines(path):
            read += 1
            assert f"{line.text}\n" == lines[read - 1]

    with pytest.raises(DataError, match=re.escape(f"{path} is cut short or damaged")) as caught:
        read_all()
    assert f"after line {read};" in str(caught.value)
    assert read < len(lines)
    if suffix == ".gz" and keep:
        assert read > 0


@pytest.mark.parametrize("suffix", [".gz", ".bz2", ".xz"])
def test_plain_text_under_a_packed_name_is_an_error_that_says_how_to_rename_it(tmp_path, suffix):
    path = tmp_path / f"plain{suffix}"
    path.write_bytes(b"just text, and enough of it\n" * 9)
    with pytest.raises(DataError, match=f"take {suffix} off its name"):
        list(read_text_lines(path))


def test_a_flipped_byte_in_a_gz_file_is_an_error(tmp_path):
    path = tmp_path / "flipped.gz"
    packed = bytearray(gzip.compress(b"".join(b"line %d\n" % n for n in range(1000))))
    packed[len(packed) // 2] ^= 0xFF
    path.write_bytes(packed)
    with pytest.raises(DataError, match="damaged"):
        list(read_text_lines(path))


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"])
@pytest.mark.parametrize("packed", [False, True], ids=["plain", "gz"])
def test_utf16_and_utf32_are_named_with_the_command_that_converts_them(tmp_path, encoding, packed):
    content = "\ufeffhello\nworld\n".encode(encoding)
    path = tmp_path / ("wide.gz" if packed else "wide.txt")
    path.write_bytes(gzip.compress(content) if packed else content)
    name = encoding[:6].upper()
    with pytest.raises(DataError, match=f"{name}, not UTF-8; .* iconv -f {name} -t UTF-8"):
        list(read_text_lines(path))


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"])
def test_utf16_and_utf32_without_a_mark_are_told_by_their_zeros(tmp_path, encoding):
    path = tmp_path / "wide.txt"
    path.write_bytes("hello\nworld\n".encode(encoding))
    name = encoding.upper().replace("-", "", 2).replace("UTF", "UTF-")
    with pytest.raises(DataError, match=f" is {name}, not UTF-8; .* iconv -f {name} -t UTF-8"):
        list(read_text_lines(path))


@pytest.mark.parametrize("packed", [False, True], ids=["plain", "gz"])
@pytest.mark.parametrize("order", ["le", "be"])
@pytest.mark.parametrize("encoding", ["utf-16", "utf-32"])
def test_utf16_and_utf32_are_read_under_their_names_without_a_mark(tmp_path, encoding, order, packed):
    content = "un thé\nお茶\n".encode(f"{encoding}-{order}")
    path = tmp_path / ("wide.gz" if packed else "wide.txt")
    path.write_bytes(gzip.compress(content) if packed else content)
    assert [line.text for line in read_text_lines(path, encoding=encoding)] == ["un thé", "お茶"]


@pytest.mark.parametrize("encoding", ["utf-16", "utf-32"])
def test_a_text_that_is_not_in_the_named_encoding_of_wide_letters_is_an_error(tmp_path, encoding):
    path = tmp_path / "narrow.txt"
    path.write_bytes(b"a text\n" * 20)
    with pytest.raises(DataError, match=f"narrow.txt has no byte order mark, which {encoding} needs; set encoding = "):
        list(read_text_lines(path, encoding=encoding))
    path.write_bytes(b"")
    assert list(read_text_lines(path, encoding=encoding)) == []


@pytest.mark.parametrize("suffix", [".txt", ".gz", ".bz2", ".xz"])
def test_a_missing_file_is_an_error_with_its_path_and_a_way_out(tmp_path, suffix):
    path = tmp_path / f"missing{suffix}"
    with pytest.raises(DataError) as caught:
        open_text_input(path)
    assert str(caught.value) == (
        f"cannot read {path}: no such file or directory; check the path, and that its folder exists"
    )


@pytest.mark.parametrize("suffix", ["", ".gz", ".bz2", ".xz"])
def test_a_folder_is_not_read_as_a_file(tmp_path, suffix):
    path = tmp_path / f"folder{suffix}"
    path.mkdir()
    with pytest.raises(DataError, match="is a directory; name a file, not a folder"):
        list(read_text_lines(path))


def test_a_disk_that_fails_while_reading_is_an_error_with_the_reason():
    # A process may open its own memory, but reading it at address 0 is an input/output error.
    with pytest.raises(DataError, match="cannot read /proc/self/mem: input/output error; check"):
        list(read_text_lines(Path("/proc/self/mem")))
