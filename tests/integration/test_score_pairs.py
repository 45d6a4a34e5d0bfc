"""``tfm score --model SOURCE TARGET``: each pair as the model sees it."""

from __future__ import annotations

import json
import math
import os
from pathlib import Path

import pytest

from tests.support.command_line import run_here
from tests.support.toy_corpus import pairs

SOURCES = [source for source, _ in pairs()[:5]]


@pytest.fixture
def files(tmp_path):
    def write(sources: list[str], targets: list[str]) -> tuple[str, str]:
        for name, lines in (("s.fr", sources), ("t.en", targets)):
            (tmp_path / name).write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
        return str(tmp_path / "s.fr"), str(tmp_path / "t.en")

    return write


def score(toy, *arguments: object) -> list[list[float]]:
    finished = run_here("score", "--model", toy.run, *arguments)
    assert (finished.code, finished.stderr) == (0, "")
    return [[float(cell) for cell in line.split("\t")] for line in finished.stdout.decode().splitlines()]


def test_a_translation_scores_what_translating_said_of_it(toy, files):
    stdin = "".join(f"{line}\n" for line in SOURCES).encode()
    found = run_here("translate", "-m", toy.run, "--engine", "torch", "--format", "jsonl", stdin=stdin)
    entries = [json.loads(line) for line in found.stdout.splitlines()]

    scores = score(toy, *files(SOURCES, [entry["translation"] for entry in entries]))

    for (log_prob, perplexity, tokens), entry in zip(scores, entries, strict=True):
        assert log_prob == pytest.approx(entry["log_prob"], rel=1e-3)
        assert tokens == len(entry["tokens"]) + 1
        assert perplexity == pytest.approx(math.exp(-log_prob / tokens), rel=1e-4)


def test_a_right_translation_scores_better_than_a_wrong_one_whatever_the_order(toy, files):
    right = [target for _, target in pairs()[:5]]
    good, bad = score(toy, *files(SOURCES, right)), score(toy, *files(SOURCES, right[1:] + right[:1]))

    assert all(a[1] < b[1] for a, b in zip(good, bad, strict=True))
    assert score(toy, *files(SOURCES[::-1], right[::-1])) == [pytest.approx(row, rel=1e-4) for row in good[::-1]]


def test_json_has_an_object_a_line_and_null_for_a_pair_too_long(toy, files):
    finished = run_here("score", "--json", "-m", toy.run, *files(["le chat", ""], ["the cat " * 40, ""]))

    long, blank = map(json.loads, finished.stdout.splitlines())
    assert (long["log_prob"], long["perplexity"]) == (None, None)
    assert blank["tokens"] == 1
    assert finished.stderr == "warning: line 1 is longer than the 31 tokens that the model takes; it is not scored\n"


@pytest.mark.parametrize(("sources", "targets"), [(["a", "b", "c"], ["a"]), (["a"], ["a", "b", "c"])])
def test_files_that_do_not_align_are_refused(sources, targets, toy, files):
    finished = run_here("score", "-m", toy.run, *files(sources, targets))
    assert finished.code == 65
    assert "has 2 lines fewer than" in finished.error


def test_the_target_may_come_from_a_pipe(toy, files):
    source, target = files(SOURCES, [target for _, target in pairs()[:5]])
    reading, writing = os.pipe()
    os.write(writing, Path(target).read_bytes())
    os.close(writing)
    stdin = os.dup(0)
    try:
        os.dup2(reading, 0)
        piped = run_here("score", "-m", toy.run, source, "-")
    finally:
        os.dup2(stdin, 0)
        for descriptor in (stdin, reading):
            os.close(descriptor)
    assert piped == run_here("score", "-m", toy.run, source, target)
    assert piped.stdout.count(b"\n") == 5


@pytest.mark.parametrize(
    "option", ["--reference t.en", "--language en", "--tokenize char", "--lowercase", "--bootstrap 1000", "--ter"]
)
def test_options_for_scores_of_translations_are_refused(option, toy, files):
    finished = run_here("score", "-m", toy.run, *option.split(), *files(["a"], ["b"]))
    assert (finished.code, finished.stdout) == (2, b"")
    assert f"{option.split()[0]} is for translations" in finished.error


def test_one_file_is_not_enough(toy, files):
    finished = run_here("score", "-m", toy.run, files(["a"], ["b"])[0])
    assert finished.code == 2
    assert "SOURCE TARGET" in finished.error
