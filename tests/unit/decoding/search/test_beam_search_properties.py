from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

import pytest
import torch

from tests.support.markov_decoder import (
    PrefixDecoder,
    RecordingDecoder,
    repeat_rows,
)
from transformer_cli.decoding.hypothesis import Hypothesis
from transformer_cli.decoding.search.beam_search import beam_search
from transformer_cli.decoding.search.greedy import greedy_search
from transformer_cli.special_tokens import BOS_ID, EOS_ID, PAD_ID, UNK_ID


def search_prefixes(
    sources: Sequence[int],
    limits: Sequence[int],
    *,
    beam_size: int,
    vocab_size: int = 6,
    **options: Any,
) -> list[list[Hypothesis]]:
    return beam_search(
        PrefixDecoder(repeat_rows(sources, beam_size), vocab_size=vocab_size),
        max_lengths=torch.tensor(limits),
        beam_size=beam_size,
        **options,
    )


def every_sentence(
    source: int, *, vocab_size: int, max_length: int, length_penalty: float, also: Sequence[int] = ()
) -> list[Hypothesis]:
    """Score all sentences of words, and of other tokens, up to a length, best first, without any search."""
    decoder = PrefixDecoder([], vocab_size=vocab_size)
    words = [token for token in range(vocab_size) if token in also or token not in (PAD_ID, UNK_ID, BOS_ID, EOS_ID)]
    hypotheses = []
    for length in range(1, max_length + 1):
        for tokens in itertools.product(words, repeat=length - 1):
            sentence = (BOS_ID, *tokens, EOS_ID)
            log_prob = sum(
                float(decoder.log_probs((source, *sentence[:position]))[sentence[position]])
                for position in range(1, length + 1)
            )
            hypotheses.append(Hypothesis(tokens, log_prob / length**length_penalty, log_prob))
    return sorted(hypotheses, key=lambda hypothesis: -hypothesis.score)


@pytest.mark.parametrize("length_penalty", [0.0, 0.6, 1.0, 2.0, -1.0])
@pytest.mark.parametrize(("vocab_size", "source"), [(6, 1), (6, 2), (7, 3), (7, 4), (7, 5)])
@pytest.mark.parametrize("early_stop", [True, False])
def test_a_wide_beam_finds_what_brute_force_finds(vocab_size, source, length_penalty, early_stop):
    expected = every_sentence(source, vocab_size=vocab_size, max_length=4, length_penalty=length_penalty)

    (found,) = search_prefixes(
        [source],
        [4],
        beam_size=64,
        vocab_size=vocab_size,
        length_penalty=length_penalty,
        n_best=64,
        early_stop=early_stop,
    )

    assert [h.tokens for h in found] == [h.tokens for h in expected]
    assert [h.score for h in found] == pytest.approx([h.score for h in expected], rel=1e-5)
    assert [h.log_prob for h in found] == pytest.approx([h.log_prob for h in expected], rel=1e-5)


def one_by_one(source: int, *, beam_size: int, vocab_size: int, max_length: int) -> list[tuple[int, ...]]:
    """Search with a beam that narrows, a hypothesis at a time, and return what ended, best first."""
    decoder = PrefixDecoder([], vocab_size=vocab_size)
    live: list[tuple[float, tuple[int, ...]]] = [(0.0, (source, BOS_ID))]
    ended: list[tuple[float, tuple[int, ...]]] = []
    while live:
        continuations: list[tuple[float, tuple[int, ...]]] = []
        for log_prob, tokens in live:
            log_probs = decoder.log_probs(tokens)
            if len(tokens) - 1 == max_length:
                ended.append((log_prob / (max_length - 1), tokens[2:]))
            else:
                allowed = range(EOS_ID, vocab_size)
                continuations += [(log_prob + float(log_probs[token]), (*tokens, token)) for token in allowed]
        best = sorted(continuations, reverse=True)[: beam_size - len(ended)]
        ended += [(log_prob / (len(tokens) - 2), tokens[2:-1]) for log_prob, tokens in best if tokens[-1] == EOS_ID]
        live = [each for each in best if each[1][-1] != EOS_ID]
    return [tokens for _, tokens in sorted(ended, reverse=True)]


@pytest.mark.parametrize("beam_size", [1, 2, 3, 5])
def test_a_beam_that_narrows_finds_what_a_search_of_one_hypothesis_at_a_time_finds(beam_size):
    sources, limits = list(range(40)), [3 + source % 5 for source in range(40)]
    expected = [
        one_by_one(source, beam_size=beam_size, vocab_size=7, max_length=limit)
        for source, limit in zip(sources, limits, strict=True)
    ]

    def best(**options: bool) -> list[tuple[int, ...]]:
        found = search_prefixes(sources, limits, beam_size=beam_size, vocab_size=7, length_penalty=1.0, **options)
        return [hypothesis.tokens for (hypothesis,) in found]

    assert best(narrows=True) == best(narrows=True, early_stop=False) == [several[0] for several in expected]
    assert (best() == best(narrows=True)) == (beam_size == 1)


def test_each_sentence_has_its_own_beginning_and_the_best_end_of_those():
    prefixes = [[4, 5], [], [5], [UNK_ID, 4], [5, 5, 4]]
    expected = [
        [
            hypothesis.tokens
            for hypothesis in every_sentence(source, vocab_size=6, max_length=5, length_penalty=1.0, also=prefix[:1])
            if [*hypothesis.tokens[: len(prefix)]] == prefix and UNK_ID not in hypothesis.tokens[len(prefix) :]
        ]
        for source, prefix in enumerate(prefixes)
    ]

    found = search_prefixes(range(5), [5] * 5, beam_size=64, length_penalty=1.0, n_best=64, prefixes=prefixes)

    assert [[each.tokens for each in several] for several in found] == expected


@pytest.mark.parametrize("length_penalty", [0.0, 0.6, 1.0, 2.0, -1.0])
def test_the_best_of_a_wide_beam_is_the_best_of_all_though_the_search_stops_early(length_penalty):
    sources = list(range(20))

    found = search_prefixes(sources, [4] * 20, beam_size=64, length_penalty=length_penalty)

    assert [hypotheses[0].tokens for hypotheses in found] == [
        every_sentence(source, vocab_size=6, max_length=4, length_penalty=length_penalty)[0].tokens
        for source in sources
    ]


@pytest.mark.parametrize("early_stop", [True, False])
@pytest.mark.parametrize("length_penalty", [0.0, 1.0, 2.0, -1.0])
def test_width_one_is_greedy_search(length_penalty, early_stop):
    sources, limits = list(range(60)), [1 + source % 8 for source in range(60)]

    found = search_prefixes(sources, limits, beam_size=1, length_penalty=length_penalty, early_stop=early_stop)

    greedy = greedy_search(
        PrefixDecoder(sources, vocab_size=6),
        max_lengths=torch.tensor(limits),
        length_penalty=length_penalty,
    )
    assert [h.tokens for (h,) in found] == [h.tokens for h in greedy]
    assert [h.score for (h,) in found] == pytest.approx([h.score for h in greedy], rel=1e-5)
    assert [h.log_prob for (h,) in found] == pytest.approx([h.log_prob for h in greedy], rel=1e-5)


@pytest.mark.parametrize("length_penalty", [0.0, 0.6, 1.0, 2.0, -0.5, -2.0])
@pytest.mark.parametrize(("beam_size", "n_best"), [(2, 1), (4, 1), (4, 3), (4, 4)])
@pytest.mark.parametrize("narrows", [False, True])
def test_stopping_early_does_not_change_the_answers(narrows, beam_size, n_best, length_penalty):
    sources, limits = list(range(80)), [3 + source % 6 for source in range(80)]
    options = {"beam_size": beam_size, "n_best": n_best, "length_penalty": length_penalty, "narrows": narrows}

    stopping = search_prefixes(sources, limits, early_stop=True, **options)
    patient = search_prefixes(sources, limits, early_stop=False, **options)

    assert stopping == patient


def test_stopping_early_saves_steps():
    steps = {}
    for early_stop in (True, False):
        decoder = RecordingDecoder(PrefixDecoder(repeat_rows(range(20), 4), vocab_size=6))
        beam_search(
            decoder,
            max_lengths=torch.full((20,), 12),
            beam_size=4,
            length_penalty=0.0,
            early_stop=early_stop,
        )
        steps[early_stop] = sum(decoder.rows_of_steps)

    assert steps[True] < steps[False]


@pytest.mark.parametrize("beam_size", [1, 3, 4])
@pytest.mark.parametrize("early_stop", [True, False])
def test_each_sentence_alone_gives_what_it_gives_in_a_batch(beam_size, early_stop):
    limits = [7, 1, 4, 9, 2, 5, 7, 3]
    options = {
        "beam_size": beam_size,
        "n_best": beam_size,
        "length_penalty": 1.0,
        "early_stop": early_stop,
    }

    batch = search_prefixes(range(8), limits, **options)

    alone = [search_prefixes([source], [limit], **options) for source, limit in enumerate(limits)]
    assert [[hypotheses] for hypotheses in batch] == alone


@pytest.mark.parametrize("length_penalty", [0.0, 1.0, -1.0])
def test_hypotheses_are_distinct_and_best_first(length_penalty):
    found = search_prefixes(range(40), [6] * 40, beam_size=4, n_best=4, length_penalty=length_penalty)

    assert all(len({h.tokens for h in hypotheses}) == 4 for hypotheses in found)
    assert all(
        [h.score for h in hypotheses] == sorted((h.score for h in hypotheses), reverse=True) for hypotheses in found
    )
