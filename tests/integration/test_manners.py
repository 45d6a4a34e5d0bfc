"""How it behaves towards terminals, log files, pipes and people who want it quiet."""

from __future__ import annotations

import io
import os
import re
import subprocess
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.support.command_line import COMMAND, Finished, environment, run_here, run_process
from tests.support.toy_corpus import pairs, write_corpus, write_toy
from transformer_cli.recipe import find_recipe, load_recipe

DATE = r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d "
COLOUR = re.compile(r"\x1b\[(?:\d+;)*(?:3|4|9|10)\d[;m]")
MARKUP = "[bold red]le chat[/] :smile: [/] [link=x]"


@pytest.fixture
def copy(toy: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A current folder with a trained model in it."""
    folder: Path = toy.copy_to(tmp_path)
    monkeypatch.chdir(folder)
    return folder


def on_terminal(action: Callable[[Any], Finished]) -> tuple[Finished, str]:
    """Call ``action`` with a terminal for stderr; return its result and what the terminal was sent."""
    master, slave = os.openpty()
    received = bytearray()

    def receive() -> None:
        # When the other end is closed Linux says so with an error.
        try:
            while data := os.read(master, 65536):
                received.extend(data)
        except OSError:
            pass

    receiver = threading.Thread(target=receive)
    receiver.start()
    with io.TextIOWrapper(os.fdopen(slave, "wb", buffering=0), encoding="utf-8", write_through=True) as terminal:
        finished = action(terminal)
    receiver.join()
    os.close(master)
    return finished, received.decode()


# Log files


def test_a_training_without_a_terminal_writes_plain_dated_lines_and_nothing_to_stdout(toy):
    assert toy.trained.stdout == toy.written_by_libraries == b""
    assert [line for line in toy.trained.stderr.splitlines() if not re.match(DATE, line)] == []
    assert "\x1b" not in toy.trained.stderr


def test_a_training_tells_what_it_does(toy):
    for words in (
        "reading toy.{lang}",
        "prepared 176 training pairs, 8 to validate, 8 to test",
        "learning a tokenizer",
        "parameters",
        "step 20: ",
        "validation at step 60: loss ",
        "    source       ",
        "    translation  ",
        "training ended at step 60: training.max_steps reached",
        "learned fr to en from 176 pairs: ",
        "version 0001 is live after 60 steps",
        "next: tfm translate --model runs/toy < input.txt > output.txt",
    ):
        assert words in toy.trained.stderr


def test_the_recipe_is_printed_with_every_value_and_nothing_is_done(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_toy(tmp_path)

    finished = run_here("train", "--print-recipe", "--set", "training.r_drop=2.5")

    assert (finished.code, finished.stderr) == (0, "")
    assert not (tmp_path / "runs").exists()
    (tmp_path / "printed.toml").write_bytes(finished.stdout.replace(b"r_drop = 2.5\n", b""))
    printed, given = (load_recipe(find_recipe(str(tmp_path / name))) for name in ("printed.toml", "tfm.toml"))
    assert printed == given
    assert b"adam_epsilon = 1e-09\n" in finished.stdout


def test_quiet_leaves_nothing_but_warnings(copy):
    (copy / "bad").write_bytes(b"le chat\n\xff\n")

    finished = run_here("translate", "bad", "--quiet")
    assert (finished.code, finished.stderr) == (0, "warning: line 2 has bytes that are not UTF-8; they became U+FFFD\n")


def test_quiet_trains_without_a_word(copy):
    finished = run_here("train", "-q", "--set", "training.max_steps=61")
    assert (finished.code, finished.stdout, finished.stderr) == (0, b"", "")


def test_quiet_still_reports_errors(copy):
    finished = run_here("train", "-q", "nowhere")
    assert finished.error.startswith("there is no recipe")


def test_verbose_tells_more(copy):
    command = ["prepare", "--set", "data.valid=9"]
    plain, verbose = run_here(*command), run_here(*command[:2], "data.valid=10", "-v")

    assert "tfm 0" not in plain.stderr
    assert re.search(rf"^{DATE}tfm \d\S+, Python 3", verbose.stderr)
    assert "toy.{lang}: 192 pairs read, 174 kept, 18 held_out" in verbose.stderr


def test_verbose_shows_every_update(copy):
    finished = run_here("train", "-v", "--set", "training.max_steps=62")
    updates = re.findall(rf"^{DATE}step (\d+): loss ", finished.stderr, flags=re.MULTILINE)
    assert updates == ["61", "62"]


def test_verbose_translation_says_with_what_and_how_much(copy):
    finished = run_here("translate", "-v", stdin=b"le chat\n\n")

    assert finished.stdout.count(b"\n") == 2
    assert "translating with" in finished.stderr
    assert "2 lines translated" in finished.stderr


def test_the_phrasebook_that_steps_in_is_mentioned_once(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "in-the-way").write_text("")

    finished = run_here("prepare", "--run-dir", "in-the-way")
    assert finished.stderr.count("using the embedded phrasebook, French to English") == 1


# Terminals


@pytest.fixture
def with_markup(copy: Path) -> Path:
    """A validation set whose sentences look like instructions to whoever draws them."""
    write_corpus(copy, "valid", [(f"{MARKUP} \x1b[31m {source}", f"[red]{target}") for source, target in pairs()[:3]])
    return copy


TRAIN = (
    "train",
    *("--set", "data.valid=valid.{lang}"),
    *("--set", "training.max_steps=5"),
    *("--set", "training.validate_every=5"),
    *("--set", "training.log_every=1"),
    # What five steps come to may be better or worse, and is to be promoted all the same.
    *("--set", "release.tolerance=100"),
    *("--set", "release.significance=1e-9"),
)


def test_a_terminal_shows_a_live_picture_and_takes_nothing_in_the_data_for_markup(with_markup):
    finished, seen = on_terminal(lambda terminal: run_here(*TRAIN, stderr=terminal))

    assert (finished.code, finished.stdout) == (0, b"")
    assert "\x1b[?25l" in seen  # the cursor is hidden while a line is drawn again and again
    lines = re.split(r"[\r\n]+", COLOUR.sub("", seen))
    for pattern in (
        r"step \d, epoch \d: loss \d\.\d+, [\d,]+ tokens/s, rate \d\.\d+, gradient \d",
        r"steps .*━.* \d of 5 .*\d+:\d\d left",
        r"patience .*━.* [01] of 10 validations .*\d+:\d\d left unless one is better",
        r"best so far: loss \d\.\d+, BLEU \d+\.\d+ at step \d",
    ):
        assert any(re.search(pattern, line) for line in lines), pattern
    assert f"source       {MARKUP} [31m le" in seen
    assert "reference    [red]the" in seen
    assert not re.search(DATE, seen)
    assert COLOUR.search(seen)


def test_no_color_takes_the_colours_from_the_terminal(with_markup, monkeypatch):
    monkeypatch.setenv("NO_COLOR", "1")
    _, seen = on_terminal(lambda terminal: run_here(*TRAIN, stderr=terminal))

    assert re.search(r"step \d.*loss ", seen)
    assert not COLOUR.search(seen)


def test_a_dumb_terminal_gets_the_lines_of_a_log_file(with_markup, monkeypatch):
    monkeypatch.setenv("TERM", "dumb")
    _, seen = on_terminal(lambda terminal: run_here(*TRAIN, stderr=terminal))

    assert "\x1b" not in seen
    assert all(re.match(DATE, line) for line in seen.splitlines())
    assert f"source       {MARKUP}" in seen


def test_quiet_leaves_the_terminal_alone(with_markup):
    assert on_terminal(lambda terminal: run_here(*TRAIN, "--quiet", stderr=terminal))[1] == ""


def test_a_translation_counts_its_lines_on_a_terminal_that_does_not_show_them(copy):
    finished, seen = on_terminal(lambda terminal: run_here("translate", stdin=b"le chat\n\xff\n", stderr=terminal))

    assert finished.stdout.count(b"\n") == 2
    assert "2 lines" in seen
    assert seen.count("warning: line 2 has bytes that are not UTF-8") == 1


def test_a_warning_shows_what_it_quotes_with_controls_made_visible(copy):
    name = "a\x1b[2Jb\nc"
    finished, seen = on_terminal(lambda terminal: run_here("translate", name, stderr=terminal))

    assert finished.code == 65
    assert "a\\x1b[2Jb\\nc" in seen


# Streams that are not there


def test_closed_standard_streams_do_no_harm(toy, tmp_path):
    finished = run_process("translate", "toy.fr", "-o", tmp_path / "out", cwd=toy.folder, close_streams=True)

    assert finished.code == 0
    assert (tmp_path / "out").read_bytes().count(b"\n") == len(pairs())


@pytest.mark.parametrize("arguments", ["translate toy.fr", "score toy.en toy.en --bootstrap 0", "versions -d runs/toy"])
def test_what_is_lost_because_stdout_is_closed_is_an_error(arguments, toy):
    command = ["sh", "-c", 'exec "$@" >&-', "sh", *COMMAND, *arguments.split()]
    finished = subprocess.run(command, cwd=toy.folder, env=environment(), stderr=subprocess.PIPE, text=True)

    assert finished.returncode == 1
    assert finished.stderr.splitlines()[-1] == "error: cannot write stdout: bad file descriptor"


@pytest.mark.parametrize("arguments", ["--help", "score toy.en toy.en --bootstrap 0 --no-ter", "versions -d runs/toy"])
def test_a_reader_of_stdout_that_has_gone_is_no_failure(arguments, toy):
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "wb") as pipe:
        finished = run_process(*arguments.split(), cwd=toy.folder, stdout=pipe)
    assert (finished.code, finished.stderr) == (0, "")


@pytest.mark.parametrize("name", ["-", ""])
@pytest.mark.parametrize(
    "arguments",
    [
        *("inspect x -o", "inspect x --svg", "inspect x --png", "report -o", "export --to ctranslate2 -o"),
        *("init a.tsv --from fr --to en -o", "prepare --rejected"),
    ],
)
def test_a_page_is_not_written_into_a_file_that_looks_like_stdout(arguments, name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    finished = run_here(*arguments.split(), name)

    assert finished.code == 2
    assert f'"{name}" names no file' in finished.error
    assert not list(tmp_path.iterdir())


def test_stdin_that_is_closed_is_empty(toy):
    finished = run_process("score", "toy.en", cwd=toy.folder, close_streams=True)
    assert finished.code == 65


@pytest.mark.parametrize("encoding", ["latin-1", "utf-16"])
def test_help_is_printed_in_any_encoding(encoding, tmp_path):
    finished = run_process("--help", cwd=tmp_path, env={"PYTHONIOENCODING": encoding})

    assert (finished.code, finished.stderr) == (0, "")
    assert "Je suis " in finished.stdout.decode(encoding)


def test_a_recipe_and_a_run_directory_may_lie_elsewhere_and_have_odd_names(tmp_path, monkeypatch):
    odd = tmp_path / "élan [red] :smile:"
    odd.mkdir()
    write_toy(odd)
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    monkeypatch.setenv("TFM_RUN_DIR", str(tmp_path / "run [/]"))

    finished = run_here("prepare", odd / "tfm.toml")
    assert (finished.code, finished.stdout) == (0, b"")
    assert (tmp_path / "run [/]" / "prepare.json").is_file()
    assert [*(tmp_path / "elsewhere").iterdir()] == []
