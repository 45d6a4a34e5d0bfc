from __future__ import annotations

import math

import pytest
import torch
from torch.testing import assert_close

from tests.support.tiny_models import random_tokens, tiny_config
from transformer_cli.model.embedding import TokenEmbedding
from transformer_cli.model.positions import sinusoidal_positions
from transformer_cli.special_tokens import BOS_ID

D_MODEL, MAX_LENGTH = 6, 8


def embedding(*, dropout: float = 0.0) -> TokenEmbedding:
    torch.manual_seed(0)
    return TokenEmbedding(13, tiny_config(d_model=D_MODEL, dropout=dropout, max_length=MAX_LENGTH)).double()


def test_a_token_is_its_row_times_the_root_of_d_model_plus_its_position():
    embed, tokens = embedding(), random_tokens(2, 5, seed=1)

    embedded = embed(tokens)

    for row in range(2):
        for position in range(5):
            vector = embed.table.weight[tokens[row, position]] * math.sqrt(6.0)
            expected = vector + sinusoidal_positions(MAX_LENGTH, D_MODEL)[position].double()
            assert_close(embedded[row, position], expected, rtol=0.0, atol=1e-12)


@pytest.mark.parametrize("first_position", [0, 1, 5, 6, 7, 8, 20])
def test_a_part_embeds_as_it_does_within_the_whole(first_position: int):
    tokens = random_tokens(2, 24, seed=1)

    whole = embedding()(tokens)
    part = embedding()(tokens[:, first_position : first_position + 3], first_position=first_position)

    assert torch.equal(part, whole[:, first_position : first_position + 3])


def test_more_tokens_than_max_length_get_the_positions_that_a_larger_table_has():
    embed, tokens = embedding(), random_tokens(1, 3 * MAX_LENGTH, seed=1)
    embed.table.weight.data.zero_()

    (embedded,) = embed(tokens)

    assert torch.equal(embedded, sinusoidal_positions(3 * MAX_LENGTH, D_MODEL).double())


def test_a_table_that_grew_in_inference_mode_serves_training_after_it():
    embed, tokens = embedding(), random_tokens(1, 2 * MAX_LENGTH, seed=1)

    with torch.inference_mode():
        embed(tokens)
    embed(tokens).sum().backward()

    assert embed.table.weight.grad is not None


def test_positions_are_computed_and_not_stored_with_the_weights():
    assert list(embedding().state_dict()) == ["table.weight"]


def test_dropout_falls_on_the_sum_of_token_and_position():
    tokens = random_tokens(4, 8, seed=1)
    plain, embed = embedding()(tokens), embedding(dropout=0.5)

    torch.manual_seed(0)
    dropped = embed(tokens)

    # What is left is doubled, so that the mean stays.
    is_left = dropped != 0
    assert 0.3 < is_left.double().mean() < 0.7
    assert_close(dropped[is_left], 2 * plain[is_left])
    assert torch.equal(embed.eval()(tokens), plain)


def test_a_decoder_that_begins_with_zeros_has_the_first_position_alone_there():
    config = tiny_config(d_model=D_MODEL, max_length=MAX_LENGTH, zero_start=True)
    embed = TokenEmbedding(13, config).double()
    tokens = random_tokens(2, 5, seed=1)
    tokens[:, 0] = BOS_ID

    embedded = embed(tokens)

    start = sinusoidal_positions(1, D_MODEL)[0].double()
    assert torch.equal(embedded[:, 0], torch.stack([start, start]))
    assert not torch.equal(embedded[:, 1], start)
    embedded.sum().backward()
    assert embed.table.weight.grad is not None
    assert not embed.table.weight.grad[BOS_ID].any()
