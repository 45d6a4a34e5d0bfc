from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from tests.support.command_line import environment, run_here
from transformer_cli import Translator

SENTENCE = "le chat voit une pomme ici."


@pytest.fixture(autouse=True)
def _in_a_folder_of_its_own(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def document(*arguments: object, stdin: bytes = b""):
    finished = run_here("inspect", *arguments, "--json", stdin=stdin)
    assert (finished.code, finished.stderr) == (0, "")
    return json.loads(finished.stdout)


def test_a_page_is_written_and_its_path_is_the_only_thing_said(toy, tmp_path):
    finished = run_here("inspect", SENTENCE, "--model", toy.model, "-o", "page.html")

    assert (finished.code, finished.stdout, finished.stderr) == (0, b"page.html\n", "")
    assert SENTENCE in (tmp_path / "page.html").read_text(encoding="utf-8")
    assert [path.name for path in tmp_path.iterdir()] == ["page.html"]


def test_left_alone_it_writes_a_page_of_the_sentence_on_stdin(toy, tmp_path):
    finished = run_here("inspect", "-m", toy.run, stdin=f"{SENTENCE}\n".encode())

    assert (finished.code, finished.stdout) == (0, b"inspection.html\n")
    assert SENTENCE in (tmp_path / "inspection.html").read_text(encoding="utf-8")


def test_the_data_are_those_of_the_translation(toy, tmp_path):
    (translation,) = Translator.load(toy.model, engine="torch").translate_detailed([SENTENCE])

    found = document(SENTENCE, "-m", toy.model)

    assert found["target"]["text"] == found["search"]["text"] == translation.text
    assert found["search"]["score"] == pytest.approx(translation.score, abs=1e-6)
    assert found["search"]["beam_size"] == 2
    assert list(tmp_path.iterdir()) == []


def test_a_recipe_names_the_model_as_in_train(toy, tmp_path, monkeypatch):
    monkeypatch.chdir(toy.copy_to(tmp_path))
    named, other = (run_here("inspect", "le chat dort.", *words, "--json") for words in (["tfm.toml"], ["-m", toy.run]))

    assert (named.code, named.stdout) == (0, other.stdout)
    both = run_here("inspect", "le chat dort.", "tfm.toml", "-m", toy.run)
    assert both.code == 2
    assert "a recipe and --model name two models; give one of them" in both.error


def test_the_search_can_be_another_than_the_model_s_own(toy):
    found = document(SENTENCE, "-m", toy.model, "--beam-size", 1, "--length-penalty", 0, "--candidates", 3)

    assert (found["search"]["beam_size"], found["search"]["length_penalty"]) == (1, 0)
    assert found["search"]["score"] == pytest.approx(found["search"]["log_prob"])
    assert {len(step["candidates"]) for step in found["steps"]} == {3}


def test_a_given_translation_is_looked_at(toy):
    found = document(SENTENCE, "-m", toy.model, "--target", "the  dog")

    assert found["is_forced"]
    assert found["target"]["text"] == "the dog"


def test_pictures_are_written_as_files(toy, tmp_path):
    finished = run_here("inspect", "le chat", "-m", toy.model, "--svg", "pictures", "-o", "page.html")

    paths = finished.stdout.decode().split()
    assert "pictures/alignment.svg" in paths
    assert paths[-1] == "page.html"
    assert {path for path in tmp_path.rglob("*") if path.is_file()} == {tmp_path / path for path in paths}


@pytest.mark.parametrize("columns", [80, 120])
def test_in_a_terminal_it_is_drawn_within_its_width_and_without_color_where_there_is_none(toy, columns, monkeypatch):
    monkeypatch.setenv("COLUMNS", str(columns))

    finished = run_here("inspect", SENTENCE, "-m", toy.model, "--terminal", "--target", "the cat [red]sees[/] :smile:")

    text = finished.stdout.decode()
    assert finished.code == 0
    assert "\x1b" not in text
    assert max(map(len, text.splitlines())) <= columns
    assert "[red]" in text
    assert ":smile:" in text
    assert all(part in text for part in ("Alignment", "Steps", "Beam"))


def test_a_long_sentence_is_drawn_in_several_blocks_of_80_columns(toy, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")

    finished = run_here("inspect", "a b c d e f g h i j k l m n", "-m", toy.model, "--terminal")

    lines = finished.stdout.decode().splitlines()
    assert max(map(len, lines)) <= 80
    assert sum(line.startswith(" " * 15) and "a" in line.split() for line in lines) == 1
    assert sum(line.startswith(" " * 15) and "n" in line.split() for line in lines) == 1


@pytest.mark.parametrize(
    ("arguments", "stdin", "code", "message"),
    [
        (["  "], b"", 65, "the sentence is blank"),
        (["le chat", "--target", "\t"], b"", 65, "the target is blank"),
        (["le chat " * 40], b"", 65, "at most 31 at once"),
        (["le chat", "--target", "the cat " * 40], b"", 65, "at most 31 at once"),
        ([], b"one\ntwo\n", 65, "stdin has 2 lines"),
        ([], b"", 65, "stdin has 0 lines"),
        (["le chat", "--terminal", "--json"], b"", 2, "both want stdout"),
        (["le chat", "--length-penalty", "99"], b"", 2, "length_penalty is 99"),
        (["le chat", "-o", "nowhere/page.html"], b"", 1, "nowhere"),
        (["le chat", "--device", "abacus"], b"", 2, "abacus"),
    ],
)
def test_what_cannot_be_done_is_said_in_one_line(toy, arguments, stdin, code, message):
    finished = run_here("inspect", "-m", toy.model, *arguments, stdin=stdin)

    assert (finished.code, finished.stdout) == (code, b"")
    assert message in finished.error


@pytest.mark.parametrize(
    ("arguments", "stdin", "name"),
    [
        ([os.fsdecode(b"le ch\xe9t")], b"", "sentence"),
        ([], b"le ch\xe9t\n", "sentence"),
        (["le chat", "--target", os.fsdecode(b"the c\xe9t")], b"", "target"),
    ],
)
def test_bytes_that_are_not_utf8_are_replaced_with_a_warning(toy, arguments, stdin, name):
    finished = run_here("inspect", "-m", toy.model, *arguments, "--json", stdin=stdin)

    assert finished.code == 0
    assert finished.stderr.splitlines() == [f"warning: the {name} has bytes that are not UTF-8; they became U+FFFD"]
    assert json.loads(finished.stdout)


def test_a_model_that_is_not_there_or_not_whole_is_said_in_one_line(toy, tmp_path):
    folder = toy.copy_to(tmp_path / "copy") / "runs" / "toy" / "versions" / "0001"
    (folder / "model.safetensors").write_bytes(b"short")

    assert "nowhere" in run_here("inspect", "le chat", "-m", "nowhere").error
    assert "model.safetensors" in run_here("inspect", "le chat", "-m", folder).error


def test_drawing_libraries_are_imported_only_where_they_draw(toy, tmp_path):
    """Translating and printing data import neither the templates' library nor the plots'."""
    code = """
import sys
from transformer_cli.cli import app
print(app.run(["inspect", "le chat", "-m", sys.argv[1], "--json"]), file=sys.stderr)
print(app.run(["translate", "-m", sys.argv[1]]), file=sys.stderr)
print(*sorted({"jinja2", "matplotlib"} & set(sys.modules)), file=sys.stderr)
"""
    finished = subprocess.run(
        [sys.executable, "-c", code, str(toy.model)],
        cwd=tmp_path,
        env=environment(),
        input="le chat\n",
        capture_output=True,
        text=True,
        check=True,
    )
    assert finished.stderr == "0\n0\n\n"


def test_nothing_of_a_page_is_left_where_the_disk_is_full(toy):
    finished = run_here("inspect", "le chat", "-m", toy.model, "-o", "/dev/full")

    assert finished.code == 1
    assert "no space left" in finished.error
