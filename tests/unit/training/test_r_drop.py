from __future__ import annotations

import pytest
import torch
from torch.nn import functional as F
from torch.testing import assert_close

from tests.support.tiny_training import random_corpus, tiny_trainer, whole
from transformer_cli.data.tokens.batching import make_batch
from transformer_cli.training.r_drop import r_drop_loss
from transformer_cli.training.trainer import Trainer

N, V = 7, 11


def some_logits(seed: int) -> torch.Tensor:
    return torch.randn(N, V, generator=torch.Generator().manual_seed(seed), dtype=torch.float32)


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_it_is_half_of_the_formula_in_the_paper(smoothing: float):
    first, second, labels = some_logits(1), some_logits(2), torch.arange(N)

    loss = r_drop_loss(first, second, labels, smoothing=smoothing, weight=5.0)

    log_p, log_q = first.log_softmax(-1), second.log_softmax(-1)
    likelihood = sum(F.cross_entropy(x, labels, label_smoothing=smoothing, reduction="sum") for x in (first, second))
    p_from_q = F.kl_div(log_q, log_p, log_target=True, reduction="sum")
    q_from_p = F.kl_div(log_p, log_q, log_target=True, reduction="sum")
    assert_close(loss.total, (likelihood + 5.0 / 2 * (p_from_q + q_from_p)) / 2)
    assert loss.tokens == N


def test_equal_passes_leave_the_loss_of_one():
    logits, labels = some_logits(1), torch.arange(N)

    loss = r_drop_loss(logits, logits, labels, smoothing=0.0, weight=5.0)

    assert_close(loss.total, F.cross_entropy(logits, labels, reduction="sum"))


def training_loss(trainer: Trainer) -> float:
    trainer.model.train()
    torch.manual_seed(4)
    loss = trainer.loss(whole(random_corpus()))
    assert loss.tokens == whole(random_corpus()).target_tokens
    return loss.total.item()


def test_without_dropout_it_changes_nothing():
    assert training_loss(tiny_trainer(r_drop=5.0)) == pytest.approx(training_loss(tiny_trainer()), rel=1e-6)


def test_with_dropout_the_weight_counts_in_training_and_not_in_validation():
    some, more, none = (tiny_trainer(dropout=0.3, r_drop=weight) for weight in (1.0, 5.0, None))

    assert training_loss(more) > training_loss(some) > 0
    batches = [make_batch(random_corpus(), [0, 4])]
    assert more.validation_loss(batches) == none.validation_loss(batches)
