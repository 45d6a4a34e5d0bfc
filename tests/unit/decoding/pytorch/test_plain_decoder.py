from __future__ import annotations

import pytest
import torch

from tests.support.tensors import assert_equal_but_rounding
from tests.support.tiny_models import padded_sources, random_tokens, talkative_model, tiny_model
from transformer_cli.decoding.pytorch.plain_decoder import PlainStepDecoder
from transformer_cli.decoding.search.greedy import greedy_search
from transformer_cli.special_tokens import BOS_ID, EOS_ID

LENGTHS = [3, 6, 4]


@torch.no_grad()
@pytest.mark.parametrize("rows_per_sentence", [1, 2])
def test_steps_give_the_log_probabilities_of_the_whole_target_at_once(rows_per_sentence: int):
    model = tiny_model()
    source, mask = padded_sources(LENGTHS)
    target = random_tokens(len(LENGTHS) * rows_per_sentence, 5, seed=1)
    decoder = PlainStepDecoder(model, source, mask, rows_per_sentence=rows_per_sentence)

    steps = torch.stack([decoder.step(target[:, t]) for t in range(5)], dim=1)

    sentences = [row // rows_per_sentence for row in range(len(target))]
    assert_equal_but_rounding(steps, model(source[sentences], mask[sentences], target).log_softmax(dim=-1))


@torch.no_grad()
def test_selected_rows_go_on_with_their_own_source_and_prefix():
    model = tiny_model()
    source, mask = padded_sources(LENGTHS)
    before, after, rows = random_tokens(6, 3, seed=1), random_tokens(4, 1, seed=2), [5, 4, 0, 0]
    decoder = PlainStepDecoder(model, source, mask, rows_per_sentence=2)

    for t in range(3):
        decoder.step(before[:, t])
    decoder.select(torch.tensor(rows))
    log_probs = decoder.step(after[:, 0])

    sentences = [row // 2 for row in rows]
    whole = model(source[sentences], mask[sentences], torch.cat([before[rows], after], dim=1))
    assert_equal_but_rounding(log_probs, whole[:, -1].log_softmax(dim=-1))


@pytest.mark.parametrize("seed", [0, 1])
def test_greedy_search_over_it_always_writes_the_most_probable_token(seed: int):
    model = talkative_model(seed=seed)
    source, mask = padded_sources(LENGTHS, seed=seed, vocab_size=330)

    with torch.no_grad():
        hypotheses = greedy_search(PlainStepDecoder(model, source, mask), max_lengths=torch.full((len(LENGTHS),), 12))

    for row, hypothesis in enumerate(hypotheses):
        target = torch.tensor([[BOS_ID, *hypothesis.tokens]])
        with torch.no_grad():
            logits = model(source[row : row + 1], mask[row : row + 1], target)[0]
        logits[:, :EOS_ID] = -torch.inf
        has_room = len(hypothesis.tokens) < 11
        written = [*hypothesis.tokens, EOS_ID] if has_room else list(hypothesis.tokens)
        assert logits.argmax(dim=1).tolist()[: len(written)] == written
    assert len({hypothesis.tokens for hypothesis in hypotheses}) == len(LENGTHS)
