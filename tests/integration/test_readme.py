from __future__ import annotations

import re
import shlex
from typing import Any

import pytest
import typer.main

from tests.support.command_line import ROOT
from transformer_cli.cli.app import app

PROGRAM: Any = typer.main.get_command(app)
README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", flags=re.MULTILINE | re.DOTALL)


def shown_commands() -> list[str]:
    """Return each ``tfm ...`` of the shell sessions, without redirections and comments."""
    bodies = [body.replace("\\\n", " ") for kind, body in BLOCK.findall(README) if kind in {"sh", "console"}]
    lines = [line for body in bodies for line in body.splitlines()]
    parts = [part for line in lines for part in re.split(r"&&|\||;", line.removeprefix("$ ").partition(" #")[0])]
    return [shown for part in parts if (shown := re.split(r" [<>]", part.strip())[0].strip()).startswith("tfm ")]


def test_the_readme_shows_the_command_line_at_work():
    assert len(shown_commands()) >= 5
    assert {shlex.split(shown)[1] for shown in shown_commands()} >= {"train", "translate", "score"}


@pytest.mark.parametrize("shown", dict.fromkeys(shown_commands()))
def test_a_command_shown_in_the_readme_is_understood(shown):
    name, *arguments = shlex.split(shown)[1:]

    assert name in PROGRAM.commands
    PROGRAM.commands[name].make_context(name, arguments)


@pytest.mark.parametrize("name", PROGRAM.commands)
def test_the_readme_tells_what_each_command_does(name):
    assert re.search(rf"^\| `tfm {name}[ `].*\|.*\w.*\|.*\w.*\|$", README, flags=re.MULTILINE)


def test_every_option_that_the_readme_mentions_exists():
    # In a block of another program the options are that program's.
    prose = BLOCK.sub("", README)
    mentioned = set(re.findall(r"(?<=`)--[a-z][a-z-]+|(?<= )--[a-z][a-z-]+(?=[^`\n]*`)", prose))
    known = {"--help", "--version"}
    for command in PROGRAM.commands.values():
        known |= {name for option in command.params for name in (*option.opts, *option.secondary_opts)}
    mentioned -= {option for option in mentioned if f"sacrebleu {option}" in prose}
    assert mentioned
    assert mentioned <= known
