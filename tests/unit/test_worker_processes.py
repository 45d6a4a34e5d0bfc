from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

import pytest

from tests.support.command_line import TIMEOUT_SECONDS, environment
from transformer_cli.errors import TfmError
from transformer_cli.worker_processes import WorkerProcesses


def workers(answer: Callable[[Any], Any], number: int = 3, **options: Any) -> WorkerProcesses[Any, Any]:
    return WorkerProcesses(answer, number=number, work="counting", remedy="count less", **options)


def test_answers_come_in_the_order_of_the_questions_though_later_ones_are_ready_earlier():
    def slow_at_first(question: int) -> int:
        time.sleep(0.05 if question % 3 == 0 else 0)
        return question * question

    processes = workers(slow_at_first)

    for _ in range(2):  # the second time the workers are there already
        assert list(processes.answers_in_order(range(20))) == [i * i for i in range(20)]
    assert sorted(processes.answers("abc" * 2 for _ in range(0))) == []
    processes.close()


def test_the_work_is_done_in_as_many_other_processes_as_were_asked_for():
    def number_of_process(_: int) -> int:
        time.sleep(0.02)
        return os.getpid()

    processes = workers(number_of_process)

    assert len(found := set(processes.answers_in_order(range(12)))) == 3
    assert os.getpid() not in found
    processes.close()


def test_few_questions_are_taken_before_the_oldest_has_its_answer():
    taken = 0

    def questions():
        nonlocal taken
        for question in range(1000):
            taken = question
            yield question

    def slow_at_first(question: int) -> int:
        time.sleep(0.5 if question == 0 else 0)
        return question

    processes = workers(slow_at_first, number=2)

    assert next(processes.answers_in_order(questions())) == 0
    assert taken <= 17
    processes.close()


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (TfmError("no"), "^no$"),
        (MemoryError("none left\nmore"), "^a counting process failed: none left$"),
        (ValueError("a bug"), "^a counting process ended with exit code 1; count less$"),
    ],
    ids=repr,
)
def test_an_error_in_a_worker_is_one_error_here_and_new_workers_answer_the_next_questions(capfd, error, message):
    def fail_at_5(question: int) -> int:
        if question == 5:
            raise error
        return question

    processes = workers(fail_at_5)

    with pytest.raises(TfmError, match=message):
        list(processes.answers(range(10)))
    assert list(processes.answers_in_order(range(5))) == list(range(5))
    processes.close()


def parent_and_square(number: int) -> tuple[int, int]:
    """Can be pickled, as a new program needs it."""
    if number == 5:
        os.kill(os.getpid(), signal.SIGUSR1)
    time.sleep(0.02)
    return os.getppid(), number * number


def test_a_new_program_forks_workers_that_answer_as_others_do():
    processes = workers(parent_and_square, by_new_program=True)

    numbers = [0, 1, 2, 3, 4, 6] * 2
    parents, squares = zip(*processes.answers_in_order(numbers), strict=True)
    assert squares == tuple(number * number for number in numbers)
    assert len(set(parents)) == 1
    assert os.getpid() not in parents
    assert processes.are_running
    [again] = processes.answers_in_order([3])
    assert again == (parents[0], 9)
    message = f"^a counting process was killed by signal {signal.SIGUSR1.value}; count less$"
    with pytest.raises(TfmError, match=message):
        list(processes.answers(range(10)))
    assert not processes.are_running
    [(parent, _)] = processes.answers_in_order([1])
    assert parent not in parents
    processes.close()
    with pytest.raises(ProcessLookupError):
        os.kill(parent, 0)


@pytest.mark.parametrize("options", ["", ", by_new_program=True"])
def test_workers_end_when_their_parent_is_killed(options):
    code = f"""
import os, signal
from tests.unit.test_worker_processes import parent_and_square, workers
for answer in workers(parent_and_square, number=2{options}).answers_in_order([6] * 100):
    print(answer, flush=True)
    os.kill(os.getpid(), signal.SIGKILL)  # while the workers are busy
"""
    # The workers hold the other end of the pipe: all of it is read only when the last of them has ended.
    finished = subprocess.run(
        [sys.executable, "-c", code], env=environment(), capture_output=True, timeout=TIMEOUT_SECONDS
    )

    assert finished.returncode == -signal.SIGKILL
    assert finished.stdout.split()
    assert finished.stderr == b""
