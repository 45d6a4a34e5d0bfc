"""README.md and docs/: commands run, recipes are valid, links and options exist.

A block of commands that takes too long, or needs what is not here, begins with ``# not run by the tests:`` and the
reason; its commands still have to be understood. docs/course.md and docs/python.md are run by tests of their own.
"""

from __future__ import annotations

import re
import shlex
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
import typer.main

from tests.support.command_line import ROOT, run_here
from tests.support.toy_corpus import pairs, write_corpus
from transformer_cli.cli.app import app
from transformer_cli.config import Recipe

PROGRAM: Any = typer.main.get_command(app)
README = ROOT / "README.md"
PAGES = {path.relative_to(ROOT).as_posix(): path.read_text("utf-8") for path in [README, *ROOT.glob("docs/*.md")]}
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", flags=re.MULTILINE | re.DOTALL)
NOT_RUN = re.compile(r"# not run by the tests[^:\n]*: \w")
LINK = re.compile(r"\]\(([^)#]+)[^)]*\)")
OF_OTHER_PROGRAMS = {"--max-restarts", "--rounds", "--only", "--examples", "--schemas"}


def blocks(page: str, *kinds: str) -> list[str]:
    """Return the blocks of some kinds in a page."""
    return [body for kind, body in BLOCK.findall(PAGES[page]) if kind in kinds]


def pipelines(block: str) -> Iterator[list[list[str]]]:
    """Yield the commands of a block, each a list of the parts between its pipes, in words."""
    for line in block.replace("\\\n", " ").splitlines():
        lexer = shlex.shlex(line, posix=True, punctuation_chars="|<>&;")
        lexer.whitespace_split = True
        parts: list[list[str]] = [[]]
        for word in lexer:
            if word in ("&&", "||", ";"):
                yield parts
                parts = [[]]
            elif word == "|":
                parts.append([])
            else:
                parts[-1].append(word)
        if parts != [[]]:
            yield parts


def shown_commands() -> list[tuple[str, ...]]:
    """Return the words of each ``tfm ...`` on any page, without redirections."""
    words = [part for page in PAGES for block in blocks(page, "sh") for parts in pipelines(block) for part in parts]
    return [tuple(_without_redirections(part)) for part in words if part[0] == "tfm" and part[1:] != ["--version"]]


def _without_redirections(words: list[str]) -> list[str]:
    end = next((number for number, word in enumerate(words) if word in ("<", ">", ">>")), len(words))
    return words[:end]


@pytest.fixture
def workplace(toy, tmp_path, monkeypatch) -> Iterator[Path]:
    """The current folder, with the files that the pages name and a model in place of the phrasebook's."""
    toy.copy_to(tmp_path)
    (tmp_path / "runs" / "phrasebook").symlink_to("toy")
    some = pairs()
    write_corpus(tmp_path, "train", some)
    units = "".join(
        f'<tu><tuv xml:lang="fr"><seg>{source}</seg></tuv><tuv xml:lang="en"><seg>{target}</seg></tuv></tu>'
        for source, target in some
    )
    (tmp_path / "memory.tmx").write_text(f'<tmx version="1.4"><header srclang="fr"/><body>{units}</body></tmx>')
    for name, side in (("input.txt", 0), ("source.fr", 0), ("target.en", 1), ("reference.en", 1), ("other.txt", 1)):
        (tmp_path / name).write_text("".join(f"{pair[side]}\n" for pair in some[:3]))
    threads = torch.get_num_threads()
    monkeypatch.chdir(tmp_path)
    yield tmp_path
    torch.set_num_threads(threads)


def run_pipeline(parts: list[list[str]]) -> None:
    """Run commands joined by pipes, in this process."""
    output = b""
    for words in parts:
        name, *arguments = _without_redirections(words)
        redirections = dict(zip(words[1 + len(arguments) :: 2], words[2 + len(arguments) :: 2], strict=True))
        if "<" in redirections:
            output = Path(redirections["<"]).read_bytes()
        if name == "echo":
            output = f"{' '.join(arguments)}\n".encode()
        else:
            assert name == "tfm", f"a block with {name} cannot be run here; begin it with its reason"
            if (
                arguments[0] == "init"
            ):  # the recipe that it writes would train for minutes: the toy's stays in its place
                arguments += ["--output", "initial.toml", "--force"]
            finished = run_here(*arguments, stdin=output)
            assert finished.code == 0, f"{shlex.join(words)}: {finished.stderr}"
            output = finished.stdout
        if ">" in redirections:
            Path(redirections[">"]).write_bytes(output)


@pytest.mark.parametrize("page", sorted(PAGES.keys() - {"docs/course.md", "docs/python.md"}))
def test_the_commands_of_a_page_run_one_after_the_other(page, workplace):
    for block in blocks(page, "sh", "console"):
        if not NOT_RUN.match(block):
            for parts in pipelines(block):
                run_pipeline(parts)


def test_the_readme_runs_the_first_steps_of_a_newcomer():
    commands = [
        part[1] for block in blocks("README.md", "sh") if not NOT_RUN.match(block) for [*_, part] in pipelines(block)
    ]

    assert {"init", "train", "translate", "score", "inspect"} <= set(commands)


def test_the_python_of_the_readme_runs(workplace, capsys):
    (block,) = blocks("README.md", "python")

    exec(compile(block, "README.md", "exec"), {})

    assert len(block.splitlines()) <= 6
    assert "the" in capsys.readouterr().out


@pytest.mark.parametrize("words", dict.fromkeys(shown_commands()), ids=" ".join)
def test_a_command_on_a_page_is_understood(words):
    _, name, *arguments = words

    assert name in PROGRAM.commands
    PROGRAM.commands[name].make_context(name, list(arguments))


@pytest.mark.parametrize("name", PROGRAM.commands)
def test_the_readme_has_a_line_for_each_command(name):
    assert re.search(rf"^\| `tfm {name}[ `].*\|.*\w.*\|$", PAGES["README.md"], flags=re.MULTILINE)


@pytest.mark.parametrize("page", PAGES)
def test_every_option_that_a_page_mentions_exists(page):
    prose = BLOCK.sub("", PAGES[page])
    mentioned = set(re.findall(r"(?<=`)--[a-z][a-z-]+|(?<= )--[a-z][a-z-]+(?=[^`\n]*`)", prose))
    options = {"--help", "--version"}
    for command in PROGRAM.commands.values():
        options |= {name for option in command.params for name in (*option.opts, *option.secondary_opts)}

    assert mentioned - OF_OTHER_PROGRAMS <= options


@pytest.mark.parametrize("page", PAGES)
def test_every_file_that_a_page_links_to_exists(page):
    links = [link for link in LINK.findall(BLOCK.sub("", PAGES[page])) if "://" not in link]

    assert [link for link in links if not (ROOT / page).parent.joinpath(link).exists()] == []


def test_every_page_is_reached_from_the_readme():
    reached, waiting = set(), ["README.md"]
    while waiting:
        page = waiting.pop()
        reached.add(page)
        links = [
            (ROOT / page).parent.joinpath(link).resolve() for link in LINK.findall(PAGES[page]) if "://" not in link
        ]
        pages = {link.relative_to(ROOT).as_posix() for link in links if link.suffix == ".md"}
        waiting += pages & PAGES.keys() - reached

    assert reached == PAGES.keys()


@pytest.mark.parametrize("page", [page for page in PAGES if blocks(page, "toml")])
def test_the_recipes_on_a_page_are_valid(page):
    rest = {"name": "page", "languages": {"source": "fr", "target": "en"}, "data": {"train": ["a.{lang}"]}}
    for block in blocks(page, "toml"):
        Recipe.model_validate({**rest, **tomllib.loads(block)})


def test_the_readme_is_short_and_its_pictures_are_light():
    pictures = [ROOT / link for link in re.findall(r"!\[[^]]+\]\(([^)]+)\)", PAGES["README.md"])]

    assert PAGES["README.md"].count("\n") <= 200
    assert len(pictures) == 2
    assert all(picture.stat().st_size < 100_000 for picture in pictures)
