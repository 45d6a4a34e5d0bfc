"""Forked processes that answer questions with one function: a share of the work for each core.

`concurrent.futures.ProcessPoolExecutor` would be shorter. But its workers outlive a killed parent (two still ran ten
minutes later), it hides the exit code of a worker, and before Python 3.14 it cannot terminate a worker.
"""

from __future__ import annotations

import contextlib
import gc
import multiprocessing
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from multiprocessing.connection import Connection, wait
from multiprocessing.context import ForkProcess
from typing import Any, Generic, NoReturn, TypeVar

from transformer_cli.errors import TfmError

Question = TypeVar("Question")
Answer = TypeVar("Answer")

_MOST_AHEAD = 8
"""Largest number of questions for each worker between the oldest one without an answer and the next one asked."""


class WorkerProcesses(Generic[Question, Answer]):
    """Processes that are forked at the first question, so they share the memory of what exists by then.

    A fork has no other thread of its parent, but a lock that such a thread held stays locked in it. Those of C's memory
    and of Python are safe, those of matrix products are not (`ParallelEngine`): where another thread may be in one,
    the workers are forked by a new program.

    Args:
        answer: The function; it runs in the workers. Questions and answers are pickled on their way.
        number: The number of processes.
        work: What a worker does, as a participle for messages: ``"translating"``.
        remedy: The end of the message about a worker that was killed.
        by_new_program: Whether a new program, which receives ``answer`` as it does questions, forks the workers. It
            starts as slowly as it imports what ``answer`` needs.
    """

    def __init__(
        self,
        answer: Callable[[Question], Answer],
        *,
        number: int,
        work: str,
        remedy: str,
        by_new_program: bool = False,
    ) -> None:
        self._answer = answer
        self._number = number
        self._work = work
        self._remedy = remedy
        self._by_new_program = by_new_program
        self._workers: dict[Connection, ForkProcess | _NewProgram] = {}

    @property
    def are_running(self) -> bool:
        """Whether the workers have started."""
        return bool(self._workers)

    def answers(self, questions: Iterable[Question]) -> Iterator[tuple[int, Answer]]:
        """Yield the index of each question and its answer, as soon as it is there.

        One question more than there are workers is taken from ``questions`` in advance. If the iteration ends early,
        the workers are stopped; the next questions start new ones.

        Raises:
            TfmError: A worker raised one, was killed, or has no memory.
        """
        try:
            if not self._workers:
                self._start()
            yield from self._ask(enumerate(questions))
        except BaseException:
            self.close()  # otherwise a pending answer would be read as the answer to the next question
            raise

    def answers_in_order(self, questions: Iterable[Question]) -> Iterator[Answer]:
        """Yield the answers in the order of the questions; see `answers`."""
        early: dict[int, Answer] = {}
        following = 0
        for index, answer in self.answers(questions):
            early[index] = answer
            while following in early:
                yield early.pop(following)
                following += 1

    def close(self) -> None:
        """Stop the workers."""
        for connection, process in self._workers.items():
            connection.close()
            process.terminate()
        for process in self._workers.values():
            process.join()
        self._workers = {}

    def _start(self) -> None:
        if self._by_new_program:
            self._start_new_program()
            return
        context = multiprocessing.get_context("fork")
        for _ in range(self._number):
            here, there = context.Pipe()
            arguments = (self._answer, self._work, there, [*self._workers, here])
            process = context.Process(target=_serve, args=arguments, daemon=True)
            process.start()
            there.close()  # so that the end of a worker is noticed
            self._workers[here] = process

    def _start_new_program(self) -> None:
        pipes = [multiprocessing.Pipe() for _ in range(self._number)]
        program = _NewProgram([there for _, there in pipes])
        for here, there in pipes:
            there.close()
            self._workers[here] = program
        try:
            pipes[0][0].send((self._answer, self._work))
        except OSError:
            raise self._lost(pipes[0][0]) from None

    def _ask(self, questions: Iterator[tuple[int, Question]]) -> Iterator[tuple[int, Answer]]:
        asked: dict[Connection, int] = {}
        idle = list(self._workers)
        following = next(questions, None)
        while following is not None or asked:
            while (
                idle
                and following is not None
                and following[0] - min(asked.values(), default=following[0]) < (_MOST_AHEAD * self._number)
            ):
                connection = idle.pop()
                self._send(connection, following[1])
                asked[connection] = following[0]
                following = next(questions, None)
            for ready in wait(list(asked)):
                if isinstance(ready, Connection):
                    answer = self._receive(ready)
                    idle.append(ready)
                    yield asked.pop(ready), answer

    def _send(self, connection: Connection, question: Question) -> None:
        try:
            connection.send(question)
        except OSError:
            raise self._lost(connection) from None

    def _receive(self, connection: Connection) -> Answer:
        try:
            answer: Answer | TfmError = connection.recv()
        except (EOFError, OSError):
            raise self._lost(connection) from None
        if isinstance(answer, TfmError):
            raise answer
        return answer

    def _lost(self, connection: Connection) -> TfmError:
        process = self._workers[connection]
        process.join(timeout=1)
        code = process.exitcode or 0
        how = f"was killed by signal {-code}" if code < 0 else f"ended with exit code {code}"
        return TfmError(f"a {self._work} process {how}; {self._remedy}")


def run_side_by_side(tasks: Sequence[Callable[[], Any]], *, cores: int, work: str, remedy: str) -> list[Any]:
    """Return the results of different tasks; they run at the same time if there are several cores.

    Args:
        tasks: Functions without arguments; their results are pickled.
        cores: The largest number of processes. With one, all tasks run in this process.
        work: What a task does, as a participle for messages.
        remedy: The end of the message about a process that was killed.

    Raises:
        TfmError: A task raised one, or its process was killed.
    """
    if cores < 2:
        return [task() for task in tasks]
    number = min(cores, len(tasks))
    workers: WorkerProcesses[int, Any] = WorkerProcesses(
        lambda place: tasks[place](), number=number, work=work, remedy=remedy
    )
    try:
        return list(workers.answers_in_order(range(len(tasks))))
    finally:
        workers.close()


class _NewProgram:
    """A program that forks a worker for each connection, and ends as the first of them that fails.

    `multiprocessing` would run the main module again in such a program, and that one is not ours.
    """

    _CODE = (
        "import sys; sys.path[:] = sys.argv[2:]; "
        "from transformer_cli.worker_processes import serve_in_forks; serve_in_forks(sys.argv[1])"
    )

    def __init__(self, connections: Sequence[Connection]) -> None:
        descriptors = [connection.fileno() for connection in connections]
        self._program = subprocess.Popen(
            [sys.executable, "-c", self._CODE, " ".join(map(str, descriptors)), *sys.path],
            pass_fds=descriptors,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            start_new_session=True,  # Ctrl-C is for the parent, and `terminate` for the workers as well
        )

    def terminate(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._program.pid, signal.SIGTERM)

    def join(self, timeout: float | None = None) -> None:
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._program.wait(timeout)

    @property
    def exitcode(self) -> int | None:
        return self._program.poll()


def serve_in_forks(descriptors: str) -> None:
    """Receive a function and answer questions about it in a fork for each connection, until the parent closes them.

    Args:
        descriptors: Those of the connections, with spaces between them.
    """
    connections = [Connection(int(descriptor)) for descriptor in descriptors.split()]
    answer, work = connections[0].recv()
    context = multiprocessing.get_context("fork")
    workers = []
    for own in connections:
        others = [each for each in connections if each is not own]
        workers.append(context.Process(target=_serve, args=(answer, work, own, others), daemon=True))
        workers[-1].start()
    for connection in connections:
        connection.close()
    while workers:
        wait([worker.sentinel for worker in workers])
        for worker in [each for each in workers if each.exitcode is not None]:
            if worker.exitcode:
                _end_like(worker.exitcode)
            workers.remove(worker)


def _end_like(code: int) -> NoReturn:
    """End this process with an exit code, or by a signal if that is negative."""
    if code < 0:
        os.kill(os.getpid(), -code)
    sys.exit(code)


def _serve(
    answer: Callable[[Question], Answer], work: str, connection: Connection, inherited: list[Connection]
) -> None:
    """Answer questions until the parent closes the connection, or is gone."""
    gc.freeze()  # so that the collector leaves pages alone that are shared with the parent
    for other in inherited:  # if open here, they would hide the parent's end from the other workers
        other.close()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the parent as well, which ends its workers
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)  # in place of the parent's handlers
    while True:
        try:
            question = connection.recv()
        except (EOFError, OSError):
            return
        result: Answer | TfmError
        try:
            result = answer(question)
        except TfmError as error:
            result = error
        except (MemoryError, OSError, RuntimeError) as error:
            result = TfmError(f"a {work} process failed: {str(error).partition(chr(10))[0]}")
        try:
            connection.send(result)
        except OSError:  # the parent was killed
            return
