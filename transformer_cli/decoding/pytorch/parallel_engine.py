"""Runs one engine in several single-threaded processes: about 1.5 times as fast as threads on a CPU.

The workers are forked at the first large search, so they share the memory of the weights. Each worker gets one batch at
a time, longest sources first; results are put back in order. The engine itself handles small searches with its threads,
and the smallest searches with one thread. In those, threads would wait for each other as long as they work, and a
hundred times as long if another program occupies one of the cores.

`concurrent.futures.ProcessPoolExecutor` would be shorter. But its workers outlive a killed parent (two still ran ten
minutes later), it hides the exit code of a worker, and before Python 3.14 it cannot terminate a worker.
"""

from __future__ import annotations

import multiprocessing
import signal
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from multiprocessing.connection import Connection, wait
from multiprocessing.context import ForkProcess

import torch

from transformer_cli.decoding.engine import SearchOptions
from transformer_cli.decoding.hypothesis import Hypothesis
from transformer_cli.decoding.pytorch.torch_engine import TorchEngine
from transformer_cli.errors import TfmError

_LEAST_SOURCES = 64
_FEW_SOURCES = 4
_BATCHES_A_WORKER = 4
_LEAST_BATCH_TOKENS = 500

_Answer = list[list[Hypothesis]] | TfmError


class ParallelEngine:
    """Searches with copies of an engine; see `Engine`.

    Args:
        engine: Engine on the CPU.
        workers: Number of processes, at least 2.
    """

    def __init__(self, engine: TorchEngine, *, workers: int) -> None:
        self._engine = engine
        self._num_workers = workers
        self._workers: dict[Connection, ForkProcess] = {}
        self._lock = threading.Lock()  # one search at a time: it uses all workers

    @property
    def limit(self) -> int:
        """See `Engine.limit`."""
        return self._engine.limit

    def search(self, sources: Sequence[Sequence[int]], options: SearchOptions) -> list[list[Hypothesis]]:
        """See `Engine.search`.

        Raises:
            TfmError: A worker was killed.
        """
        with self._lock:
            return self._search(sources, options)

    def close(self) -> None:
        """See `Engine.close`."""
        with self._lock:
            self._stop()

    def _search(self, sources: Sequence[Sequence[int]], options: SearchOptions) -> list[list[Hypothesis]]:
        if len(sources) <= _FEW_SOURCES:
            with _one_thread():
                return self._engine.search(sources, options)
        if len(sources) < _LEAST_SOURCES:
            return self._engine.search(sources, options)
        if not self._workers:
            self._start()
        hypotheses: dict[int, list[Hypothesis]] = {}
        try:
            for indices, answer in self._answers(sources, self._batches(sources, options), options):
                hypotheses.update(zip(indices, answer, strict=True))
        except BaseException:
            self._stop()  # otherwise a pending answer would be read as the answer to the next search
            raise
        return [hypotheses[i] for i in range(len(sources))]

    def _batches(self, sources: Sequence[Sequence[int]], options: SearchOptions) -> list[list[int]]:
        """Return batches of indices, longest sources first, equal in number per worker and nearly equal in size.

        Batches with similar numbers of tokens take similar time, so no worker waits at the end.
        """

        def cut(max_tokens: int) -> list[list[int]]:
            return list(self._engine.batches(sources, options, max_tokens=max_tokens))

        too_few = max(map(len, sources))
        enough = max(
            sum(map(len, sources)) // (_BATCHES_A_WORKER * self._num_workers), _LEAST_BATCH_TOKENS, too_few + 1
        )
        batches = cut(enough)
        most_batches = -(-len(batches) // self._num_workers) * self._num_workers
        while enough - too_few > 1:
            middle = (too_few + enough) // 2
            smaller = cut(middle)
            if len(smaller) <= most_batches:
                enough, batches = middle, smaller
            else:
                too_few = middle
        return batches[::-1]

    def _start(self) -> None:
        context = multiprocessing.get_context("fork")
        for _ in range(self._num_workers):
            here, there = context.Pipe()
            process = context.Process(target=_work, args=(self._engine, there, [*self._workers, here]), daemon=True)
            process.start()
            there.close()  # so that the end of a worker is noticed
            self._workers[here] = process

    def _stop(self) -> None:
        for connection, process in self._workers.items():
            connection.close()
            process.terminate()
        for process in self._workers.values():
            process.join()
        self._workers = {}

    def _answers(
        self, sources: Sequence[Sequence[int]], batches: list[list[int]], options: SearchOptions
    ) -> Iterator[tuple[list[int], list[list[Hypothesis]]]]:
        waiting = iter(batches)
        asked: dict[Connection, list[int]] = {}
        idle = list(self._workers)
        while True:
            for connection, indices in zip(idle, waiting):  # noqa: B905 - whichever ends first
                self._send(connection, ([list(sources[i]) for i in indices], options))
                asked[connection] = indices
            if not asked:
                return
            idle = [connection for connection in wait(list(asked)) if isinstance(connection, Connection)]
            for connection in idle:
                answer = self._receive(connection)
                if isinstance(answer, TfmError):
                    raise answer
                yield asked.pop(connection), answer

    def _send(self, connection: Connection, question: tuple[list[list[int]], SearchOptions]) -> None:
        try:
            connection.send(question)
        except OSError:
            raise self._lost(connection) from None

    def _receive(self, connection: Connection) -> _Answer:
        try:
            answer: _Answer = connection.recv()
        except (EOFError, OSError):
            raise self._lost(connection) from None
        return answer

    def _lost(self, connection: Connection) -> TfmError:
        process = self._workers[connection]
        process.join(timeout=1)
        code = process.exitcode or 0
        how = f"was killed by signal {-code}" if code < 0 else f"ended with exit code {code}"
        return TfmError(
            f"a translating process {how}; if the memory ran out, lower --batch-tokens or give --threads 1 for a "
            "single process"
        )


@contextmanager
def _one_thread() -> Iterator[None]:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


def _work(engine: TorchEngine, connection: Connection, inherited: list[Connection]) -> None:
    """Answer searches until the parent closes the connection."""
    for other in inherited:  # if open here, they would hide the parent's end from the other workers
        other.close()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the parent as well, which ends its workers
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)  # in place of the parent's handlers
    torch.set_num_threads(1)
    while True:
        try:
            sources, options = connection.recv()
        except EOFError:
            return
        try:
            answer: _Answer = engine.search(sources, options)
        except TfmError as error:
            answer = error
        except (MemoryError, RuntimeError) as error:
            answer = TfmError(f"a translating process failed: {str(error).partition(chr(10))[0]}")
        connection.send(answer)
