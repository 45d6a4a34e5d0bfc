from __future__ import annotations

import itertools
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.testing import assert_close

from tests.support.tiny_models import (
    LIKE_MARIAN,
    VOCAB_SIZE,
    padded_sources,
    random_tokens,
    talkative_model,
    tiny_model,
)
from transformer_cli.decoding.hypothesis import Hypothesis
from transformer_cli.decoding.pytorch.plain_decoder import PlainStepDecoder
from transformer_cli.decoding.pytorch.transformer_decoder import TransformerStepDecoder, pad_ids
from transformer_cli.decoding.search.beam_search import beam_search
from transformer_cli.decoding.search.greedy import greedy_search
from transformer_cli.model.transformer import Transformer
from transformer_cli.special_tokens import BOS_ID, EOS_ID, PAD_ID, UNK_ID

LENGTHS = [3, 6, 2, 4]


def search(
    model: Transformer, source: Tensor, mask: Tensor, *, beam_size: int, n_best: int = 1, limit: int = 20
) -> list[list[Hypothesis]]:
    decoder = TransformerStepDecoder(model, source, mask, rows_per_sentence=beam_size)
    max_lengths = torch.full((len(source),), limit)
    return beam_search(decoder, max_lengths=max_lengths, beam_size=beam_size, length_penalty=1.0, n_best=n_best)


@torch.no_grad()
def log_prob_by_full_decoding(model: Transformer, source: Tensor, mask: Tensor, tokens: tuple[int, ...]) -> float:
    """Add up the model's log-probabilities of a whole target, decoded at once."""
    log_probs = model(source, mask, torch.tensor([[BOS_ID, *tokens]])).log_softmax(dim=-1)
    return float(sum(log_probs[0, position, token] for position, token in enumerate([*tokens, EOS_ID])))


@torch.no_grad()
@pytest.mark.parametrize("changes", [{}, *LIKE_MARIAN])
def test_a_step_gives_the_log_probabilities_of_full_decoding(changes: dict[str, Any]):
    model = tiny_model(**changes)
    source, mask = padded_sources(LENGTHS)
    tokens = random_tokens(len(LENGTHS), 5, seed=1)
    tokens[:, 0] = BOS_ID
    decoder = TransformerStepDecoder(model, source, mask, rows_per_sentence=1)

    steps = torch.stack([decoder.step(tokens[:, t])[:, :VOCAB_SIZE] for t in range(5)], dim=1)

    assert steps.dtype == torch.float32
    assert_close(steps.exp().sum(dim=-1), torch.ones(len(LENGTHS), 5))
    assert_close(steps, model(source, mask, tokens).log_softmax(dim=-1).float(), rtol=0.0, atol=1e-5)


@torch.no_grad()
@pytest.mark.parametrize(
    "rows",
    [
        pytest.param([1, 0, 2, 3, 5, 4, 6, 7], id="beams change places"),
        pytest.param([0, 0, 3, 3, 5, 5, 6, 6], id="beams are repeated"),
        pytest.param([2, 3, 5, 4], id="the first and the last sentence are over"),
        pytest.param([7, 7], id="one sentence is left"),
    ],
)
def test_selected_rows_go_on_with_their_own_source_and_past(rows: list[int]):
    model = tiny_model()
    source, mask = padded_sources(LENGTHS)
    before, after = random_tokens(2 * len(LENGTHS), 3, seed=1), random_tokens(len(rows), 1, seed=2)
    before[:, 0] = BOS_ID
    decoder = TransformerStepDecoder(model, source, mask, rows_per_sentence=2)

    for t in range(3):
        decoder.step(before[:, t])
    decoder.select(torch.tensor(rows))
    log_probs = decoder.step(after[:, 0])[:, :VOCAB_SIZE]

    sentences = [row // 2 for row in rows]
    full = model(source[sentences], mask[sentences], torch.cat([before[rows], after], dim=1))
    assert_close(log_probs, full[:, -1].log_softmax(dim=-1).float(), rtol=0.0, atol=1e-5)


@pytest.mark.parametrize("beam_size", [1, 3])
def test_a_sentence_is_translated_the_same_alone_and_in_a_batch(beam_size: int):
    model = talkative_model()
    source, mask = padded_sources(LENGTHS, vocab_size=330)

    together = search(model, source, mask, beam_size=beam_size, n_best=beam_size)

    assert len({bank[0].tokens for bank in together}) == len(LENGTHS)
    for row, length in enumerate(LENGTHS):
        (alone,) = search(
            model,
            source[row : row + 1, :length],
            mask[row : row + 1, ..., :length],
            beam_size=beam_size,
            n_best=beam_size,
        )
        assert [found.tokens for found in together[row]] == [found.tokens for found in alone]
        assert [found.score for found in together[row]] == pytest.approx([found.score for found in alone], rel=1e-5)


@pytest.mark.parametrize("seed", range(4))
def test_a_beam_of_one_is_greedy_search_over_the_plain_decoder(seed: int):
    model = talkative_model(seed=seed)
    source, mask = padded_sources(LENGTHS, seed=seed, vocab_size=330)

    with torch.no_grad():
        decoder = PlainStepDecoder(model, source, mask)
        greedy = greedy_search(decoder, max_lengths=torch.full((len(LENGTHS),), 20))
    found = search(model, source, mask, beam_size=1)

    assert [best[0].tokens for best in found] == [hypothesis.tokens for hypothesis in greedy]
    assert [best[0].log_prob for best in found] == pytest.approx([h.log_prob for h in greedy], rel=1e-5)


def test_every_hypothesis_is_as_probable_as_full_decoding_says():
    model = talkative_model()
    source, mask = padded_sources(LENGTHS, vocab_size=330)

    found = search(model, source, mask, beam_size=4, n_best=4)

    assert len({len(hypothesis.tokens) for bank in found for hypothesis in bank}) > 2
    for row, hypotheses in enumerate(found):
        for hypothesis in hypotheses:
            expected = log_prob_by_full_decoding(model, source[row : row + 1], mask[row : row + 1], hypothesis.tokens)
            assert hypothesis.log_prob == pytest.approx(expected, rel=1e-5)


def test_a_beam_as_wide_as_there_are_sentences_finds_the_best_of_all():
    model = talkative_model(vocab_size=8)
    source, mask = padded_sources([4], vocab_size=8)
    words = [token for token in range(8) if token not in (PAD_ID, UNK_ID, BOS_ID, EOS_ID)]
    sentences = [tokens for length in range(4) for tokens in itertools.product(words, repeat=length)]
    log_probs = {tokens: log_prob_by_full_decoding(model, source, mask, tokens) for tokens in sentences}
    scores = {tokens: log_prob / (len(tokens) + 1) for tokens, log_prob in log_probs.items()}

    ((best,),) = search(model, source, mask, beam_size=len(words) ** 3, limit=4)

    expected = max(scores, key=scores.__getitem__)
    assert best.tokens == expected
    assert best.score == pytest.approx(scores[expected], rel=1e-5)
    assert best.log_prob == pytest.approx(log_probs[expected], rel=1e-5)


def test_sources_are_padded_at_the_end_and_the_mask_says_where():
    source, mask = pad_ids([[5, 6, 3], [3], [7, 3]], device=torch.device("cpu"))

    assert source.dtype == torch.int64
    assert source.tolist() == [[5, 6, 3], [3, 0, 0], [7, 3, 0]]
    assert mask.shape == (3, 1, 1, 3)
    assert mask[:, 0, 0].tolist() == [[True, True, True], [True, False, False], [True, True, False]]
