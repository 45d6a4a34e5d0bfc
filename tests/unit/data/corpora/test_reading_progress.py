from __future__ import annotations

from itertools import count

from transformer_cli.data.corpora import SentencePair
from transformer_cli.data.corpora.reading_progress import log_reading


def test_a_long_corpus_is_told_of_now_and_then_and_every_pair_passes(messages):
    pairs = [SentencePair("un", "one", f"t:{number}") for number in range(40_000)]
    seconds = count()  # each look at the clock takes one

    passed = list(log_reading(pairs, "t.tsv", clock=lambda: float(next(seconds))))

    assert passed == pairs
    assert messages.texts == ["t.tsv: 15,360 pairs read so far", "t.tsv: 30,720 pairs read so far"]


def test_a_short_corpus_is_not_told_of(messages):
    pairs = [SentencePair("un", "one", "t:1")] * 3

    assert list(log_reading(pairs, "t.tsv", clock=lambda: 0.0)) == pairs
    assert messages.texts == []
