from __future__ import annotations

import math
from collections import Counter

import pytest
import torch

from tests.support.markov_decoder import FailingDecoder, MarkovDecoder, to_letters
from transformer_cli.decoding.engine import Sampling
from transformer_cli.decoding.hypothesis import Hypothesis
from transformer_cli.decoding.search.sampling import sample, uniforms_for
from transformer_cli.errors import TfmError

CHAIN = {"^": {"A": 0.5, "B": 0.3, "C": 0.2}, "A": {"$": 1.0}, "B": {"$": 0.5, "A": 0.5}, "C": {"C": 1.0}}


def draw(sampling: Sampling, *, draws: int = 4000, limit: int = 4, length_penalty: float = 1.0) -> list[Hypothesis]:
    uniforms = uniforms_for([[5]], draws=draws, length=limit, seed=sampling.seed)
    (found,) = sample(
        MarkovDecoder.from_chain(CHAIN),
        max_lengths=torch.tensor([limit]),
        uniforms=uniforms,
        sampling=sampling,
        length_penalty=length_penalty,
    )
    return found


def shares(found: list[Hypothesis]) -> dict[str, float]:
    counts = Counter(to_letters(hypothesis.tokens) for hypothesis in found)
    return {text: count / len(found) for text, count in counts.items()}


def test_sentences_come_as_often_as_they_are_probable():
    expected = {"A": 0.5, "B": 0.15, "BA": 0.15, "CCC": 0.2}
    assert shares(draw(Sampling())) == {text: pytest.approx(share, abs=0.03) for text, share in expected.items()}


def test_a_low_temperature_sharpens_and_a_high_one_flattens():
    powers = {"A": 0.5**4, "B": 0.3**4, "C": 0.2**4}
    cold = shares(draw(Sampling(temperature=0.25)))
    assert cold["A"] == pytest.approx(powers["A"] / sum(powers.values()), abs=0.03)
    assert shares(draw(Sampling(temperature=100.0)))["A"] == pytest.approx(1 / 3, abs=0.03)


def test_only_the_k_most_probable_tokens_are_drawn():
    found = shares(draw(Sampling(top_k=2)))
    assert found.keys() == {"A", "B", "BA"}
    assert found["A"] == pytest.approx(0.5 / 0.8, abs=0.03)


@pytest.mark.parametrize(("top_p", "first"), [(0.4, "A"), (0.6, "AB"), (0.9, "ABC")])
def test_only_the_most_probable_tokens_that_reach_p_together_are_drawn(top_p, first):
    assert {text[0] for text in shares(draw(Sampling(top_p=top_p)))} == set(first)


def test_log_probabilities_are_the_model_s_own_and_the_best_score_comes_first():
    found = draw(Sampling(temperature=3.0), draws=200, length_penalty=0.5)

    assert [draw.score for draw in found] == sorted((draw.score for draw in found), reverse=True)
    exact = {"A": math.log(0.5), "B": math.log(0.15), "BA": math.log(0.15)}
    for each in found:
        text = to_letters(each.tokens)
        if text in exact:
            assert each.log_prob == pytest.approx(exact[text], rel=1e-5)
            assert each.score == pytest.approx(each.log_prob / (len(text) + 1) ** 0.5, rel=1e-5)


def test_the_seed_and_the_source_decide_and_nothing_beside_them_does():
    one = uniforms_for([[5, 6]], draws=2, length=7, seed=3)
    other = uniforms_for([[9], [5, 6]], draws=2, length=7, seed=3)[1:]

    assert torch.equal(one, other)
    assert not torch.equal(one, uniforms_for([[5, 6]], draws=2, length=7, seed=4))
    assert not torch.equal(one[0, 0], one[0, 1])


def test_draws_begin_with_the_prefix_of_their_sentence():
    found = sample(
        MarkovDecoder.from_chain(CHAIN),
        max_lengths=torch.tensor([4, 4]),
        uniforms=uniforms_for([[5], [6]], draws=20, length=4, seed=1),
        sampling=Sampling(),
        prefixes=[[5], [5, 4]],
    )
    assert [{to_letters(draw.tokens) for draw in draws} for draws in found] == [{"B", "BA"}, {"BA"}]


def test_a_value_that_is_not_a_number_is_an_error():
    with pytest.raises(TfmError, match="not a number at step 2"):
        sample(
            FailingDecoder(vocab_size=7, step=2, token=5),
            max_lengths=torch.tensor([9]),
            uniforms=torch.full((1, 1, 9), 0.5, dtype=torch.float64),
            sampling=Sampling(),
        )
