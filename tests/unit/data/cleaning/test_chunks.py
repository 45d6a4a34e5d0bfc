from __future__ import annotations

import os
import signal

import pytest

from transformer_cli.config import CleaningConfig, LanguagesConfig
from transformer_cli.data.cleaning.cache import write_cleaned
from transformer_cli.data.cleaning.chunks import PAIRS_AT_ONCE, clean_in_chunks
from transformer_cli.data.cleaning.rules import PairCleaner
from transformer_cli.data.corpora import SentencePair
from transformer_cli.errors import TfmError

PAIRS = 3 * PAIRS_AT_ONCE + 5


def pairs(number: int = PAIRS) -> list[SentencePair]:
    """Return pairs of which each has another text; some break a rule, are mended or have letters of another script."""
    texts = ["une phrase", "", "12 34", "une phrase avec Ж", "x" * 2000, "une &eacute;toile", "un m@@ ot"]
    return [SentencePair(f"{texts[i % 7]} {i}", f"sentence {i}", f"f:{i}", i % 11 > 0) for i in range(number)]


def cleaner(kind: type[PairCleaner] = PairCleaner) -> PairCleaner:
    return kind(CleaningConfig(), LanguagesConfig(source="fr", target="en"))


@pytest.mark.parametrize("number", [0, 1, PAIRS_AT_ONCE, PAIRS])
def test_several_processes_write_the_files_that_one_writes(tmp_path, monkeypatch, number):
    written = []
    for cores in (1, 3):
        monkeypatch.setattr("transformer_cli.data.cleaning.chunks.available_cores", lambda cores=cores: cores)
        folder = tmp_path / str(cores)
        corpus = write_cleaned(folder, iter(pairs(number)), cleaner())
        assert corpus.read == number
        assert corpus.kept + sum(corpus.dropped.values()) == number
        written.append({path.name: path.read_bytes() for path in folder.iterdir()})

    assert written[0] == written[1]


class Killed(PairCleaner):
    def judge(self, pairs):
        if any(pair.place == f"f:{PAIRS - 1}" for pair in pairs):
            os.kill(os.getpid(), signal.SIGKILL)
        return super().judge(pairs)


def test_a_worker_that_is_killed_is_one_error():
    with pytest.raises(TfmError, match=r"a cleaning process was killed by signal 9; .*OMP_NUM_THREADS=1"):
        list(clean_in_chunks(pairs(), cleaner(Killed), cores=2))


def test_an_error_of_the_reader_reaches_the_caller():
    def broken():
        yield from pairs()
        raise TfmError("line 99 is broken")

    with pytest.raises(TfmError, match=r"^line 99 is broken$"):
        list(clean_in_chunks(broken(), cleaner(), cores=2))
