from __future__ import annotations

import math
from typing import Any

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
from transformer_cli.decoding.hypothesis import Hypothesis
from transformer_cli.decoding.search.beam_search import beam_search
from transformer_cli.errors import TfmError, UsageError
from transformer_cli.special_tokens import BOS_ID, EOS_ID, PAD_ID, UNK_ID

#   A goes on for ever unless it is made to stop; $ is never the better continuation.
ENDLESS = {
    "^": {"A": 1.0},
    "A": {"A": 0.7, "B": 0.2, "$": 0.1},
    "B": {"A": 0.6, "B": 0.3, "$": 0.1},
}


def search_chain(
    chain: dict[str, dict[str, float]],
    *,
    beam_size: int,
    max_length: int = 9,
    length_penalty: float = 0.0,
    **options: Any,
) -> list[Hypothesis]:
    (hypotheses,) = beam_search(
        MarkovDecoder.from_chain(chain),
        max_lengths=torch.tensor([max_length]),
        beam_size=beam_size,
        length_penalty=length_penalty,
        **options,
    )
    return hypotheses


@pytest.mark.parametrize(
    ("beam_size", "expected"),
    [
        (1, ["AC"]),
        (2, ["BE", "AC"]),  # A $ is fourth of the continuations of A and B, so it does not finish
        (3, ["BE", "AC", "AD"]),
        (4, ["BE", "AC", "AD", "A"]),
        (5, ["BE", "AC", "AD", "A", "B"]),
    ],
)
def test_the_chain_gives_its_sentences_in_the_order_of_their_probability(beam_size, expected):
    hypotheses = search_chain(CHAIN, beam_size=beam_size, n_best=beam_size)

    assert [to_letters(h.tokens) for h in hypotheses] == expected
    assert [math.exp(h.log_prob) for h in hypotheses] == pytest.approx([SENTENCES[letters] for letters in expected])


def test_fewer_sentences_than_asked_for_are_returned_where_there_are_no_more():
    assert len(search_chain(CHAIN, beam_size=8, n_best=8)) == len(SENTENCES)


def test_a_wider_beam_never_scores_lower_on_the_chain():
    scores = [search_chain(CHAIN, beam_size=beam_size)[0].score for beam_size in range(1, 9)]

    assert scores == sorted(scores)


@pytest.mark.parametrize("length_penalty", [0.0, 0.6, 1.0, 2.0, -1.0])
def test_score_is_log_probability_over_length_with_eos_to_the_penalty(length_penalty):
    hypotheses = search_chain(CHAIN, beam_size=5, n_best=5, length_penalty=length_penalty)

    expected = sorted(
        ((math.log(p) / (len(w) + 1) ** length_penalty, w) for w, p in SENTENCES.items()),
        reverse=True,
    )
    assert [to_letters(h.tokens) for h in hypotheses] == [letters for _, letters in expected]
    assert [h.score for h in hypotheses] == pytest.approx([score for score, _ in expected])


def test_a_sentence_is_over_when_as_many_hypotheses_as_the_beam_is_wide_have_finished():
    # ^ $ and A $ finish in the first two steps, so A A and longer ones, scoring higher, never do.
    chain = {"^": {"A": 0.9, "$": 0.1}, "A": {"A": 0.95, "$": 0.05}}

    hypotheses = search_chain(chain, beam_size=2, n_best=2, length_penalty=1.0, early_stop=False)

    assert [to_letters(h.tokens) for h in hypotheses] == ["A", ""]


def test_a_long_sentence_that_wins_by_its_length_is_waited_for():
    # $ alone scores log(.8) / 1 = -.22, and A B C D E $ scores log(.2) / 6 ** 2 = -.04.
    chain = {"^": {"$": 0.8, "A": 0.2}, "A": {"B": 1.0}, "B": {"C": 1.0}, "C": {"D": 1.0}}
    chain |= {"D": {"E": 1.0}, "E": {"$": 1.0}}

    (hypothesis,) = search_chain(chain, beam_size=2, length_penalty=2.0, early_stop=True)

    assert to_letters(hypothesis.tokens) == "ABCDE"


@pytest.mark.parametrize("beam_size", [1, 2, 4])
def test_eos_comes_at_the_latest_at_the_maximum_length_and_its_probability_counts(beam_size):
    (hypothesis,) = search_chain(ENDLESS, beam_size=beam_size, max_length=6, length_penalty=9.0)

    assert to_letters(hypothesis.tokens) == "AAAAA"
    assert hypothesis.log_prob == pytest.approx(math.log(0.7**4 * 0.1))


def test_sentences_that_are_over_leave_the_batch():
    decoder = RecordingDecoder(MarkovDecoder.from_chain(ENDLESS))

    beam_search(
        decoder,
        max_lengths=torch.tensor([3, 1, 4, 3]),
        beam_size=2,
        length_penalty=0.0,
        early_stop=False,
    )

    assert decoder.rows_of_steps == [8, 6, 6, 2]
    assert [len(rows) for rows in decoder.selected][-1] == 2
    assert set(decoder.selected[-1]) <= {4, 5}  # the third sentence is where it was; the fourth had moved up


def test_rows_are_not_reordered_where_each_one_stays_in_its_place():
    decoder = RecordingDecoder(MarkovDecoder.from_chain(ENDLESS))

    beam_search(decoder, max_lengths=torch.tensor([5, 5]), beam_size=1, length_penalty=1.0)

    assert decoder.rows_of_steps == [2, 2, 2, 2, 2]
    assert decoder.selected == []


def test_pad_unk_and_bos_are_never_produced_even_if_most_probable():
    table = torch.full((7, 7), -9.0)
    table[:, [PAD_ID, UNK_ID, BOS_ID]] = -0.1
    table[:, 4] = -1.0

    (hypotheses,) = beam_search(
        MarkovDecoder(table),
        max_lengths=torch.tensor([3]),
        beam_size=16,
        length_penalty=0.0,
        n_best=16,
    )

    assert len(hypotheses) == 1 + 3 + 9  # all sentences of up to two of the three words
    assert not {PAD_ID, UNK_ID, BOS_ID} & {token for h in hypotheses for token in h.tokens}


@pytest.mark.parametrize("token", [EOS_ID, 4])
@pytest.mark.parametrize("beam_size", [1, 3])
def test_a_value_that_is_not_a_number_is_an_error_that_names_the_step(token, beam_size):
    decoder = FailingDecoder(vocab_size=6, step=3, token=token)

    with pytest.raises(TfmError, match="not a number at step 3 of the search"):
        beam_search(
            decoder,
            max_lengths=torch.tensor([5, 6]),
            beam_size=beam_size,
            length_penalty=1.0,
            early_stop=False,
        )


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"beam_size": 0}, "a beam size of 0"),
        ({"beam_size": 3, "n_best": 4}, "a beam of 3 cannot give 4 best"),
        ({"beam_size": 3, "n_best": 0}, "cannot give 0 best"),
        ({"beam_size": 3, "max_length": 0}, "a maximum length of 0"),
        ({"beam_size": 3, "length_penalty": 11.0}, r"a length penalty of 11\.0"),
        ({"beam_size": 3, "length_penalty": -11.0}, r"a length penalty of -11\.0"),
        ({"beam_size": 3, "length_penalty": math.nan}, "a length penalty of nan"),
    ],
)
def test_arguments_that_make_no_sense_are_refused(options, message):
    with pytest.raises(UsageError, match=message):
        search_chain(CHAIN, **options)


def test_no_sentences_give_no_hypotheses():
    decoder = RecordingDecoder(PrefixDecoder([], vocab_size=6))

    found = beam_search(
        decoder,
        max_lengths=torch.tensor([], dtype=torch.int64),
        beam_size=3,
        length_penalty=1.0,
    )

    assert found == []
    assert decoder.rows_of_steps == []


@pytest.mark.gpu
def test_an_accelerator_gives_the_answers_of_the_cpu():
    table = torch.randn(50, 50, generator=torch.Generator().manual_seed(1)).mul(2).log_softmax(1)
    limits = torch.tensor([12, 1, 7, 12, 3])

    cpu, gpu = (
        beam_search(
            MarkovDecoder(table.to(device)),
            max_lengths=limits.to(device),
            beam_size=4,
            length_penalty=1.0,
            n_best=4,
        )
        for device in ("cpu", "cuda")
    )

    assert [[h.tokens for h in hypotheses] for hypotheses in gpu] == [
        [h.tokens for h in hypotheses] for hypotheses in cpu
    ]
