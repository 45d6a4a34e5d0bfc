from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Sequence

import pytest
import torch

from tests.support.command_line import TIMEOUT_SECONDS, environment
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


def engine(kind: type[TorchEngine] = TorchEngine) -> TorchEngine:
    config = DecodingConfig(beam_size=2, max_length_ratio=1.0, max_length_extra=3, batch_tokens=40)
    return kind(talkative_model(), config)


def test_workers_find_what_one_process_finds_in_the_order_of_the_sources():
    one = engine()

    expected = one.search(SOURCES, BEST_ONLY)

    assert len({found[0].tokens for found in expected}) > 50
    several = ParallelEngine(one, workers=3)
    assert several.limit == one.limit
    for sources in (MANY, SOURCES[::-1], SOURCES[:3]):
        found = several.search(sources, BEST_ONLY)
        assert [each[0].tokens for each in found] == [expected[SOURCES.index(source)][0].tokens for source in sources]
    prefixes = [(10 + i % 50,) * (i % 4) for i in range(len(MANY))]
    begun = several.search(MANY, BEST_ONLY, prefixes)
    assert [each[0].tokens for each in begun] == [each[0].tokens for each in one.search(MANY, BEST_ONLY, prefixes)]
    assert all(each[0].tokens[: len(prefix)] == prefix for each, prefix in zip(begun, prefixes, strict=True))
    several.close()


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


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        (Failing, "^no threes here$"),
        (Killed, "was killed by signal 9; .*--batch-tokens"),
        (OutOfMemory, "failed: can't allocate memory$"),
    ],
)
def test_a_worker_that_fails_or_is_killed_is_reported_and_the_next_search_has_new_ones(kind, message):
    several = ParallelEngine(engine(kind), workers=2)

    with pytest.raises(TfmError, match=message):
        several.search(MANY, BEST_ONLY)
    harmless = [source for source in MANY if len(source) != 3] * 2
    assert len(several.search(harmless, BEST_ONLY)) == len(harmless)
    several.close()


class Stopping(TorchEngine):
    """Searches as another engine does, but not in this process."""

    home = os.getpid()

    def search(
        self, sources: Sequence[Sequence[int]], options: SearchOptions, prefixes: Prefixes = ()
    ) -> list[list[Hypothesis]]:
        assert os.getpid() != Stopping.home
        return super().search(sources, options, prefixes)


OWNED = """
forks = []
os.register_at_fork(before=lambda: forks.append(1))
torch.set_num_threads(2)
torch.randn(600, 600) @ torch.randn(600, 600)
several = ParallelEngine(engine(Stopping), workers=2, owns_process=True)
assert len(several.search(SOURCES, BEST_ONLY)) == len(SOURCES)
assert forks == [1, 1]
"""
SHARED = """
os.register_at_fork(before=lambda: os._exit(1))
torch.set_num_threads(1)
one, several = engine(), ParallelEngine(engine(), workers=2)
expected = one.search(MANY, BEST_ONLY)

def multiply():
    torch.randn(900, 900) @ torch.randn(900, 900)

threads = [threading.Thread(target=multiply) for _ in range(4)]
for thread in threads:
    thread.start()
assert several.search(MANY, BEST_ONLY) == expected
for thread in threads:
    thread.join()
several.close()
"""


@pytest.mark.parametrize("code", [OWNED, SHARED], ids=["owned", "shared"])
def test_a_process_is_forked_only_if_nothing_else_computes_in_it_and_its_own_threads_do_no_harm(code):
    # In a process of its own: a pool of threads is there for good once it was used, and so is a hook.
    code = f"""
import threading
from tests.unit.decoding.pytorch.test_parallel_engine import *
{code}
"""
    variables = environment(OMP_NUM_THREADS="2")
    subprocess.run([sys.executable, "-c", code], env=variables, check=True, timeout=TIMEOUT_SECONDS)
