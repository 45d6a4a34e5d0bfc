"""Runs one engine in several single-threaded processes: about 1.5 times as fast as threads on a CPU.

The workers are forked at the first large search, so they share the memory of the weights. Each worker gets one batch at
a time, longest sources first; results are put back in order. The engine itself handles small searches with its threads,
and the smallest searches with one thread. In those, threads would wait for each other as long as they work, and a
hundred times as long if another program occupies one of the cores.

A process cannot be forked at any moment. A thread that has multiplied matrices with MKL holds a lock of MKL's while it
ends and returns its buffers. In a worker forked just then the lock stays locked, and the worker's first product spins
for ever. So this process is forked only if nothing but this engine computes in it, because its threads do not end.
Elsewhere a new program loads the weights and is forked. It takes seconds to start, so until it runs the engine's
threads handle more sources than are large otherwise.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial

import torch

from transformer_cli.decoding.engine import Prefixes, SearchOptions
from transformer_cli.decoding.hypothesis import Hypothesis
from transformer_cli.decoding.pytorch.torch_engine import TorchEngine
from transformer_cli.device import manage_memory
from transformer_cli.worker_processes import WorkerProcesses

_LEAST_SOURCES = 64
_LEAST_SOURCES_FOR_A_PROGRAM = 256
_FEW_SOURCES = 4
_BATCHES_A_WORKER = 4
_LEAST_BATCH_TOKENS = 500

_Question = tuple[list[list[int]], SearchOptions, list[Sequence[int]]]


class ParallelEngine:
    """Searches with copies of an engine; see `Engine`.

    Args:
        engine: Engine on the CPU.
        workers: Number of processes, at least 2.
        owns_process: Whether nothing but this engine computes in this process.
    """

    def __init__(self, engine: TorchEngine, *, workers: int, owns_process: bool = False) -> None:
        self._engine = engine
        self._num_workers = workers
        self._workers: WorkerProcesses[_Question, list[list[Hypothesis]]] = WorkerProcesses(
            partial(_search_alone, engine),
            number=workers,
            work="translating",
            remedy="if the memory ran out, lower --batch-tokens or give --threads 1 for a single process",
            by_new_program=not owns_process,
        )
        self._least_to_start = _LEAST_SOURCES if owns_process else _LEAST_SOURCES_FOR_A_PROGRAM
        self._lock = threading.Lock()  # one search at a time: it uses all workers

    @property
    def limit(self) -> int:
        """See `Engine.limit`."""
        return self._engine.limit

    @property
    def beam_size(self) -> int:
        """See `Engine.beam_size`."""
        return self._engine.beam_size

    @property
    def can_align(self) -> bool:
        """See `Engine.can_align`."""
        return True

    def search(
        self, sources: Sequence[Sequence[int]], options: SearchOptions, prefixes: Prefixes = ()
    ) -> list[list[Hypothesis]]:
        """See `Engine.search`.

        Raises:
            TfmError: A worker was killed.
        """
        with self._lock:
            return self._search(sources, options, prefixes)

    def close(self) -> None:
        """See `Engine.close`."""
        with self._lock:
            self._workers.close()

    def _search(
        self, sources: Sequence[Sequence[int]], options: SearchOptions, prefixes: Prefixes
    ) -> list[list[Hypothesis]]:
        if len(sources) <= _FEW_SOURCES:
            with _one_thread():
                return self._engine.search(sources, options, prefixes)
        if len(sources) < (_LEAST_SOURCES if self._workers.are_running else self._least_to_start):
            return self._engine.search(sources, options, prefixes)
        batches = self._batches(sources, options)
        questions = (
            ([list(sources[i]) for i in batch], options, [prefixes[i] for i in batch] if prefixes else [])
            for batch in batches
        )
        hypotheses: dict[int, list[Hypothesis]] = {}
        for number, answer in self._workers.answers(questions):
            hypotheses.update(zip(batches[number], answer, strict=True))
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


def _search_alone(engine: TorchEngine, question: _Question) -> list[list[Hypothesis]]:
    torch.set_num_threads(1)
    manage_memory()  # a new program has not done so
    return engine.search(*question)


@contextmanager
def _one_thread() -> Iterator[None]:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)
