from __future__ import annotations

import importlib
import re
import shlex
from pathlib import Path

import pytest

from tests.support.command_line import ROOT, run_here

COURSE = ROOT / "docs" / "course.md"
TEXT = COURSE.read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```sh\n(.*?)^```$", TEXT, flags=re.MULTILINE | re.DOTALL)
COMMANDS = [shlex.split(line) for block in BLOCKS for line in block.splitlines()]
CITED = [
    (file, name)
    for line in TEXT.splitlines()
    if line.startswith("- Code:")
    for file, names in re.findall(r"\]\(([^)]+)\): ((?:`[\w.]+`(?:, )?)+)", line)
    for name in re.findall(r"`([\w.]+)`", names)
]


@pytest.mark.parametrize(("file", "name"), CITED)
def test_what_the_course_names_is_where_it_says(file, name):
    path = (COURSE.parent / file).resolve()
    module = importlib.import_module(".".join(path.relative_to(ROOT).with_suffix("").parts))

    found: object = module
    for part in name.split("."):
        found = getattr(found, part)
    assert getattr(found, "__module__", None) == module.__name__


def test_every_step_has_code_and_a_picture():
    for step in re.split(r"^## ", TEXT, flags=re.MULTILINE)[1:]:
        assert step.count("- Code: ") == step.count("- Picture: ") >= 1, step.splitlines()[0]
    assert len(CITED) >= 25


def test_every_file_that_the_course_links_to_exists():
    links = [link for link in re.findall(r"\]\(([^)]+)\)", TEXT) if "://" not in link]

    assert links
    assert all((COURSE.parent / link).is_file() for link in links)


def test_every_command_runs_and_gives_the_pictures(toy, tmp_path, monkeypatch):
    monkeypatch.chdir(toy.copy_to(tmp_path))

    for program, *arguments in COMMANDS:
        finished = run_here(*arguments)
        assert (program, finished.code) == ("tfm", 0), f"{arguments}: {finished.stderr}"
    outputs = [command[command.index("--output") + 1] for command in COMMANDS if "--output" in command]
    pictures = re.findall(r"`(pictures/[\w-]+\.svg)`", TEXT)
    assert len(outputs) == 4
    assert len(pictures) == 9
    assert [name for name in [*outputs, *pictures] if not Path(name).is_file()] == []


def test_the_readme_leads_to_the_course():
    assert "(docs/course.md)" in (ROOT / "README.md").read_text(encoding="utf-8")
