from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Collection, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import torch

from tests.support.command_line import environment, run_here
from tests.support.hostile_lines import LINES
from tests.support.toy_corpus import pairs
from transformer_cli import Translator
from transformer_cli.errors import ModelNotFoundError, UsageError

SENTENCES = [sentence for source, _ in pairs()[:40] for sentence in (source, source[::-1])]
MANY = SENTENCES * 4
"""So many that worker processes start."""

ENGINES = ("torch", "ctranslate2")


@pytest.fixture
def two_threads() -> Iterator[None]:
    """Let a translator change the number of PyTorch's threads, which is one for the whole process."""
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


@pytest.mark.parametrize("engine", ENGINES)
def test_it_translates_as_the_command_does(engine, toy):
    # The first is blank: a command drops a byte order mark at the beginning of its input.
    text = "\n" + b"\n".join(line for line in LINES if len(line) < 1000).decode("utf-8", "replace")

    with Translator.load(toy.run, engine=engine) as translator:
        whole, lines = translator.translate(text), translator.translate(text.split("\n"))

    printed = run_here("translate", "--model", toy.run, "--engine", engine, stdin=text.encode()).stdout.decode()
    assert whole + "\n" == printed
    assert lines == whole.split("\n")
    assert len(set(lines)) > 20


def test_one_text_gives_one_and_several_give_as_many(toy):
    with Translator.load(str(toy.model)) as translator:
        assert translator.translate("le chat") == translator.translate(["le chat"])[0] != ""
        assert translator.translate([]) == []
        assert translator.translate("") == ""
        assert translator.translate(["", " \t", "le chat\n\nle chien\r\n"]) == [
            "",
            "",
            f"{translator.translate('le chat')}\n\n{translator.translate('le chien')}\n",
        ]


def test_what_is_no_character_is_read_as_the_command_reads_bytes_that_are_not_utf8(toy):
    with Translator.load(toy.run) as translator:
        assert translator.translate(b"le \xff chat".decode("utf-8", "surrogateescape")) == translator.translate(
            "le \ufffd chat"
        )


def test_details_are_asked_for_by_call(toy):
    with Translator.load(toy.run, engine="torch", beam_size=3) as translator:
        (plain,) = translator.translate_detailed(["le chat noir"])
        (several,) = translator.translate_detailed(["le chat noir"], n_best=3, with_alignment=True, prefix="x")
        (agreed,) = translator.translate_detailed(["le chat noir"], n_best=2, mbr_candidates=3)

        with pytest.raises(UsageError, match="2 candidates cannot give 3"):
            translator.translate_detailed(["le chat"], n_best=3, mbr_candidates=2)

    assert (plain.alternatives, plain.alignment) == ((), None)
    assert len(several.alternatives) == 2
    assert several.alignment
    assert several.text.startswith("x")
    assert len(agreed.alternatives) == 1


def test_torch_does_what_an_exported_engine_does_not_support(toy):
    with Translator.load(toy.run) as either, Translator.load(toy.run, engine="torch") as torch_alone:
        assert type(either._lines.engine).__name__ == "FallbackEngine"
        assert either.translate_detailed(SENTENCES[:5], with_alignment=True) == torch_alone.translate_detailed(
            SENTENCES[:5], with_alignment=True
        )
    with (
        Translator.load(toy.run, engine="ctranslate2") as exported,
        pytest.raises(UsageError, match="the ctranslate2 engine cannot align words"),
    ):
        exported.translate_detailed(["le chat"], with_alignment=True)


def test_torch_goes_on_where_an_exported_engine_leaves_placeholders_out(toy):
    lines = ["le %s chat {x}", "<b>le chat</b> noir"]

    with Translator.load(toy.run) as either, Translator.load(toy.run, engine="torch") as torch_alone:
        assert either.translate_detailed(lines) == torch_alone.translate_detailed(lines)


@pytest.mark.parametrize("engine", [*ENGINES, "auto"])
def test_each_engine_keeps_placeholders_and_an_alignment_changes_nothing_for_later_lines(engine, toy):
    lines = ["le %s chat {x}", "<b>le chat</b> noir", "le chat noir"]

    with Translator.load(toy.run, engine=engine) as translator:
        first = translator.translate(lines)
        if engine != "ctranslate2":
            translator.translate_detailed(lines, with_alignment=True)
        again = translator.translate(lines)

    assert first == again
    assert [first[0].count("%s"), first[0].count("{x}")] == [1, 1]
    assert 0 <= first[1].find("<b>") < first[1].find("</b>")


@dataclass(frozen=True)
class Session:
    """What a translator answered before it was closed.

    Args:
        translator: It is closed.
        serial: The answers to one thread.
        parallel: Those to several, which asked the same at the same time.
        processes: Those that the translator had started.
    """

    translator: Translator
    serial: list[Any]
    parallel: list[Any]
    processes: set[int]


@pytest.fixture(scope="module")
def sessions(toy) -> Callable[[Any], Session]:
    """Return the session of an engine, which is held once."""

    @cache
    def session(engine: Any) -> Session:
        others = set(descendants(os.getpid()))
        # A line, a few, and enough for worker processes; with alignments, which are read through the model itself.
        requests = [MANY, *(SENTENCES[i : i + size] for i in range(3) for size in (1, 7, 70))]
        details: Any = {"with_alignment": True} if engine == "torch" else {}
        with (
            Translator.load(toy.run, engine=engine, threads=2, beam_size=2) as translator,
            ThreadPoolExecutor(6) as threads,
        ):
            serial = [translator.translate_detailed(request, **details) for request in requests]
            parallel = [*threads.map(lambda request: translator.translate_detailed(request, **details), requests)]
            processes = set(descendants(os.getpid())) - others
        return Session(translator, serial, parallel, processes)

    return session


@pytest.mark.usefixtures("two_threads")
@pytest.mark.parametrize("engine", ENGINES)
def test_threads_get_the_answers_that_one_gets_after_the_other(engine, sessions):
    session = sessions(engine)

    assert session.parallel == session.serial
    assert list(map(len, session.serial)) == [len(MANY), *[1, 7, 70] * 3]


@pytest.mark.usefixtures("two_threads")
def test_a_closed_translator_has_no_processes_and_says_so(sessions):
    session = sessions("torch")

    assert len(session.processes) == 3  # a program and its workers
    wait_for_the_end_of(session.processes)
    session.translator.close()
    with pytest.raises(UsageError, match="the translator is closed; load it again"):
        session.translator.translate("le chat")


def test_no_process_outlives_a_program_that_does_not_close_its_translator(toy):
    # Two forks of a program that has loaded torch already: one ends, the other one is killed.
    code = """
import os, signal, sys
import torch
from tests.integration.test_translator import descendants
from transformer_cli import Translator
for is_killed in (False, True):
    if not os.fork():
        translator = Translator.load(sys.argv[1], engine="torch", threads=2)
        translator.translate(["le chat"] * 300)
        print(*descendants(os.getpid()), flush=True)
        if is_killed:
            os.kill(os.getpid(), signal.SIGKILL)
        break
    print(os.waitstatus_to_exitcode(os.wait()[1]), flush=True)
"""
    finished = subprocess.run(
        [sys.executable, "-c", code, toy.run], stdout=subprocess.PIPE, env=environment(), timeout=120, check=True
    )

    ended, code_of_the_end, killed, code_of_the_killed = finished.stdout.splitlines()
    assert (int(code_of_the_end), int(code_of_the_killed)) == (0, -signal.SIGKILL)
    processes = [*map(int, ended.split()), *map(int, killed.split())]
    assert len(processes) == 6  # twice a program and its workers
    wait_for_the_end_of(processes)


def wait_for_the_end_of(processes: Collection[int]) -> None:
    for _ in range(600):
        if not any(map(is_running, processes)):
            break
        time.sleep(0.1)
    assert not any(map(is_running, processes))


def descendants(pid: int) -> Iterator[int]:
    for task in Path(f"/proc/{pid}/task").iterdir():
        for child in map(int, (task / "children").read_text().split()):
            yield child
            yield from descendants(child)


def is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_a_model_that_is_not_there_is_named(tmp_path):
    with pytest.raises(ModelNotFoundError, match="give a model directory or a run directory"):
        Translator.load(tmp_path / "nothing")


@pytest.mark.parametrize("statement", ["import transformer_cli", "from transformer_cli import Translator"])
def test_importing_is_cheap(statement):
    code = f"import sys; {statement}; sys.exit(', '.join({{'torch', 'pydantic', 'sentencepiece'}} & {{*sys.modules}}))"

    finished = subprocess.run([sys.executable, "-c", code], env=environment(), stderr=subprocess.PIPE, check=False)

    assert finished.stderr == b"\n"
