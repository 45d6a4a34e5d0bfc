from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import typer.main

from tests.support.command_line import environment, run_here
from transformer_cli import __version__
from transformer_cli.cli.app import app, run

PROGRAM: Any = typer.main.get_command(app)
HELP = {"--help", "-h"}
LEVELS = {"--quiet", "-q", "--verbose", "-v"}
WHERE = {"--run-dir", "-d", "--set", "-s", "--wait"}

OPTIONS = {
    "init": HELP
    | LEVELS
    | {"--from", "--to", "--valid", "--test", "--output", "-o", "--force", "--start-from", "--general"},
    "prepare": HELP | LEVELS | WHERE | {"--dry-run", "--rejected"},
    "train-tokenizer": HELP | LEVELS | WHERE,
    "train": HELP
    | LEVELS
    | WHERE
    | {"--device", "--from-scratch", "--retrain-tokenizer", "--json-logs", "--notify-command", "--print-recipe"},
    "translate": HELP
    | LEVELS
    | {"--model", "-m", "--output", "-o", "--beam-size", "--length-penalty", "--on-overlong", "--strict"}
    | {"--split-sentences"}
    | {"--engine", "--device", "--precision", "--threads", "--batch-tokens", "--shard"}
    | {"--format", "--n-best", "--alignments", "--prefix", "--mbr", "--target-language"}
    | {"--file-format", "--all", "--final", "--glossary", "--glossary-hints", "--memory"}
    | {"--sample", "--temperature", "--top-k", "--top-p", "--seed"},
    "import": HELP | LEVELS | {"--from", "--to", "--run-dir", "-d", "--positions"},
    "export": HELP | LEVELS | {"--to", "--model", "-m", "--output", "-o", "--quantization"},
    "versions": HELP | LEVELS | {"--run-dir", "-d", "--json"},
    "score": HELP
    | LEVELS
    | {"--model", "-m", "--device"}
    | {"--reference", "-r", "--language", "-l"}
    | {"--tokenize", "--lowercase", "--bootstrap", "--ter", "--no-ter", "--json"},
    "report": HELP | LEVELS | {"--output", "-o", "--device"},
    "inspect": HELP
    | LEVELS
    | {"--model", "-m", "--output", "-o", "--target", "--terminal", "--json", "--png", "--svg", "--candidates"}
    | {"--beam-size", "--length-penalty", "--device"},
}
ARGUMENTS = {
    "import": ["model"],
    "export": ["recipe"],
    "init": ["corpora"],
    "prepare": ["recipe"],
    "train-tokenizer": ["recipe"],
    "train": ["recipe"],
    "translate": ["file"],
    "versions": ["words"],
    "report": ["run"],
    "inspect": ["sentence", "recipe"],
    "score": ["reference", "hypotheses"],
}

# What takes long to import. A terminal that is drawn on needs rich, help does not.
SLOW = {"torch", "numpy", "pydantic", "datasets", "pyarrow", "sacrebleu", "sentencepiece", "safetensors", "rich"}
RUN_AND_LIST_MODULES = """
import sys
from transformer_cli.cli import app
arguments = sys.argv[1:]
while "then" in arguments:
    app.run(arguments[: arguments.index("then")])
    arguments = arguments[arguments.index("then") + 1 :]
app.run(arguments)
print("modules:", *sorted(name for name in sys.modules if "." not in name), file=sys.stderr)
"""


def context_of(command: str, *arguments: str, **options: Any) -> Any:
    """Parse the arguments of a command, which takes the spellings of its help from the program, and keeps them."""
    program = PROGRAM.make_context("tfm", [], resilient_parsing=True)
    return PROGRAM.commands[command].make_context(command, [*arguments], parent=program, **options)


def parameters(command: str) -> list[Any]:
    return list(PROGRAM.commands[command].get_params(context_of(command, resilient_parsing=True)))


def slow_modules_after(*arguments: str, cwd: Path) -> tuple[set[str], str]:
    """Run commands, separated by ``then``, in a fresh Python; return what they imported of `SLOW`, and stderr."""
    command = [sys.executable, "-c", RUN_AND_LIST_MODULES, *arguments]
    finished = subprocess.run(command, cwd=cwd, env=environment(), capture_output=True, text=True, check=True)
    stderr, _, modules = finished.stderr.rpartition("modules: ")
    assert modules, finished.stderr
    return SLOW & set(modules.split()), stderr


def examples(text: str) -> list[list[str]]:
    """Return the arguments of each ``tfm`` in the example that help ends with."""
    line = " ".join(text.splitlines()).rpartition("Example: ")[2]
    commands = [shlex.split(re.split(r" [<>]", part)[0]) for part in re.split(r"&&|\|", line)]
    return [arguments for program, *arguments in commands if program == "tfm"]


def test_the_commands_are_those_that_are_tested_here():
    assert PROGRAM.commands.keys() == OPTIONS.keys()


@pytest.mark.parametrize("command", OPTIONS)
def test_a_command_has_these_options_and_no_others(command):
    options = [parameter for parameter in parameters(command) if parameter.param_type_name == "option"]

    assert {name for option in options for name in (*option.opts, *option.secondary_opts)} == OPTIONS[command]
    assert [option.name for option in options if not option.help] == []


@pytest.mark.parametrize("command", ARGUMENTS)
def test_a_command_has_these_arguments_and_no_others(command):
    arguments = [parameter for parameter in parameters(command) if parameter.param_type_name == "argument"]

    assert [argument.name for argument in arguments] == ARGUMENTS[command]
    assert [argument.name for argument in arguments if not argument.help] == []


@pytest.mark.parametrize("command", ["", *OPTIONS])
def test_both_spellings_of_help_print_it_to_stdout(command):
    long, short = (run_here(*command.split(), spelling) for spelling in ("--help", "-h"))

    assert (long.code, long.stderr) == (0, "")
    assert long.stdout.decode().startswith(f"Usage: tfm {command}".rstrip())
    assert short == long


@pytest.mark.parametrize(
    ("command", "sentence"),
    [
        ("train", "Default: runs/<recipe name>."),
        ("import", "Default: runs/<name of the model>."),
        ("export", "auto: int8 where the processor has it and it loses little, else float32."),
        ("score", "left out or -: stdin. With --model the target."),
        ("inspect", "the path of each file it wrote, if stdout is left to it by --json and --terminal."),
    ],
)
def test_help_tells_the_exceptions_of_a_command(command, sentence):
    assert sentence in " ".join(run_here(command, "--help").stdout.decode().split())


@pytest.mark.parametrize("command", ["", *OPTIONS])
def test_help_ends_with_an_example_whose_commands_and_options_exist(command):
    text = run_here(*command.split(), "--help").stdout.decode()

    found = examples(text)
    assert command in {"", *(name for name, *_ in found)}
    for name, *arguments in found:
        context_of(name, *arguments)


def test_the_list_of_commands_says_of_each_what_it_does():
    text = run_here("--help").stdout.decode()

    listed = dict(re.findall(r"^  ([a-z-]+) {2,}(\S.*)$", text.partition("Commands:\n")[2], flags=re.MULTILINE))
    assert listed.keys() == OPTIONS.keys()
    assert all(summary.endswith(".") and "..." not in summary for summary in listed.values())


def test_no_command_at_all_prints_help_but_not_as_a_product():
    finished = run_here()

    assert (finished.code, finished.stdout) == (2, b"")
    assert finished.stderr == run_here("--help").stdout.decode()


def test_the_version_is_printed():
    finished = run_here("--version")

    assert (finished.code, finished.stdout.decode(), finished.stderr) == (0, f"tfm {__version__}\n", "")


def test_help_imports_nothing_that_is_slow(tmp_path):
    assert slow_modules_after("--version", "then", "--help", cwd=tmp_path) == (set(), "")


def test_help_of_a_command_imports_nothing_that_is_slow_but_what_typer_itself_does(tmp_path):
    calls = " then ".join(f"{command} --help" for command in OPTIONS)

    modules, stderr = slow_modules_after(*calls.split(), cwd=tmp_path)
    assert stderr == ""
    assert modules <= {"pydantic"}


def test_wrong_arguments_import_nothing_that_is_slow_but_what_typer_itself_does(tmp_path):
    modules, stderr = slow_modules_after("translate", "--beam", "2", "then", "trian", cwd=tmp_path)
    assert modules <= {"pydantic"}
    assert stderr.count("error: ") == 2


def test_what_is_not_there_is_reported_without_torch(tmp_path):
    calls = [
        "translate",
        "translate --model nowhere",
        "train nowhere",
        "prepare nowhere",
        "init nowhere.tsv --from fr --to en",
        "init nowhere.tsv --from fr --to en --start-from nowhere",
        "import nowhere",
        "import .",
    ]

    modules, stderr = slow_modules_after(*" then ".join(calls).split(), cwd=tmp_path)
    assert modules <= {"pydantic"}
    assert sum(line.startswith("error: ") for line in stderr.splitlines()) == len(calls)


def test_nothing_to_do_is_said_without_torch(toy):
    modules, stderr = slow_modules_after("prepare", "then", "train-tokenizer", "then", "train", cwd=toy.folder)
    assert stderr.count("nothing to do") == 3
    assert modules <= {"pydantic", "sentencepiece"}


def test_a_recipe_is_written_without_torch(toy, tmp_path):
    arguments = ("init", toy.folder / "toy.{lang}", "--from", "fr", "--to", "en")

    modules, stderr = slow_modules_after(*map(str, arguments), cwd=tmp_path)
    assert "wrote tfm.toml" in stderr
    assert modules <= {"pydantic"}


def test_scoring_imports_no_torch(toy):
    corpus = str(toy.folder / "toy.en")

    modules, _ = slow_modules_after("score", corpus, corpus, cwd=toy.folder)
    assert "sacrebleu" in modules
    assert modules.isdisjoint({"torch", "datasets"})


def test_an_exported_engine_translates_without_torch(toy):
    modules, stderr = slow_modules_after("translate", "toy.fr", cwd=toy.folder)
    assert stderr == ""
    assert modules == {"pydantic", "sentencepiece", "numpy"} & modules
    assert "sentencepiece" in modules


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        ("tfm tra", ["train-tokenizer", "train", "translate"]),
        ("tfm translate --be", ["--beam-size"]),
        ("tfm translate --on-overlong ", ["split", "cut", "fail"]),
    ],
)
def test_the_shell_completes_commands_options_and_choices(words, offered, monkeypatch, capsys):
    completing = {"_TFM_COMPLETE": "complete_bash", "COMP_WORDS": words, "COMP_CWORD": str(len(words.split(" ")) - 1)}
    for name, value in completing.items():
        monkeypatch.setenv(name, value)

    with pytest.raises(SystemExit) as leaving:
        run([])
    assert leaving.value.code == 0
    assert capsys.readouterr().out.split() == offered


def test_bash_understands_the_completion_script():
    # A shell that has more to do than one command stays the parent process, which is what is asked for its name.
    script = 'script=$("$0" -m transformer_cli --show-completion) && eval "$script" && complete -p tfm'

    finished = subprocess.run(
        ["bash", "-c", script, sys.executable], env=environment(), capture_output=True, text=True, check=True
    )
    assert finished.stdout.endswith("_tfm_completion tfm\n")
