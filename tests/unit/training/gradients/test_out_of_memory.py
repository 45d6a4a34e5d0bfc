from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from torch import Tensor
from torch.testing import assert_close

from tests.support.tiny_models import VOCAB_SIZE, tiny_config
from tests.support.tiny_training import (
    PEAK_LEARNING_RATE,
    differing,
    gradients,
    random_corpus,
    tiny_trainer,
    weights,
    whole,
)
from transformer_cli.config import TrainingConfig
from transformer_cli.model.transformer import Transformer
from transformer_cli.training.trainer import Trainer


class Cramped(Transformer):
    """A model that runs out of memory where a batch has more than some rows."""

    room = 3

    def encode(self, source: Tensor, source_mask: Tensor) -> Tensor:
        if len(source) > self.room:
            raise RuntimeError("CUDA out of memory. Tried to allocate 2.00 GiB.")
        return super().encode(source, source_mask)


def cramped_trainer() -> Trainer:
    torch.manual_seed(0)
    model = Cramped(tiny_config(dropout=0.0, norm="post"), VOCAB_SIZE)
    return Trainer(model, TrainingConfig(warmup_steps=4, precision="float32"), peak_learning_rate=PEAK_LEARNING_RATE)


def test_where_memory_runs_out_the_update_is_computed_in_pieces_and_is_the_same():
    batch = whole(random_corpus())
    roomy, cramped = tiny_trainer(), cramped_trainer()
    expected, report = roomy.train_step([batch]), cramped.train_step([batch])

    assert expected.pieces == 1
    assert report.pieces * Cramped.room >= len(batch.source) / torch.get_num_threads()
    assert replace(report, pieces=1, loss=0, gradient_norm=0) == replace(expected, loss=0, gradient_norm=0)
    assert (report.loss, report.gradient_norm) == pytest.approx((expected.loss, expected.gradient_norm), rel=1e-5)
    assert_close(gradients(cramped), gradients(roomy), rtol=0.0, atol=1e-6)


def test_what_memory_has_taught_is_part_of_the_state():
    batch = whole(random_corpus())
    first, resumed = cramped_trainer(), cramped_trainer()
    pieces = first.train_step([batch]).pieces

    resumed.load_state_dict(first.state_dict())

    assert pieces > 1
    assert resumed.pieces == pieces


def test_batches_that_are_tried_out_show_what_does_not_fit_and_leave_nothing_else_behind():
    batch = whole(random_corpus())
    tried, plain = cramped_trainer(), cramped_trainer()
    pieces = plain.train_step([batch]).pieces

    tried.try_out([batch, batch])

    assert (tried.step, tried.pieces) == (0, pieces)
    assert differing(weights(tried), weights(cramped_trainer())) == []
    tried.train_step([batch])
    assert differing(weights(tried), weights(plain)) == []


def test_a_row_too_large_for_the_memory_is_an_error(monkeypatch):
    monkeypatch.setattr(Cramped, "room", 0)

    with pytest.raises(RuntimeError, match="out of memory"):
        cramped_trainer().train_step([whole(random_corpus())])
