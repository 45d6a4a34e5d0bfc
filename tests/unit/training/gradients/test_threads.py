from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import torch
from torch.testing import assert_close

from tests.support.tiny_training import differing, random_corpus, tiny_trainer, weights, whole
from transformer_cli.data.tokens.batching import Batch, make_batch
from transformer_cli.kernels.dropout import draw_mask
from transformer_cli.training.gradients.threads import InThreads
from transformer_cli.training.loss import TokenLoss
from transformer_cli.training.trainer import Trainer


@contextmanager
def threads(number: int) -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(number)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def trained(number_of_threads: int, *, rows: int = 12, parts: int = 1, **options: Any) -> tuple[Trainer, list[float]]:
    """Return a trainer after two updates of all pairs, computed so, and their losses."""
    with threads(number_of_threads):
        trainer = tiny_trainer(**options)
        corpus = random_corpus(sentences=rows)
        batches = [make_batch(corpus, range(part, rows, parts)) for part in range(parts)]
        losses = [trainer.train_step(batches).loss for _ in range(2)]
    return trainer, losses


@pytest.mark.parametrize("number", [2, 3, 9])
@pytest.mark.parametrize("options", [{}, {"parts": 3}, {"rows": 1}, {"rows": 2}], ids=str)
def test_an_update_is_the_same_in_any_number_of_threads(number: int, options: dict[str, Any]):
    # So large an epsilon makes Adam's step proportional to the gradient, rounding included.
    options |= {"clip_norm": None, "adam_epsilon": 1.0, "peak_learning_rate": 1.0, "warmup_steps": 1}
    alone, expected = trained(1, **options)

    together, losses = trained(number, **options)

    assert losses == pytest.approx(expected, rel=1e-5)
    assert_close(weights(together), weights(alone), rtol=0.0, atol=1e-6)


def test_in_threads_too_the_same_seed_gives_the_same_bits():
    first, losses = trained(3, dropout=0.3)
    second, others = trained(3, dropout=0.3)

    assert losses == others
    assert differing(weights(first), weights(second)) == []


def test_each_thread_update_and_part_of_one_draws_dropout_of_its_own():
    masks, parameter, batch = [], torch.nn.Parameter(torch.zeros(2)), whole(random_corpus())

    def loss(rows: Batch) -> TokenLoss:
        masks.append(draw_mask(torch.Size((64,)), 0.5)[0])
        return TokenLoss(parameter.sum(), rows.target_tokens)

    method = InThreads(loss, [parameter], threads=3)
    for seed in ((1, 1), (1, 2), (2, 1)):
        method.backward([batch, batch], 1, seed=seed)

    assert len({tuple(mask.tolist()) for mask in masks}) == 18
    assert parameter.grad is not None
    assert parameter.grad.tolist() == [18.0, 18.0]


def test_rows_of_a_batch_are_a_batch_and_all_of_them_together_are_the_whole():
    batch = whole(random_corpus())

    parts = [batch.rows(slice(i, None, 5)) for i in range(5)]

    assert sum(part.target_tokens for part in parts) == batch.target_tokens
    assert sum(part.source_tokens for part in parts) == batch.source_tokens
    assert torch.equal(parts[2].labels, batch.labels[[2, 7]])
    assert torch.equal(parts[2].decoder_input, batch.decoder_input[[2, 7]])
    assert torch.equal(parts[2].source, batch.source[[2, 7]])
    assert torch.equal(parts[2].source_mask, batch.source_mask[[2, 7]])


def test_what_goes_wrong_in_a_thread_is_raised():
    def fails(_: Batch) -> TokenLoss:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        InThreads(fails, [], threads=2).backward([whole(random_corpus())], 1, seed=(1,))
