"""``tfm translate`` with documents: names, options, errors; the formats have tests of their own."""

from __future__ import annotations

import gzip

import pytest

from tests.support.command_line import run_here
from tests.support.toy_corpus import pairs

SOURCE = pairs()[0][0]
CATALOGUE = f'msgid "{SOURCE}"\nmsgstr ""\n'
MEMORY = f"""<tmx version="1.4"><body><tu><tuv xml:lang="fr"><seg>{SOURCE}</seg></tuv>
<tuv xml:lang="en"><seg>known</seg></tuv></tu></body></tmx>"""


@pytest.fixture
def ask(toy, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def translate(*options: object, stdin: bytes = b""):
        return run_here("translate", "-m", toy.run, "--engine", "torch", *options, stdin=stdin)

    return translate


def test_the_name_of_a_file_tells_what_it_is_and_an_option_for_other_names(ask, tmp_path):
    (tmp_path / "a.po").write_text(CATALOGUE)
    (tmp_path / "b.po.gz").write_bytes(gzip.compress(CATALOGUE.encode()))
    (line,) = ask(stdin=SOURCE.encode()).stdout.decode().splitlines()

    answers = [ask("a.po"), ask("b.po.gz"), ask("--file-format", "po", stdin=CATALOGUE.encode())]

    expected = f'#, fuzzy\nmsgid "{SOURCE}"\nmsgstr "{line}"\n'
    assert [(answer.code, answer.stdout.decode(), answer.stderr) for answer in answers] == [(0, expected, "")] * 3
    assert ask("a.po", "--final").stdout.decode() == expected.removeprefix("#, fuzzy\n")
    assert ask("a.po", "--file-format", "lines").stdout.count(b"\n") == 2


def test_a_file_can_be_its_own_output_and_only_all_translates_it_again(ask, tmp_path):
    path = tmp_path / "a.po"
    path.write_text(CATALOGUE.replace('""', '"done"'))

    assert ask(path, "-o", path).code == 0
    assert path.read_text() == CATALOGUE.replace('""', '"done"')
    assert ask(path, "-o", path, "--all").code == 0
    assert "done" not in path.read_text()


def test_a_memory_says_how_many_passages_it_had(ask, tmp_path):
    (tmp_path / "a.po").write_text(CATALOGUE + '\nmsgid "le chat"\nmsgstr ""\n')
    (tmp_path / "m.tmx").write_text(MEMORY)

    answer = ask("a.po", "--memory", "m.tmx")

    assert b'"known"' in answer.stdout
    assert "1 of 2 passages were in the memory" in answer.stderr


def test_a_memory_does_not_give_what_a_machine_has_written(ask, tmp_path):
    (tmp_path / "a.po").write_text(CATALOGUE)
    (tmp_path / "m.tmx").write_text(MEMORY.replace("<tuv", "<tuv creationid='MT!'"))

    answer = ask("a.po", "--memory", "m.tmx")

    assert b'"known"' not in answer.stdout


@pytest.mark.parametrize(
    ("content", "line"),
    [(b'msgid "a"\nmsgstr "b\n', "line 2"), (b'msgid "\xff"\nmsgstr ""\n', "line 1"), (b'msgid "a"\n', "line 1")],
)
def test_a_damaged_document_is_one_line_and_leaves_nothing(ask, tmp_path, content, line):
    (tmp_path / "a.po").write_bytes(content)

    answer = ask("a.po", "-o", "b.po")

    assert answer.code == 65
    assert answer.error.startswith(f"a.po: {line}: ")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.po"]


def test_a_damaged_document_is_named_once_and_stdin_by_its_name(ask, tmp_path):
    (tmp_path / "a.po.gz").write_bytes(gzip.compress(CATALOGUE.encode())[:-12])

    assert ask("a.po.gz").error.count("a.po.gz") == 1
    assert ask("-", "--file-format", "po", stdin=b"<html>").error.startswith("stdin: line 1: ")


@pytest.mark.parametrize(
    "options",
    [
        ["a.po", "--n-best", 2],
        ["a.po", "--format", "jsonl"],
        ["a.po", "--alignments"],
        ["a.po", "-o", "b.po", "--shard", "1/2"],
        ["a.po", "--on-overlong", "cut"],
        ["a.txt", "--all"],
        ["a.txt", "--final"],
        ["a.txt", "--memory", "m.tmx"],
    ],
)
def test_options_of_lines_and_of_documents_are_not_mixed(ask, tmp_path, options):
    for name in ("a.po", "a.txt"):
        (tmp_path / name).write_text(CATALOGUE)

    answer = ask(*options)

    assert answer.code == 2
    assert options[-2] in answer.error or options[-1] in answer.error
