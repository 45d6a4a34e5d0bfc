from __future__ import annotations

import copy
from pathlib import Path

import pytest
import torch
from torch.testing import assert_close

from tests.support.checkpoint_states import OTHERS
from tests.support.tiny_training import differing, random_corpus, tiny_stream, tiny_trainer, weights, whole
from transformer_cli.training.ending.early_stopping import ProgressTracker
from transformer_cli.training.loop import LoopState
from transformer_cli.training.moving_average import MovingAverage
from transformer_cli.workflows.train.checkpointing import TrainingState


@pytest.mark.parametrize("decay", [0.3, 0.9])
def test_it_is_the_sum_that_its_definition_gives(decay: float):
    trainer = tiny_trainer(ema_decay=decay)
    batches = iter(tiny_stream(random_corpus()))
    expected = weights(trainer)

    for step in range(1, 6):
        trainer.train_step([next(batches)])
        share = min(decay, (1 + step) / (10 + step))
        expected = {name: share * expected[name] + (1 - share) * w for name, w in weights(trainer).items()}

    assert trainer.average is not None
    assert_close(trainer.average.weights(), expected)


def test_it_is_in_place_for_the_block_alone_even_where_that_fails():
    model = torch.nn.Linear(2, 2)
    average = MovingAverage(model, decay=0.5)
    start = copy.deepcopy(dict(model.named_parameters()))
    with torch.no_grad():
        model.weight.fill_(5.0)

    def fail_inside() -> None:
        with average.in_place():
            assert_close(dict(model.named_parameters()), start)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail_inside()

    assert_close(model.weight, torch.full((2, 2), 5.0))


def test_training_is_the_same_with_and_without_it():
    with_average, without = tiny_trainer(ema_decay=0.9), tiny_trainer()

    for trainer in (with_average, without):
        for _ in range(3):
            trainer.train_step([whole(random_corpus())])
            with trainer.evaluated_weights():
                pass

    assert differing(weights(with_average), weights(without)) == []


def test_a_checkpoint_has_the_average_for_its_weights_and_gives_both_back():
    def state() -> TrainingState:
        return TrainingState(tiny_trainer(ema_decay=0.9), tiny_stream(random_corpus()), LoopState(ProgressTracker()))

    saved, resumed = state(), state()
    for _ in range(3):
        saved.trainer.train_step([whole(random_corpus())])

    checkpoint = copy.deepcopy(saved.capture(**OTHERS))
    resumed.restore(checkpoint, where=Path("memory"))

    with saved.trainer.evaluated_weights():
        assert differing(checkpoint.weights, weights(saved.trainer)) == []
    assert differing(weights(resumed.trainer), weights(saved.trainer)) == []
    for trainer in (saved.trainer, resumed.trainer):
        trainer.train_step([whole(random_corpus())])
    assert differing(resumed.capture(**OTHERS).weights, saved.capture(**OTHERS).weights) == []
