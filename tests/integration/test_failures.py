"""Whatever a newcomer does wrong ends in one line that says what it was, and in the documented exit code."""

from __future__ import annotations

import io
import json
import os
import re
import resource
import shutil
import signal
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from tests.support.command_line import Finished, finish, run_here, run_process, start, wait_for
from tests.support.hostile_machine import disk_full_after
from tests.support.small_runs import UNTIL_STOPPED
from tests.support.toy_corpus import pairs, write_corpus, write_toy
from transformer_cli.cli import signals


def assert_fails(finished: Finished, code: int, *fragments: str) -> None:
    """Assert that a command failed as it should: one error line, last of all, and no product."""
    assert (finished.code, finished.stdout) == (code, b""), finished.stderr
    message = finished.error
    assert [fragment for fragment in fragments if fragment not in message] == [], message
    assert message[:1] == message[:1].lower()
    assert "\\n" not in message  # a line feed made visible: it was written as more than one line


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A current folder with recipe and corpus in which nothing was done yet."""
    write_toy(tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def copy(toy: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A current folder with a trained model in it."""
    folder: Path = toy.copy_to(tmp_path)
    monkeypatch.chdir(folder)
    return folder


SHORT = ("--set", "training.max_steps=5", "--set", "training.validate_every=5")


# Arguments


@pytest.mark.parametrize(
    ("arguments", "fragments"),
    [
        ("nope", ["no such command 'nope'"]),
        ("trian", ["no such command 'trian'; did you mean 'train'?"]),
        ("--nope", ["no such option: --nope"]),
        ("train --nope", ["no such option: --nope", "--help"]),
        ("translate --beam 2", ["no such option: --beam", "--beam-size"]),
        ("translate --beam-size", ["'--beam-size' requires an argument"]),
        ("translate --beam-size two", ["'--beam-size'", "integer"]),
        ("translate --beam-size 0", ["'--beam-size'", "greater than or equal to 1"]),
        ("translate --threads 100000", ["'--threads'"]),
        ("translate --on-overlong drop", ["'--on-overlong'", "split", "cut", "fail"]),
        ("translate one two", ["extra argument", "two"]),
        ("train one two", ["extra argument", "two"]),
        ("export", ["missing option '--to'; choose from ctranslate2, huggingface, argos; --help"]),
        (
            "export --to onnx",
            ["invalid value for '--to': 'onnx' is not one of 'ctranslate2', 'huggingface', 'argos'; "],
        ),
        ("score", ["missing argument 'REFERENCE'"]),
        (f"versions promote {'9' * 5000}", ["promote takes the number of a version"]),
        (f"init toy.fr --from fr --to en -o new.toml --test {'9' * 5000}", ["name a corpus, or a number of pairs"]),
        ("score toy.fr toy.en --bootstrap -1", ["'--bootstrap'"]),
        ("score toy.fr toy.en --bootstrap 1", ["1 bootstrap resamples"]),
        ("score toy.fr toy.en --tokenize moses", ['unknown tokenizer "moses"', "13a"]),
    ],
)
def test_wrong_arguments_exit_with_2(arguments, fragments, here):
    assert_fails(run_here(*arguments.split()), 2, *fragments)


@pytest.mark.parametrize(
    ("option", "value", "fragment"),
    [
        ("--device", "cuda", "--device cuda: there is no such device here"),
        ("--device", "cuda:7", "--device cuda:7: there is no such device here"),
        ("--device", "toaster", "--device toaster: there is no such device here"),
        ("--device", "meta", "--device meta: there is no such device here"),
        ("--length-penalty", "nan", "length_penalty"),
        ("--length-penalty", "-11", "length_penalty is -11.0"),
    ],
)
def test_a_setting_that_this_machine_or_model_cannot_take_exits_with_2(option, value, fragment, toy):
    assert_fails(run_here("translate", "-m", toy.run, option, value, stdin=b"le chat\n"), 2, fragment)


# Recipes


@pytest.mark.parametrize("command", ["prepare", "train-tokenizer", "train"])
@pytest.mark.parametrize(
    ("recipe", "fragment"),
    [
        ("nowhere", 'there is no recipe "nowhere"; give a .toml file, or one that ships: multi30k-en-de, '),
        ("nowhere.toml", 'there is no recipe "nowhere.toml"'),
        ("folder", '"folder" is not a file; give a recipe'),
        ("toy.fr", "toy.fr: is not valid TOML: "),
    ],
)
def test_a_recipe_that_is_none_exits_with_2(command, recipe, fragment, here):
    (here / "folder").mkdir()
    assert_fails(run_here(command, recipe), 2, fragment)


@pytest.mark.parametrize(
    ("old", "new", "fragment"),
    [
        ("num_heads", "n_heads", 'tfm.toml: unknown key "model.n_heads"; did you mean "model.num_heads"?'),
        ("[model]", "[modle]", 'tfm.toml: unknown key "modle"; did you mean "model"?'),
        ("num_heads = 2", 'num_heads = "2"', 'tfm.toml: "model.num_heads" is "2"; input should be a valid integer'),
        ("num_heads = 2", "num_heads = 3", "d_model (16) must be divisible by num_heads (3)"),
        ("vocab_size = 400", "vocab_size = 200", '"tokenizer.vocab_size" is 200'),
        ('train = "toy.{lang}"', "", '"data.train" is missing'),
        ('"toy.{lang}"', '"toy.pdf"', 'cannot tell what "toy.pdf" is'),
        ('target = "en"', 'target = "fr"', "both 'fr'"),
        ("[model]", "[model", "tfm.toml: is not valid TOML: "),
        ('name = "toy"', 'name = "../toy"', '"name" is "../toy"'),
    ],
)
def test_a_mistake_in_a_recipe_exits_with_2_and_names_file_and_key(old, new, fragment, here):
    text = (here / "tfm.toml").read_text()
    assert old in text
    (here / "tfm.toml").write_text(text.replace(old, new, 1))
    assert_fails(run_here("train"), 2, fragment)


@pytest.mark.parametrize(
    ("override", "fragment"),
    [
        ("nonsense", "--set nonsense: write it as section.key=value"),
        ("model.n_heads=3", '--set model.n_heads=3: unknown key "model.n_heads"; did you mean "model.num_heads"?'),
        ("training.max_steps=many", '--set training.max_steps=many: "training.max_steps" is "many"'),
        ("data.train=[]", '"data.train" is []; it must name something'),
        ("model=3", '"model" must be a section'),
        ("name.x=3", '"name" is not a section'),
    ],
)
def test_a_wrong_override_exits_with_2_and_is_quoted(override, fragment, here):
    assert_fails(run_here("train", "--set", override), 2, fragment)


def test_a_device_that_is_not_here_exits_with_2(here):
    assert_fails(run_here("train", "--device", "cuda"), 2, "--device cuda: there is no such device here")
    assert not (here / "runs").exists()  # found before anything is prepared


def test_a_working_directory_that_was_removed_exits_with_1(tmp_path, monkeypatch):
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()

    assert_fails(run_here("versions"), 1, "the working directory has been removed; change to one that exists (cd)")


# Data


def empty(folder: Path) -> None:
    write_corpus(folder, "toy", [])


def all_blank(folder: Path) -> None:
    write_corpus(folder, "toy", [("", " ")] * 50)


def misaligned(folder: Path) -> None:
    (folder / "toy.en").write_text("".join(f"{target}\n" for _, target in pairs()[:100]))


def missing(folder: Path) -> None:
    (folder / "toy.en").unlink()


def too_few(folder: Path) -> None:
    write_corpus(folder, "toy", pairs()[:16])


def utf16(folder: Path) -> None:
    (folder / "toy.en").write_text("".join(f"{target}\n" for _, target in pairs()), encoding="utf-16")


def a_folder(folder: Path) -> None:
    (folder / "toy.en").unlink()
    (folder / "toy.en").mkdir()


@pytest.mark.parametrize(
    ("spoil", "fragments"),
    [
        (empty, ["no training pairs are left of toy.{lang}: the files are empty"]),
        (all_blank, ["no training pairs are left of toy.{lang}", "dropped 50 empty"]),
        (misaligned, ["toy.fr has 192 lines but toy.en has 100; the two must align"]),
        (missing, ["toy.en is not there", '"toy.{lang}"']),
        (too_few, ["cannot hold out data.valid = 8 and data.test = 8 of 16 usable pairs"]),
        (utf16, ["toy.en is UTF-16, not UTF-8; convert it with: iconv"]),
        (a_folder, ["toy.en is not a file"]),
    ],
)
def test_a_corpus_that_cannot_be_used_exits_with_65(spoil, fragments, here):
    spoil(here)
    for command in ("prepare", "train"):
        assert_fails(run_here(command), 65, *fragments)


def test_a_vocabulary_too_large_for_the_corpus_is_lowered_with_a_warning(here):
    finished = run_here("train-tokenizer", "--set", "tokenizer.vocab_size=5000")

    assert finished.code == 0
    assert "warning: the corpus is too small for tokenizer.vocab_size = 5000; it carries" in finished.stderr


def test_data_that_failed_leaves_the_prepared_data_and_the_model_as_they_were(copy):
    def contents() -> dict[Path, bytes]:
        files = (path for path in copy.glob("runs/toy/**/*") if path.is_file() and path.suffix != ".log")
        return {path: path.read_bytes() for path in files}

    before = contents()
    (copy / "toy.en").write_text("one line\n")

    assert_fails(run_here("train"), 65, "must align")
    assert contents() == before


@pytest.mark.parametrize("name", ["absent.txt", "folder"])
def test_a_file_to_translate_that_is_none_exits_with_65(name, copy):
    (copy / "folder").mkdir()
    assert_fails(run_here("translate", name), 65, f"cannot read {name}: ")


# Models


@pytest.mark.parametrize(
    ("arguments", "fragment"),
    [
        ("", "no model yet: looked for runs/toy/model and for runs/*/model; run `tfm train` first"),
        ("--model nowhere", "the model nowhere is not there"),
        ("--model toy.fr", "the model toy.fr is not a folder"),
        ("--model .", "there is no model in .: "),
    ],
)
def test_no_model_exits_with_1_and_says_what_to_run(arguments, fragment, here):
    assert_fails(run_here("translate", *arguments.split()), 1, fragment)


def remove(path: Path) -> None:
    path.unlink()


def cut_short(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def make_empty(path: Path) -> None:
    path.write_bytes(b"")


def fill_with_text(path: Path) -> None:
    path.write_text("not what it should be\n" * 100)


def make_a_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


@pytest.mark.parametrize("is_live", [True, False], ids=["live", "by-option"])
@pytest.mark.parametrize("name", ["config.json", "model.safetensors", "tokenizer.model"])
@pytest.mark.parametrize("damage", [remove, cut_short, make_empty, fill_with_text, make_a_folder])
def test_a_damaged_model_exits_with_1_and_names_the_file(damage, name, is_live, copy):
    folder = copy / "runs" / "toy" / "versions" / "0001"
    damage(folder / name)

    finished = run_here("translate", *([] if is_live else ["--model", folder]), stdin=b"le chat\n")
    assert_fails(finished, 1, str(folder / name), "run `tfm train`")


def test_another_models_tokenizer_is_noticed(copy):
    other = copy / "runs" / "other"
    assert run_here("train-tokenizer", "-d", other, "--set", "tokenizer.vocab_size=410").code == 0
    shutil.copy(other / "tokenizer.model", copy / "runs/toy/versions/0001/tokenizer.model")

    assert_fails(run_here("translate", stdin=b"le chat\n"), 1, "is not the tokenizer that this model was trained with")


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("format", 99),
        ("model", {"d_model": "wide"}),
        ("model", None),
        ("decoding", {"beam_size": 0}),
        ("languages", {"source": "fr"}),
        ("vocab_size", 401),
    ],
)
def test_a_configuration_that_makes_no_sense_is_noticed(key, value, copy):
    path = copy / "runs/toy/versions/0001/config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), key: value}))
    assert_fails(run_here("translate", stdin=b"le chat\n"), 1, "runs/toy/versions/0001")


def test_a_live_link_to_nowhere_is_noticed(copy):
    shutil.rmtree(copy / "runs/toy/versions/0001")
    assert_fails(run_here("translate", "--model", "runs/toy"), 1, "runs/toy: version 0001, which is to be live, is not")


# The disk


@pytest.mark.parametrize("room", [0, 1_000, 20_000, 60_000])
def test_a_full_disk_at_any_moment_of_a_training_exits_with_1_and_harms_nothing(room, here):
    command = ["train", *SHORT]
    with disk_full_after(room):
        assert_fails(run_here(*command), 1, "cannot write ")

    assert [*here.rglob("*.tfm-tmp")] == []
    again = run_here(*command)
    assert (again.code, again.stdout) == (0, b""), again.stderr
    assert run_here("translate", stdin=b"le chat\n").stdout.count(b"\n") == 1


def test_a_full_disk_leaves_the_old_output_file(copy):
    (copy / "out").write_text("old")
    with disk_full_after(5):
        finished = run_here("translate", "toy.fr", "-o", "out")

    assert_fails(finished, 1, "cannot write out: ")
    assert (copy / "out").read_text() == "old"
    assert [*copy.glob(".out*")] == []


@pytest.mark.parametrize(
    ("output", "fragment"),
    [
        ("/dev/full", "cannot write /dev/full: no space left on device"),
        ("missing/out", "cannot write missing/out: no such file or directory"),
        ("toy.fr/out", "cannot write toy.fr/out: not a directory"),
        (".", "cannot write .: is a directory"),
    ],
)
def test_output_that_cannot_be_written_exits_with_1(output, fragment, copy):
    assert_fails(run_here("translate", "toy.fr", "-o", output), 1, fragment)


@pytest.mark.parametrize("arguments", ["translate toy.fr", "score toy.en toy.en"])
def test_stdout_that_is_full_exits_with_1(arguments, toy):
    with Path("/dev/full").open("wb") as full:
        finished = run_process(*arguments.split(), cwd=toy.folder, stdout=full)
    assert_fails(finished, 1, "cannot write stdout: no space left on device")
    assert finished.stderr.count("\n") == 1


@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_a_disk_that_fills_up_in_the_middle_of_stdout_exits_with_1(unbuffered, toy, tmp_path):
    def fill_up() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (2000, resource.getrlimit(resource.RLIMIT_FSIZE)[1]))

    with (tmp_path / "out").open("wb") as out:
        finished = run_process(
            "translate",
            cwd=toy.folder,
            stdin=b"1234567\n" * 1000,
            env={"PYTHONUNBUFFERED": unbuffered},
            stdout=out,
            preexec_fn=fill_up,
        )

    assert_fails(finished, 1, "cannot write stdout: file too large")
    assert (tmp_path / "out").stat().st_size == 2000


@pytest.mark.parametrize("command", ["prepare", "train-tokenizer", "train"])
@pytest.mark.parametrize("place", ["toy.fr", "toy.fr/run", "/proc/run"])
def test_a_run_directory_that_cannot_be_made_exits_with_1(place, command, here):
    assert_fails(run_here(command, "--run-dir", place), 1, f"cannot write {place}: ")


@pytest.mark.parametrize("name", ["data", "versions", "checkpoints", "metrics.jsonl", "tokenizer.model"])
def test_a_run_directory_with_something_else_in_a_place_it_needs_exits_with_1(name, here):
    run = here / "runs" / "toy"
    run.mkdir(parents=True)
    if name in {"metrics.jsonl", "tokenizer.model"}:
        (run / name).mkdir()
    else:
        (run / name).write_text("mine")
    assert_fails(run_here("train", *SHORT), 1, f"runs/toy/{name}")


# More memory than a process can address


def test_a_model_too_large_for_the_memory_exits_with_1_and_says_what_to_lower(here):
    assert_fails(run_here("train", "--set", "model.d_ff=20000000000000"), 1, "out of memory; lower ")


def test_a_search_wider_than_any_use_is_refused_before_it_fills_the_memory(toy):
    finished = run_here("translate", "-m", toy.run, "--beam-size", 10**15, stdin=b"le chat\n")
    assert_fails(finished, 2, "less than or equal to 1000")


# Signals and locks


@pytest.fixture
def large(here: Path) -> Path:
    """A current folder with a corpus that takes some time to read."""
    lines = [(f"{source} {n}", f"{target} {n}") for n in range(1000) for source, target in pairs()]
    write_corpus(here, "large", lines)
    return here


def start_to_prepare(folder: Path) -> Any:
    process = start("prepare", "--set", "data.train=large.{lang}", cwd=folder)
    wait_for(process, b"reading large.{lang}")
    return process


def test_ctrl_c_while_data_are_prepared_exits_with_130(large):
    process = start_to_prepare(large)
    process.send_signal(signal.SIGINT)

    assert_fails(finish(process), 130, "interrupted")
    assert not (large / "runs/toy/prepare.json").exists()


def test_a_lock_whose_holder_was_killed_is_no_lock(large):
    process = start_to_prepare(large)
    assert_fails(run_here("prepare"), 75, f"process {process.pid} on ")
    process.kill()
    finish(process)

    assert run_here("prepare").code == 0


def test_ctrl_c_during_training_saves_and_who_comes_meanwhile_exits_with_75_or_waits(copy):
    process = start("train", *UNTIL_STOPPED, "--set", "training.validate_every=20", cwd=copy)
    wait_for(process, b"step 80: ")  # it goes on after the sixty that the model was trained for
    for command in ("prepare", "train-tokenizer", "train"):
        assert_fails(run_here(command), 75, f"runs/toy is in use by process {process.pid} on ", "--wait")
    began = time.monotonic()
    threading.Timer(0.5, process.send_signal, [signal.SIGINT]).start()
    assert run_here("prepare", "--wait").code == 0
    assert time.monotonic() - began > 0.5

    assert_training_was_saved(finish(process), 130, copy)
    assert run_here("translate", stdin=b"le chat\n").code == 0


class TerminatingAtStep80(io.StringIO):
    """Sends this process a signal when a training says that it has come so far."""

    def write(self, text: str) -> int:
        if "step 80: " in text:
            os.kill(os.getpid(), signal.SIGTERM)
        return super().write(text)


def test_a_request_to_end_during_training_saves(copy, monkeypatch):
    monkeypatch.setattr(signals.REQUEST, "signal_number", None)
    before = signal.signal(signal.SIGTERM, signals._on_signal)
    stderr = TerminatingAtStep80()
    try:
        finished = run_here("train", "--set", "training.max_steps=200", "--set", "training.patience=200", stderr=stderr)
    finally:
        signal.signal(signal.SIGTERM, before)

    assert_training_was_saved(Finished(finished.code, finished.stdout, stderr.getvalue()), 143, copy)


def assert_training_was_saved(finished: Finished, code: int, folder: Path) -> None:
    assert_fails(finished, code, "which is saved; the same command goes on from there")
    step = int(re.findall(r"stopped at step (\d+)", finished.error)[0])
    assert (folder / f"runs/toy/checkpoints/step-{step:08d}").is_dir()


def test_ctrl_c_during_translation_exits_with_130(toy):
    process = start("translate", cwd=toy.folder, bufsize=0)
    process.stdin.write(b"le chat\n")
    assert process.stdout.readline()
    process.send_signal(signal.SIGINT)

    assert_fails(finish(process), 130, "interrupted")


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGKILL, -9)])
def test_an_end_at_any_moment_leaves_the_old_output_file(number, code, copy):
    (copy / "out").write_text("old")
    process = start("translate", "-o", "out", "--verbose", cwd=copy)
    wait_for(process, b"translating with")
    process.send_signal(number)

    finished = finish(process)
    assert finished.code == code
    assert (copy / "out").read_text() == "old"
    if number is not signal.SIGKILL:
        assert_fails(finished, code, "terminated")
        assert [*copy.glob(".out*")] == []
