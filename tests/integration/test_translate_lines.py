from __future__ import annotations

import codecs
import gzip
import io
import os
import re
import shutil
import threading
import tracemalloc
from collections.abc import Iterator
from itertools import accumulate
from pathlib import Path
from typing import Any, BinaryIO

import pytest
import sentencepiece
import torch
from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st
from safetensors.torch import load_file, save_file

from tests.support.command_line import finish, killed_if_it_hangs, run_here, run_process, start
from tests.support.hostile_lines import BLANK_NUMBERS, INVALID_NUMBERS, LINES, TEXT
from tests.support.toy_corpus import pairs
from transformer_cli.artifacts.model_directory import open_model
from transformer_cli.config import DecodingConfig
from transformer_cli.data.tokens.tokenizer import Tokenizer
from transformer_cli.decoding.line_translator import LineTranslator
from transformer_cli.decoding.pytorch.torch_engine import TorchEngine
from transformer_cli.errors import DataError
from transformer_cli.text.encodings import wide_without_mark
from transformer_cli.text.lines import Line, decode_line
from transformer_cli.workflows.translate.line_chunks import read_chunks
from transformer_cli.workflows.translate.settings import TranslationSettings
from transformer_cli.workflows.translate.translate import translate

# What the toy model has learned, and what leaves it at a loss, so that the search matters.
SENTENCES = [sentence for source, _ in pairs()[:20] for sentence in (source, source[::-1])]
SMALL_INPUT = "".join(f"{sentence}\n" for sentence in SENTENCES).encode()
STEERS_A_TERMINAL = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")


def number_of_lines(data: bytes) -> int:
    return data.count(b"\n") + (data != b"" and not data.endswith(b"\n"))


def reference_lines(data: bytes) -> list[Line]:
    """What the lines of ``data`` are, computed at once."""
    raw = data.split(b"\n")
    ended = [line + b"\n" for line in raw[:-1]] + ([raw[-1]] if raw[-1] else [])
    return [decode_line(line, number) for number, line in enumerate(ended, start=1)]


def translate_bytes(data: bytes, model: Path, **given: Any) -> bytes:
    """Translate in this process, without the command line."""
    out = bytearray()
    translate(io.BytesIO(data), out.extend, model=model, settings=TranslationSettings(**given))
    return bytes(out)


# Lines in, lines out


@pytest.fixture(scope="module", params=["torch", "ctranslate2"])
def engine(request):
    return request.param


@pytest.fixture(scope="module")
def hostile(toy, engine):
    arguments = ("translate", "--model", toy.run, "--engine", engine)
    if engine == "torch":
        return run_here(*arguments, stdin=TEXT)
    return run_process(*arguments, cwd=toy.folder, stdin=TEXT)  # which starts sooner


def test_fifty_hostile_lines_give_fifty_lines(hostile):
    assert len(LINES) == number_of_lines(TEXT) == 50
    assert hostile.code == 0, hostile.stderr
    assert hostile.stdout.count(b"\n") == 50
    assert hostile.stdout.endswith(b"\n")


def test_no_line_of_the_output_holds_what_another_reader_takes_for_a_line_end(hostile):
    text = hostile.stdout.decode()
    assert text.splitlines() == text.split("\n")[:-1]


def test_hostile_lines_come_out_in_their_order(hostile, toy, engine):
    together = hostile.stdout.split(b"\n")[:-1]
    short = [number for number, line in enumerate(LINES) if len(line) < 1000]
    assert len(short) == 48

    # After a blank line, for the first line may begin with a byte order mark, which is no part of it.
    alone = [translate_bytes(b"\n" + LINES[number] + b"\n", toy.model, engine=engine) for number in short]
    assert [b"\n" + together[number] + b"\n" for number in short] == alone
    assert len(set(alone)) > 20


def test_blank_lines_stay_blank(hostile):
    lines = hostile.stdout.split(b"\n")
    assert {number: lines[number - 1] for number in BLANK_NUMBERS} == dict.fromkeys(BLANK_NUMBERS, b"")


def test_each_line_that_is_not_utf8_is_warned_of_by_number_and_nothing_else_is(hostile):
    warnings = hostile.stderr.splitlines()
    assert [int(re.findall(r"^warning: line (\d+) .*not UTF-8", line)[0]) for line in warnings] == [*INVALID_NUMBERS]


def test_nothing_that_steers_a_terminal_comes_out(hostile):
    assert not STEERS_A_TERMINAL.search(hostile.stdout.decode())
    assert not STEERS_A_TERMINAL.search(hostile.stderr)


@pytest.mark.parametrize("byte", [0x00, 0x07, 0x09, 0x0A, 0x0D, 0x1B, 0x7F], ids=hex)
def test_not_even_a_model_that_spells_controls_puts_one_out(byte, toy, tmp_path):
    folder = toy.copy_to(tmp_path / "copy") / toy.model.relative_to(toy.folder)
    speak_only(folder, byte)

    finished = run_here("translate", "--model", folder, "--engine", "torch", stdin=b"le chat\nle chien\n")
    assert (finished.code, finished.stdout, finished.stderr) == (0, b"\n\n", "")


def speak_only(folder: Path, byte: int) -> None:
    """Change a model so that it says one byte again and again, whatever it reads."""
    weights = load_file(folder / "model.safetensors")
    token = sentencepiece.SentencePieceProcessor(str(folder / "tokenizer.model")).piece_to_id(f"<0x{byte:02X}>")
    # What the decoder comes to is always the first axis, on which that byte alone is positive.
    weights["decoder_norm.weight"].zero_()
    weights["decoder_norm.bias"].zero_()[0] = 1.0
    embedding = weights["source_embedding.table.weight"]
    embedding[:, 0] = -100.0
    embedding[token, 0] = 100.0
    save_file(weights, folder / "model.safetensors")
    assert Tokenizer.load(folder / "tokenizer.model").decode([token]) == chr(byte)


def test_empty_input_gives_empty_output(toy):
    finished = run_here("translate", "--model", toy.run)
    assert (finished.code, finished.stdout, finished.stderr) == (0, b"", "")


TEXTS = st.text(max_size=30).map(lambda text: text.encode("utf-8", "surrogatepass"))
SEVERAL_SENTENCES = st.lists(
    st.sampled_from(
        [
            "Ab. ",
            "c? ",
            "\u3002",
            "\u0964 ",
            "\u2026",
            "12. ",
            "\xab Ab! \xbb",
            "\r",
            "\u2028",
            "\x85",
            "\t",
            "\0",
            "\n",
        ]
    ),
    max_size=12,
).map(lambda parts: "".join(parts).encode())


@settings(deadline=None, max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.binary(max_size=60) | TEXTS | SEVERAL_SENTENCES, split=st.sampled_from(["auto", "always"]))
@example(data=b"\n\n\r\n\r", split="auto")
@example(data=b"\xef\xbb\xbf\xef\xbb\xbf\n\xff", split="auto")
@example(data="Ab.\r\u2028Ab.\n Ab.\x85 Ab? ".encode(), split="always")
def test_any_bytes_give_as_many_lines_as_they_have(data, split, toy, engine):
    out = translate_bytes(data, toy.model, engine=engine, split_sentences=split)
    assert out.count(b"\n") == number_of_lines(data)
    assert len(out.decode().splitlines()) == number_of_lines(data)


# Windows

ANY_BYTES = st.binary(max_size=200) | st.lists(st.sampled_from([b"a", b"\n", b"\r\n", b"\xff", b"\r"])).map(b"".join)
WIDE_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE, codecs.BOM_UTF32_BE)


@settings(deadline=None)
@given(data=ANY_BYTES)
def test_chunks_hold_the_lines_of_a_stream_in_memory(data):
    assume(not data.startswith(WIDE_MARKS))
    windows = list(read_chunks(io.BytesIO(data)))
    assert [line for window in windows for line in window] == reference_lines(data)
    assert all(windows)


@settings(deadline=None, max_examples=50)
@given(chunks=st.lists(ANY_BYTES, max_size=6))
def test_chunks_hold_the_lines_of_a_pipe_however_they_are_cut_into_writes(chunks):
    assume(not b"".join(chunks).startswith(WIDE_MARKS))
    assume(not any(map(wide_without_mark, accumulate(chunks))))  # which is refused; how much comes first is chance
    reading, writing = os.pipe()
    feeder = threading.Thread(target=feed, args=(writing, chunks))
    with os.fdopen(reading, "rb") as stream:
        feeder.start()
        windows = list(read_chunks(stream))
        feeder.join()
    assert [line for window in windows for line in window] == reference_lines(b"".join(chunks))
    assert all(windows)


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"])
@pytest.mark.parametrize("size", [1, 2, 3, 7, 10_000])
def test_wide_text_with_a_mark_has_the_lines_it_has_in_utf8(encoding, size):
    text = "\ufeffun\r\n\u0a0a\u0d0a\u2028😀\n\nété"
    data = text.encode(encoding)
    reading, writing = os.pipe()
    feeder = threading.Thread(target=feed, args=(writing, [data[i : i + size] for i in range(0, len(data), size)]))
    with os.fdopen(reading, "rb") as stream:
        feeder.start()
        lines = [line for window in read_chunks(stream) for line in window]
        feeder.join()

    assert lines == reference_lines(text.encode())
    assert [line for window in read_chunks(io.BytesIO(data)) for line in window] == lines


def test_a_broken_letter_of_wide_text_is_warned_of_as_any_other():
    data = "\ufeffun\ndeux\n".encode("utf-16-le") + b"\x00\xd8" + "trois\n".encode("utf-16-le") + b"q"

    lines = [line for window in read_chunks(io.BytesIO(data)) for line in window]
    assert [line.had_invalid_bytes for line in lines] == [False, False, True, True]


def test_wide_text_without_a_mark_is_refused_with_the_command_that_converts_it(tmp_path):
    path = tmp_path / "t.txt"
    path.write_bytes("le chat\nle chien\n".encode("utf-16-le"))

    message = f"t.txt is UTF-16LE, not UTF-8; convert it with: iconv -f UTF-16LE -t UTF-8 {path}"
    with path.open("rb") as stream, pytest.raises(DataError, match=re.escape(message)):
        list(read_chunks(stream))


def test_text_in_an_older_encoding_is_translated_with_a_warning_that_names_it(messages):
    data = "déjà vu\nthé\n".encode("cp1252") * 3 + b"plain\n"

    assert len([line for window in read_chunks(io.BytesIO(data)) for line in window]) == 7
    assert messages.texts == [
        "stdin is probably WINDOWS-1252, not UTF-8; convert it with: iconv -f WINDOWS-1252 -t UTF-8"
    ]


def feed(descriptor: int, chunks: list[bytes]) -> None:
    for chunk in chunks:
        os.write(descriptor, chunk)
    os.close(descriptor)


def test_a_pipe_that_gives_nothing_yet_is_waited_for_even_if_it_was_opened_not_to_wait():
    reading, writing = os.pipe()
    os.set_blocking(reading, False)
    later = threading.Timer(0.1, feed, (writing, [b"late\n"]))
    with os.fdopen(reading, "rb") as stream:
        later.start()
        assert [line.text for window in read_chunks(stream) for line in window] == ["late"]


class Endless(io.RawIOBase):
    """Gives the same bytes again and again."""

    def __init__(self, content: bytes) -> None:
        self._content = content

    def readable(self) -> bool:
        return True

    def readinto(self, target: Any) -> int:
        target[:] = (self._content * (1 + len(target) // len(self._content)))[: len(target)]
        return len(target)


def endless(content: bytes) -> BinaryIO:
    return io.BufferedReader(Endless(content))


@pytest.mark.parametrize("line", [b"\n", b"a\n", b"le chat voit une pomme ici.\n", b"x" * 5000 + b"\n"])
def test_chunks_of_endless_input_are_bounded(line):
    windows: Iterator[list[Line]] = read_chunks(endless(line))
    for _ in range(3):
        window = next(windows)
        assert len(window) <= 4000
        assert sum(len(line.text) for line in window) < 1_200_000


def test_a_line_without_end_is_refused_before_it_fills_the_memory():
    tracemalloc.start()
    try:
        with pytest.raises(DataError, match="line 2 is longer than 16 MiB"):
            list(read_chunks(io.BufferedReader(LineAndThenZeros(b"\0"))))
        assert tracemalloc.get_traced_memory()[1] < 100 << 20
    finally:
        tracemalloc.stop()


class LineAndThenZeros(Endless):
    """A line end, then none any more."""

    def readinto(self, target: Any) -> int:
        if self._content == b"\0":
            self._content = b"\0\0"
            target[:2] = b"a\n"
            return 2
        return super().readinto(target)


# Where lines come from and go to


@pytest.fixture(scope="module")
def plain(toy):
    return translate_bytes(SMALL_INPUT, toy.model)


def test_the_toy_model_says_different_things(plain):
    assert len(set(plain.splitlines())) > 10  # else the tests of order and of options here would prove little


def test_output_is_packed_if_its_name_says_so(toy, plain, tmp_path):
    finished = run_here("translate", "-m", toy.run, "-o", tmp_path / "out.txt.gz", stdin=SMALL_INPUT)

    assert (finished.code, finished.stdout) == (0, b"")
    assert gzip.decompress((tmp_path / "out.txt.gz").read_bytes()) == plain


@pytest.mark.parametrize("name", ["input.txt", "input.txt.gz", "input.bz2", "-"])
def test_input_comes_from_stdin_or_a_file_packed_or_not(name, toy, plain, tmp_path):
    opener = {"input.txt.gz": gzip.compress, "input.bz2": __import__("bz2").compress}.get(name, lambda data: data)
    file = name if name == "-" else tmp_path / name
    if name != "-":
        (tmp_path / name).write_bytes(opener(SMALL_INPUT))

    finished = run_here("translate", file, "--model", toy.run, stdin=SMALL_INPUT)
    assert (finished.code, finished.stdout, finished.stderr) == (0, plain, "")


def test_output_goes_to_a_file_and_then_not_to_stdout(toy, plain, tmp_path):
    finished = run_here("translate", "-m", toy.run, "-o", tmp_path / "out", stdin=SMALL_INPUT)

    assert (finished.code, finished.stdout, finished.stderr) == (0, b"", "")
    assert (tmp_path / "out").read_bytes() == plain
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_a_failure_after_the_first_chunk_leaves_the_old_output_file(toy, tmp_path):
    (tmp_path / "out").write_text("old")
    source = b"\n" * 5000 + b"\xff\n"

    finished = run_here("translate", "--strict", "-m", toy.run, "-o", tmp_path / "out", stdin=source)
    assert finished.code == 65
    assert "line 5001 " in finished.error
    assert [path.name for path in tmp_path.iterdir()] == ["out"]
    assert (tmp_path / "out").read_text() == "old"


def test_a_packed_file_that_is_cut_short_is_reported_with_the_line(toy, plain, tmp_path):
    packed = gzip.compress(SMALL_INPUT, mtime=0)
    (tmp_path / "cut.gz").write_bytes(packed[: len(packed) // 2])

    finished = run_here("translate", tmp_path / "cut.gz", "-m", toy.run)
    assert finished.code == 65
    whole = int(re.findall(r"cut short or damaged after line (\d+);", finished.error)[0])
    assert 0 < whole < len(SENTENCES)
    assert plain.startswith(finished.stdout)


def test_a_line_comes_out_while_the_pipe_stays_open_and_closing_it_ends_quietly(toy):
    process = start("translate", "-m", toy.run, cwd=toy.folder, bufsize=0)
    with killed_if_it_hangs(process):
        for sentence in SENTENCES[:3]:
            process.stdin.write(f"{sentence}\n".encode())
            assert process.stdout.readline() == translate_bytes(sentence.encode(), toy.model)
    process.stdin.write(b"unfinished")

    finished = finish(process)
    assert (finished.code, finished.stderr) == (0, "")
    assert finished.stdout == translate_bytes(b"unfinished", toy.model)


def test_a_reader_that_goes_away_ends_it_without_a_word(toy, tmp_path):
    (tmp_path / "long").write_bytes(SMALL_INPUT + b"\n" * 200_000)
    process = start("translate", tmp_path / "long", "-m", toy.run, cwd=toy.folder)

    with process:
        first = process.stdout.readline()
        process.stdout.close()
        stderr = process.stderr.read()
    assert (process.returncode, stderr) == (0, b"")
    assert first == translate_bytes(SENTENCES[0].encode(), toy.model)


# Options


@pytest.fixture(scope="module")
def unsure(toy, tmp_path_factory):
    """The toy model with its probabilities made nearly equal, so that the search decides what it says."""
    folder = shutil.copytree(toy.model, tmp_path_factory.mktemp("unsure") / "model")
    weights = load_file(folder / "model.safetensors")
    for name in ("weight", "bias"):
        weights[f"decoder_norm.{name}"] *= 0.3
    save_file(weights, folder / "model.safetensors")
    return folder


def expected(model: Path, lines: list[str], **changes: Any) -> list[str]:
    """Translate by the library, with other search settings than the model's own."""
    loaded = open_model(model, torch.device("cpu"))
    config = DecodingConfig(**{**loaded.decoding.model_dump(), **changes})
    found = LineTranslator(TorchEngine(loaded.model, config), loaded.tokenizers).translate(lines)
    return [translation.text for translation in found]


@pytest.mark.parametrize(
    ("option", "field", "value"),
    [("--beam-size", "beam_size", 1), ("--beam-size", "beam_size", 7), ("--length-penalty", "length_penalty", -4.0)],
)
def test_search_options_replace_the_settings_of_the_model(option, field, value, unsure):
    finished = run_here("translate", "-m", unsure, option, value, stdin=SMALL_INPUT)

    assert finished.code == 0
    assert finished.stdout.decode().splitlines() == expected(unsure, SENTENCES, **{field: value})
    assert finished.stdout != translate_bytes(SMALL_INPUT, unsure)


@pytest.mark.parametrize("batch_tokens", [16, 200, 100_000])
def test_batches_of_any_size_give_the_same_text_as_each_line_alone(batch_tokens, toy, plain):
    finished = run_here("translate", "-m", toy.run, "--batch-tokens", batch_tokens, stdin=SMALL_INPUT)

    assert finished.stdout == plain
    assert plain == b"".join(translate_bytes(sentence.encode(), toy.model) for sentence in SENTENCES)


def test_the_number_of_threads_can_be_chosen(toy):
    plain = translate_bytes(SMALL_INPUT, toy.model, engine="torch")
    before = torch.get_num_threads()
    try:
        finished = run_here("translate", "-m", toy.run, "--engine", "torch", "--threads", before + 2, stdin=SMALL_INPUT)
        assert torch.get_num_threads() == before + 2
    finally:
        torch.set_num_threads(before)
    assert finished.stdout == plain


LONG = " ".join(source.removesuffix(".") for source, _ in pairs()[:40])


def test_an_overlong_line_is_translated_whole_unless_told_otherwise(toy):
    finished = run_here("translate", "-m", toy.run, stdin=f"{LONG}\n".encode())

    assert (finished.code, finished.stderr) == (0, "")
    assert finished.stdout.count(b"the ") > 5


def test_cut_translates_the_beginning_of_an_overlong_line_and_warns(toy):
    source = f"{SENTENCES[0]}\n{LONG}\n".encode()

    finished = run_here("translate", "-m", toy.run, "--on-overlong", "cut", stdin=source)
    assert finished.code == 0
    assert finished.stderr == "warning: line 2 is cut to the first 31 tokens\n"
    first, second = finished.stdout.splitlines(keepends=True)
    assert first == translate_bytes(SENTENCES[0].encode(), toy.model)
    tokenizer = Tokenizer.load(toy.model / "tokenizer.model")
    assert second == translate_bytes(tokenizer.decode(tokenizer.encode(LONG)[:31]).encode(), toy.model)


def test_fail_stops_at_an_overlong_line_and_names_it(toy):
    source = f"{SENTENCES[0]}\n{LONG}\n".encode()

    finished = run_here("translate", "-m", toy.run, "--on-overlong", "fail", stdin=source)
    assert (finished.code, finished.stdout) == (65, b"")
    assert "line 2 is longer than the 31 tokens" in finished.error


def test_strict_stops_at_bytes_that_are_not_utf8_and_names_the_line(toy):
    finished = run_here("translate", "-m", toy.run, "--strict", stdin=TEXT)

    assert (finished.code, finished.stdout) == (65, b"")
    assert f"line {INVALID_NUMBERS[0]} has bytes that are not UTF-8" in finished.error


# Models


@pytest.mark.parametrize("form", ["run", "model"])
@pytest.mark.parametrize("way", ["option", "environment"])
def test_a_model_is_named_by_its_folder_or_by_its_run_directory(form, way, toy, plain, tmp_path, monkeypatch):
    folder = str(getattr(toy, form))
    monkeypatch.chdir(tmp_path)
    if way == "environment":
        monkeypatch.setenv("TFM_MODEL", folder)

    finished = run_here("translate", *(["--model", folder] if way == "option" else []), stdin=SMALL_INPUT)
    assert (finished.code, finished.stdout) == (0, plain)


@pytest.mark.parametrize("has_recipe", [True, False])
def test_without_a_name_the_live_model_of_the_recipe_here_or_the_only_one_is_taken(
    has_recipe, toy, plain, tmp_path, monkeypatch
):
    folder = toy.copy_to(tmp_path / "copy")
    monkeypatch.chdir(folder)
    if not has_recipe:
        (folder / "tfm.toml").unlink()

    finished = run_here("translate", stdin=SMALL_INPUT)
    assert (finished.code, finished.stdout, finished.stderr) == (0, plain, "")


def test_the_model_of_the_recipe_here_comes_before_others(toy, plain, tmp_path, monkeypatch):
    folder = toy.copy_to(tmp_path / "copy")
    (folder / "runs" / "aaa").symlink_to("toy")
    monkeypatch.chdir(folder)

    assert run_here("translate", stdin=SMALL_INPUT).stdout == plain
    (folder / "tfm.toml").unlink()
    finished = run_here("translate", stdin=SMALL_INPUT)
    assert finished.code == 1
    assert "several models are here: runs/aaa, runs/toy; choose one with --model" in finished.error
