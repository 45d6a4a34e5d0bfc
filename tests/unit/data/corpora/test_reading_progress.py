from __future__ import annotations

from itertools import count

import pytest

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


@pytest.mark.parametrize(("damaged", "some"), [(1, "1 pair has"), (1200, "1,200 pairs have")])
def test_pairs_that_are_no_text_are_warned_of_with_the_first(messages, damaged, some):
    pairs = [SentencePair("un", "\ufffd", f"t:{number}", number < 7) for number in range(7 + damaged)]

    assert list(log_reading(pairs, "t.tsv", clock=lambda: 0.0)) == pairs
    assert messages.texts == [f"t.tsv: {some} bytes that are no text, the first at t:7; see cleaning.not_utf8"]
