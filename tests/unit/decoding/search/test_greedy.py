from __future__ import annotations

import math

import pytest
import torch

from tests.support.markov_decoder import (
    CHAIN,
    SENTENCES,
    FailingDecoder,
    MarkovDecoder,
    PrefixDecoder,
    RecordingDecoder,
    to_letters,
)
from transformer_cli.decoding.search.greedy import greedy_search
from transformer_cli.errors import TfmError
from transformer_cli.special_tokens import BOS_ID, EOS_ID, PAD_ID, UNK_ID


def test_each_step_takes_the_most_probable_token():
    (hypothesis,) = greedy_search(MarkovDecoder.from_chain(CHAIN), max_lengths=torch.tensor([9]))

    assert to_letters(hypothesis.tokens) == "AC"
    assert hypothesis.log_prob == pytest.approx(math.log(SENTENCES["AC"]))


@pytest.mark.parametrize("length_penalty", [0.0, 0.6, 1.0, 2.0, -1.0])
def test_score_is_log_probability_over_length_with_eos_to_the_penalty(length_penalty):
    (hypothesis,) = greedy_search(
        MarkovDecoder.from_chain(CHAIN),
        max_lengths=torch.tensor([9]),
        length_penalty=length_penalty,
    )

    assert hypothesis.score == pytest.approx(math.log(SENTENCES["AC"]) / 3**length_penalty)


def test_eos_comes_at_the_latest_at_the_maximum_length_and_its_probability_counts():
    hypotheses = greedy_search(MarkovDecoder.from_chain(CHAIN), max_lengths=torch.tensor([2, 3]))

    assert [to_letters(h.tokens) for h in hypotheses] == ["A", "AC"]
    assert [h.log_prob for h in hypotheses] == pytest.approx([math.log(SENTENCES["A"]), math.log(SENTENCES["AC"])])


def test_each_sentence_alone_gives_what_it_gives_in_a_batch():
    limits = [7, 1, 4, 7, 2, 5]

    batch = greedy_search(PrefixDecoder(range(6), vocab_size=6), max_lengths=torch.tensor(limits))

    alone = [
        greedy_search(PrefixDecoder([source], vocab_size=6), max_lengths=torch.tensor([limit]))
        for source, limit in enumerate(limits)
    ]
    assert [[hypothesis] for hypothesis in batch] == alone


def test_the_search_ends_with_its_last_sentence():
    decoder = RecordingDecoder(MarkovDecoder.from_chain(CHAIN))

    greedy_search(decoder, max_lengths=torch.tensor([2, 9]))

    assert decoder.rows_of_steps == [2, 2, 2]
    assert decoder.selected == []


def test_pad_unk_and_bos_are_never_produced_even_if_most_probable():
    table = torch.full((6, 6), -9.0)
    table[:, [PAD_ID, UNK_ID, BOS_ID]] = -0.1
    table[:, 4] = -1.0

    (hypothesis,) = greedy_search(MarkovDecoder(table), max_lengths=torch.tensor([4]))

    assert hypothesis.tokens == (4, 4, 4)


@pytest.mark.parametrize("token", [EOS_ID, 4])
def test_a_value_that_is_not_a_number_is_an_error_that_names_the_step(token):
    decoder = FailingDecoder(vocab_size=6, step=3, token=token)

    with pytest.raises(TfmError, match="not a number at step 3 of the search"):
        greedy_search(decoder, max_lengths=torch.tensor([5, 6]))


def test_no_sentences_give_no_hypotheses():
    assert greedy_search(PrefixDecoder([], vocab_size=5), max_lengths=torch.tensor([], dtype=torch.int64)) == []
