from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from transformer_cli.config import CleaningConfig, LanguagesConfig
from transformer_cli.data.cleaning.cache import CleanedCorpus, write_cleaned
from transformer_cli.data.cleaning.rules import PairCleaner
from transformer_cli.data.corpora import SentencePair
from transformer_cli.workflows.prepare import unrelated
from transformer_cli.workflows.prepare.unrelated import find_unrelated

MEANINGS = np.random.default_rng(1).normal(size=(1000, 64)).astype(np.float32)
MEANINGS /= np.linalg.norm(MEANINGS, axis=1, keepdims=True)


@pytest.fixture(autouse=True)
def one_core(monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "1")  # what a forked process encodes would not be seen here


class Encoder:
    """An encoder for which the number in a text is its meaning; it remembers what it was given."""

    def __init__(self) -> None:
        self.texts: list[str] = []

    def __call__(self, texts: list[str]) -> np.ndarray:
        self.texts += texts
        return MEANINGS[[int(text.split()[-1]) for text in texts]]


def corpus(folder: Path, numbers: list[tuple[int, int]]) -> CleanedCorpus:
    pairs = [SentencePair(f"numéro {source}", f"number {target}", "x:1") for source, target in numbers]
    cleaner = PairCleaner(CleaningConfig(), LanguagesConfig(source="fr", target="en"))
    return write_cleaned(folder, pairs, cleaner)


def test_the_pairs_whose_sides_do_not_mean_the_same_are_found_in_all_corpora(tmp_path):
    one = corpus(tmp_path / "1", [(n, n + 1 if n % 10 == 3 else n) for n in range(200)])
    other = corpus(tmp_path / "2", [(500, 500), (501, 600)])

    found, limit = find_unrelated([one, other], Encoder(), tmp_path)

    assert np.flatnonzero(found).tolist() == [*range(3, 200, 10), 201]
    assert limit is not None
    assert 0.3 < limit < 1


def test_only_new_pairs_are_compared_the_next_time(tmp_path):
    first = corpus(tmp_path / "1", [(n, n) for n in range(300)])
    find_unrelated([first], Encoder(), tmp_path)
    grown = corpus(tmp_path / "2", [*((n, n) for n in range(300)), (400, 400), (401, 500)])

    again, more = Encoder(), Encoder()
    assert not find_unrelated([first], again, tmp_path)[0].any()
    found, _ = find_unrelated([grown], more, tmp_path)

    assert again.texts == []
    # Each of the two pairs is new, and so are its mismatched pairs with the two beside it.
    assert 4 <= len(more.texts) <= 12
    assert np.flatnonzero(found).tolist() == [301]


def test_a_process_that_was_killed_has_not_compared_for_nothing(tmp_path, monkeypatch):
    monkeypatch.setattr(unrelated, "_LOGGED_EVERY", 10)
    pairs = corpus(tmp_path / "1", [(n, n) for n in range(900)])

    class Killed(Encoder):
        def __call__(self, texts: list[str]) -> np.ndarray:
            if len(self.texts) > 1000:
                raise KeyboardInterrupt
            return super().__call__(texts)

    whole, second = Encoder(), Encoder()
    with pytest.raises(KeyboardInterrupt):
        find_unrelated([pairs], Killed(), tmp_path)
    found, limit = find_unrelated([pairs], second, tmp_path)

    shutil.rmtree(tmp_path / "anew", ignore_errors=True)
    (tmp_path / "anew").mkdir()
    assert find_unrelated([pairs], whole, tmp_path / "anew")[1] == limit
    assert not found.any()
    assert len(second.texts) <= len(whole.texts) - 1000


def test_of_too_few_pairs_none_is_dropped(tmp_path, messages):
    few = corpus(tmp_path / "1", [(n, n + 1) for n in range(50)])

    found, limit = find_unrelated([few], Encoder(), tmp_path)

    assert not found.any()
    assert limit is None
    assert messages.warnings == ["cleaning.unrelated: 50 pairs are too few to choose a limit from; none is dropped"]


def test_where_the_encoder_is_of_no_use_none_is_dropped(tmp_path, messages):
    random = np.random.default_rng(1).permutation(300).tolist()
    mixed = corpus(tmp_path / "1", list(enumerate(random)))

    found, limit = find_unrelated([mixed], Encoder(), tmp_path)

    assert not found.any()
    assert limit is None
    assert messages.warnings == ["cleaning.unrelated: pairs cannot be told from mismatched ones; none is dropped"]
