from __future__ import annotations

import os
import re
import signal
import threading
from collections.abc import Iterator, Sequence

import pytest
import torch

from tests.support.other_process import OtherProcess, other_process
from tests.support.small_runs import one_thread
from tests.support.tiny_models import talkative_model
from transformer_cli.config import DecodingConfig
from transformer_cli.decoding.engine import BEST_ONLY, Prefixes, SearchOptions
from transformer_cli.decoding.hypothesis import Hypothesis
from transformer_cli.decoding.pytorch.parallel_engine import ParallelEngine
from transformer_cli.decoding.pytorch.torch_engine import TorchEngine
from transformer_cli.errors import TfmError

SOURCES = [[4 + (7 * i + 3 * j) % 300 for j in range(1 + i % 7)] for i in range(150)]
MANY = SOURCES * 2
"""So many that workers start in a process that others compute in as well, as that of the tests."""
FEW = SOURCES[:75]
"""As few as may be that workers start in a process that nothing else computes in."""
HARMLESS = [source for source in FEW if len(source) != 3]


def engine(kind: type[TorchEngine] = TorchEngine) -> TorchEngine:
    config = DecodingConfig(beam_size=2, max_length_ratio=1.0, max_length_extra=3, batch_tokens=40)
    return kind(talkative_model(), config)


@pytest.fixture(scope="module")
def started() -> Iterator[tuple[ParallelEngine, list[list[Hypothesis]], int]]:
    """An engine whose workers started while other threads multiplied, what they found, and forks of this process."""
    forks = []
    os.register_at_fork(before=lambda: forks.append(1))
    several = ParallelEngine(engine(), workers=3)

    def multiply() -> None:
        torch.randn(900, 900) @ torch.randn(900, 900)

    with one_thread():
        threads = [threading.Thread(target=multiply) for _ in range(4)]
        for thread in threads:
            thread.start()
        found = several.search(MANY, BEST_ONLY)
        for thread in threads:
            thread.join()
    yield several, found, len(forks)
    several.close()


def test_a_process_in_which_something_else_computes_is_not_forked(started):
    several, found, forks = started

    assert several._workers.are_running
    assert forks == 0
    assert found == engine().search(MANY, BEST_ONLY)


def test_workers_find_what_one_process_finds_in_the_order_of_the_sources(started):
    one, (several, *_) = engine(), started

    expected = one.search(SOURCES, BEST_ONLY)

    assert len({found[0].tokens for found in expected}) > 50
    assert several.limit == one.limit
    for sources in (MANY, SOURCES[::-1], SOURCES[:3]):
        found = several.search(sources, BEST_ONLY)
        assert [each[0].tokens for each in found] == [expected[SOURCES.index(source)][0].tokens for source in sources]
    prefixes = [(10 + i % 50,) * (i % 4) for i in range(len(MANY))]
    begun = several.search(MANY, BEST_ONLY, prefixes)
    assert [each[0].tokens for each in begun] == [each[0].tokens for each in one.search(MANY, BEST_ONLY, prefixes)]
    assert all(each[0].tokens[: len(prefix)] == prefix for each, prefix in zip(begun, prefixes, strict=True))


@pytest.mark.parametrize("workers", [2, 3, 5])
def test_every_worker_gets_as_many_batches_and_none_is_much_larger_than_the_others(workers):
    sources = [[4] * (5 + i % 30) for i in range(4000)]
    parallel = ParallelEngine(TorchEngine(talkative_model(), DecodingConfig(batch_tokens=10_000)), workers=workers)

    batches = parallel._batches(sources, BEST_ONLY)

    assert sorted(i for batch in batches for i in batch) == list(range(len(sources)))
    assert len(batches) % workers == 0
    assert len(batches) >= 4 * workers
    sizes = [len(batch) * (1 + max(len(sources[i]) for i in batch)) for batch in batches]
    assert min(sizes) > 0.7 * max(sizes)
    assert [len(sources[batch[-1]]) for batch in batches] == sorted(
        (len(sources[b[-1]]) for b in batches), reverse=True
    )


class Watched(TorchEngine):
    """Notes with how many threads it was asked to search."""

    def search(
        self, sources: Sequence[Sequence[int]], options: SearchOptions, prefixes: Prefixes = ()
    ) -> list[list[Hypothesis]]:
        self.threads = torch.get_num_threads()
        return super().search(sources, options, prefixes)


@pytest.mark.parametrize(("lines", "threads"), [(1, 1), (4, 1), (5, 3), (63, 3)])
def test_a_line_or_a_few_are_searched_by_one_thread_and_the_others_are_there_again_afterwards(lines, threads):
    before = torch.get_num_threads()
    watched = engine(Watched)
    torch.set_num_threads(3)
    try:
        ParallelEngine(watched, workers=3).search(SOURCES[:lines], BEST_ONLY)

        assert isinstance(watched, Watched)
        assert (watched.threads, torch.get_num_threads()) == (threads, 3)
    finally:
        torch.set_num_threads(before)


class Failing(TorchEngine):
    """Has a fault at every source of three tokens."""

    def search(
        self, sources: Sequence[Sequence[int]], options: SearchOptions, prefixes: Prefixes = ()
    ) -> list[list[Hypothesis]]:
        if any(len(source) == 3 for source in sources):
            self.fail()
        return super().search(sources, options, prefixes)

    def fail(self) -> None:
        raise TfmError("no threes here")


class Killed(Failing):
    def fail(self) -> None:
        os.kill(os.getpid(), signal.SIGKILL)


class OutOfMemory(Failing):
    def fail(self) -> None:
        raise RuntimeError("can't allocate memory\nmore")


@pytest.fixture(scope="module")
def owned() -> Iterator[OtherProcess]:
    """A process in which nothing but a search computes."""
    with other_process(OMP_NUM_THREADS="2") as process:
        yield process


def message_and_number_found_afterwards(kind: type[TorchEngine]) -> tuple[str, int]:
    several = ParallelEngine(engine(kind), workers=2, owns_process=True)
    with pytest.raises(TfmError) as caught:
        several.search(FEW, BEST_ONLY)
    found = several.search(HARMLESS, BEST_ONLY)
    several.close()
    return str(caught.value), len(found)


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        (Failing, "^no threes here$"),
        (Killed, "was killed by signal 9; .*--batch-tokens"),
        (OutOfMemory, "failed: can't allocate memory$"),
    ],
)
def test_a_worker_that_fails_or_is_killed_is_reported_and_the_next_search_has_new_ones(kind, message, owned):
    said, found = owned.call(message_and_number_found_afterwards, kind)

    assert re.search(message, said)
    assert found == len(HARMLESS) == 64


def test_a_worker_that_is_killed_is_reported_though_a_program_between_started_it():
    several = ParallelEngine(engine(Killed), workers=2)

    with pytest.raises(TfmError, match="was killed"):
        several.search(MANY, BEST_ONLY)
    several.close()


class Stopping(TorchEngine):
    """Searches as another engine does, but not in this process."""

    home = os.getpid()

    def search(
        self, sources: Sequence[Sequence[int]], options: SearchOptions, prefixes: Prefixes = ()
    ) -> list[list[Hypothesis]]:
        assert os.getpid() != Stopping.home
        return super().search(sources, options, prefixes)


def found_and_forks() -> tuple[int, int]:
    forks = []
    os.register_at_fork(before=lambda: forks.append(1))
    torch.set_num_threads(2)
    torch.randn(600, 600) @ torch.randn(600, 600)
    several = ParallelEngine(engine(Stopping), workers=2, owns_process=True)
    found = several.search(SOURCES, BEST_ONLY)
    several.close()
    return len(found), len(forks)


def test_a_process_in_which_nothing_else_computes_is_forked_and_its_own_threads_do_no_harm(owned):
    assert owned.call(found_and_forks) == (len(SOURCES), 2)
