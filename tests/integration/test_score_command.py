from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tests.support.command_line import run_here, run_process

REFERENCE = [
    "The cat sits on the mat and looks at the door.",
    "A small dog runs over the wide green field.",
    "Two women are talking in front of a red house.",
    "He reads the newspaper every morning before work.",
] * 3
GOOD = [line.replace("small", "little").replace("talking", "speaking") for line in REFERENCE]
BAD = [" ".join(reversed(line.split())) for line in REFERENCE]


@pytest.fixture(autouse=True)
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A current folder with a reference and hypotheses of different quality."""
    for name, lines in (("ref", REFERENCE), ("good", GOOD), ("bad", BAD), ("same", REFERENCE)):
        (tmp_path / name).write_text("".join(f"{line}\n" for line in lines))
    (tmp_path / "none").write_text("")
    (tmp_path / "marked").write_text('<refset setid="t"><doc docid="d">\n<seg id="1">A cat.</seg>\n')
    (tmp_path / "few").write_text("one line\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path


ROW = re.compile(
    r"(BLEU|chrF2|TER) +(\d+\.\d\d)  \[(-?\d+\.\d\d), (-?\d+\.\d\d)\](?:  p = (\d\.\d{4}))?  (nrefs:1\|\S+)"
)


def table(text: bytes) -> list[tuple[str | None, ...]]:
    """Read the rows of the table: name, score, low, high, p-value, signature."""
    lines = text.decode().splitlines()
    return [match.groups() for line in lines if (match := ROW.fullmatch(line))]


def test_the_table_gives_each_score_its_interval_and_signature(files):
    finished = run_here("score", "ref", "good")

    assert (finished.code, finished.stderr) == (0, "")
    rows = table(finished.stdout)
    assert [row[0] for row in rows] == ["BLEU", "chrF2", "TER"]
    assert finished.stdout.count(b"\n") == 3
    for _, score, low, high, p_value, signature in rows:
        assert float(str(low)) <= float(str(score)) + 1 <= float(str(high)) + 2
        assert p_value is None
        assert re.search(r"\|bs:1000\|seed:\d+\|.*\|version:", str(signature))


def test_the_table_and_json_agree(files):
    rows = table(run_here("score", "ref", "good").stdout)
    finished = run_here("score", "ref", "good", "--json")

    assert finished.stdout.count(b"\n") == 1
    found = json.loads(finished.stdout)
    assert list(found) == ["bleu", "chrf", "ter"]
    for row, metric in zip(rows, found.values(), strict=True):
        assert metric.keys() == {"score", "signature", "confidence"}
        numbers = [f"{number:.2f}" for number in (metric["score"], *metric["confidence"])]
        assert [*row[1:4], row[5]] == [*numbers, metric["signature"]]


def test_a_perfect_hypothesis_scores_perfectly(files):
    found = json.loads(run_here("score", "ref", "same", "--json").stdout)
    assert [round(found[metric]["score"], 6) for metric in ("bleu", "chrf", "ter")] == [100, 100, 0]


@pytest.mark.parametrize("arguments", [["score", "ref"], ["score", "ref", "-"]])
def test_the_hypothesis_comes_from_stdin_if_none_is_named(arguments, files):
    from_file = run_here("score", "ref", "good")
    from_stdin = run_here(*arguments, stdin=(files / "good").read_bytes())
    assert from_stdin == from_file


def test_several_hypotheses_are_compared_with_the_first(files):
    finished = run_here("score", "ref", "good", "bad", "same")

    assert [line for line in finished.stdout.decode().splitlines() if not ROW.fullmatch(line)] == [
        "good",
        "bad",
        "same",
    ]
    rows = table(finished.stdout)
    assert [row[4] is None for row in rows] == [True] * 3 + [False] * 6
    assert all(float(str(row[4])) < 0.05 for row in rows[3:6])


def test_several_hypotheses_in_json_carry_names_and_p_values(files):
    found = json.loads(run_here("score", "ref", "good", "-", "--json", stdin=(files / "good").read_bytes()).stdout)

    assert [system["name"] for system in found["systems"]] == ["good", "stdin"]
    assert [system["bleu"]["p_value"] for system in found["systems"]] == [None, 1.0]


def test_intervals_and_ter_can_be_left_out(files):
    finished = run_here("score", "ref", "good", "--bootstrap", "0", "--no-ter", "--json")

    found = json.loads(finished.stdout)
    assert found["ter"] is None
    assert found["bleu"]["confidence"] is None
    assert "bs:" not in found["bleu"]["signature"]
    assert run_here("score", "ref", "good", "--bootstrap", "0", "--no-ter").stdout.count(b"[") == 0


def test_case_and_tokenisation_are_options(files):
    (files / "lower").write_text((files / "ref").read_text().lower())

    found = json.loads(run_here("score", "ref", "lower", "--lowercase", "--tokenize", "none", "--json").stdout)
    assert found["bleu"]["score"] == pytest.approx(100)
    assert "case:lc|" in found["bleu"]["signature"]
    assert "tok:none|" in found["bleu"]["signature"]


def test_what_makes_scores_doubtful_is_warned_of_on_stderr(files):
    (files / "lower").write_text((files / "ref").read_text().lower())

    finished = run_here("score", "ref", "lower", "--quiet")
    assert finished.code == 0
    assert finished.stderr.startswith("warning: lower is in lower case but ref is not")
    assert len(table(finished.stdout)) == 3


def test_names_with_controls_and_bytes_of_another_encoding_do_not_hurt(files):
    name = "a\x1b[31m\udcff"
    (files / name).write_bytes((files / "good").read_bytes())

    finished = run_process("score", "ref", "good", name, "--bootstrap", "0", "--no-ter", cwd=files)
    assert finished.code == 0, finished.stderr
    assert b"\x1b" not in finished.stdout
    assert b"a\\x1b[31m\\udcff\n" in finished.stdout


@pytest.mark.parametrize(
    ("arguments", "fragment"),
    [
        ("ref few", "few has 1 lines but ref has 12; the two must align"),
        ("ref none", "none has 0 lines but ref has 12; the two must align"),
        ("none none", "none has no lines; there is nothing to score against"),
        ("ref absent", "cannot read absent: no such file or directory"),
        ("absent ref", "cannot read absent: no such file or directory"),
        ("ref .", "cannot read .: is a directory"),
        ("ref good few", "few has 1 lines but ref has 12; the two must align"),
        ("marked ref", "marked is SGML or XML; score plain text"),
        ("ref -", "stdin has 0 lines but ref has 12; the two must align"),
    ],
)
def test_files_that_cannot_be_scored_exit_with_65(arguments, fragment, files):
    finished = run_here("score", *arguments.split())
    assert (finished.code, finished.stdout) == (65, b"")
    assert fragment in finished.error


def test_further_references_and_the_language_are_options(files):
    (files / "zh").write_text("我们今天去学校。\n" * 12, "utf-8")
    two = json.loads(run_here("score", "ref", "bad", "--reference", "bad", "--no-ter", "--json").stdout)
    assert two["bleu"]["score"] == pytest.approx(100)
    assert two["bleu"]["signature"].startswith("nrefs:2|")

    chinese = run_here("score", "zh", "zh", "-r", "ref", "--language", "zh", "--json", "--bootstrap", "0")
    found = json.loads(chinese.stdout)
    assert found["bleu"]["score"] == found["chrf"]["score"] == 100
    assert "|tok:zh|" in found["bleu"]["signature"]
    assert chinese.stderr == ""


def test_a_language_is_named_by_its_code_or_its_name(files):
    (files / "zh").write_text("我们今天去学校。\n" * 12, "utf-8")

    by_name = run_here("score", "zh", "zh", "--language", "Chinese", "--json", "--bootstrap", "0")
    variant = run_here("score", "ref", "good", "--language", "ca-valencia", "--bootstrap", "0", "--no-ter")
    unknown = run_here("score", "zh", "zh", "--language", "klingon")

    assert "|tok:zh|" in json.loads(by_name.stdout)["bleu"]["signature"]
    assert variant.code == 0
    assert (unknown.code, unknown.stdout) == (2, b"")
    assert unknown.error == 'the language "klingon" is not known; give its code, as in: de, pt-BR, zho_Hans'


def test_an_unknown_tokenizer_exits_with_2(files):
    finished = run_here("score", "ref", "good", "--tokenize", "moses")
    assert (finished.code, finished.stdout) == (2, b"")
    assert 'unknown tokenizer "moses"; choose one of: ' in finished.error
