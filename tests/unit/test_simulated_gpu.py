"""What the code does on a GPU alone: what stays on the CPU by mistake is an error, and the numbers are the CPU's."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from tests.support.simulated_gpu import simulated_gpu
from tests.support.tiny_models import talkative_model
from tests.support.tiny_training import PEAK_LEARNING_RATE, random_corpus, tiny_stream, tiny_trainer, whole
from transformer_cli.config import DecodingConfig, TrainingConfig
from transformer_cli.decoding.engine import Sampling, SearchOptions
from transformer_cli.decoding.pytorch.torch_engine import TorchEngine
from transformer_cli.training.trainer import Trainer

SOURCES = [[7, 8, 9], [30], [100, 20, 30, 40, 50], [30, 7]]


def losses(trainer: Trainer, *, updates: int = 2) -> list[float]:
    """Train, validate, save and go on, as a training does, and return all losses."""
    batches = iter(tiny_stream(random_corpus()))
    trainer.try_out([whole(random_corpus())])
    found = [trainer.train_step([next(batches)]).loss for _ in range(updates)]
    with trainer.evaluated_weights():
        found.append(trainer.validation_loss([whole(random_corpus())]))
    trainer.load_state_dict(trainer.state_dict())
    return [*found, trainer.train_step([next(batches)]).loss]


@pytest.mark.parametrize("options", [{"clip_norm": 0.1}, {"ema_decay": 0.9, "r_drop": 1.0}], ids=str)
def test_a_training_has_the_losses_of_the_cpu(options: dict[str, Any]):
    expected = losses(tiny_trainer(**options))

    with simulated_gpu() as gpu:
        model = tiny_trainer(**options).model.to(gpu)
        config = TrainingConfig(**{"warmup_steps": 4, "precision": "float32", **options})
        trainer = Trainer(model, config, peak_learning_rate=PEAK_LEARNING_RATE)
        assert trainer.is_on_gpu
        assert losses(trainer) == pytest.approx(expected, rel=1e-4)
        assert all(tensor.device == gpu for tensor in trainer.state_dict()["moments"].values())


def test_dropout_is_drawn_on_the_gpu_in_training_alone():
    *trained, validated, last = losses(tiny_trainer(peak_learning_rate=1e-9))
    with simulated_gpu() as gpu:
        model = tiny_trainer(dropout=0.5).model.to(gpu)
        config = TrainingConfig(warmup_steps=4, precision="float32")
        once, again = (losses(Trainer(model, config, peak_learning_rate=1e-9)) for _ in range(2))

    assert once == pytest.approx(again, rel=1e-5)
    assert once[-2] == pytest.approx(validated, rel=1e-4)
    assert all(abs(a - b) > 1e-3 for a, b in zip([*once[:-2], once[-1]], [*trained, last], strict=True))


@pytest.mark.parametrize(
    "options",
    [
        SearchOptions(n_best=3, with_attention=True),
        SearchOptions(beam_size=1),
        SearchOptions(n_best=2, sampling=Sampling(seed=5, top_k=20)),
    ],
    ids=["beam", "greedy", "sampling"],
)
def test_a_search_finds_what_it_finds_on_the_cpu(options: SearchOptions):
    config = DecodingConfig(
        beam_size=3, max_length_ratio=1.0, max_length_extra=4, beam_narrows=options.beam_size is None
    )
    prefixes = [(), (60, 61), (), (9,)]
    expected = TorchEngine([talkative_model(seed=seed) for seed in range(2)], config)

    with simulated_gpu() as gpu:
        engine = TorchEngine([talkative_model(seed=seed).to(gpu) for seed in range(2)], config)
        assert engine.search(SOURCES, options, prefixes) == expected.search(SOURCES, options, prefixes)


def test_what_is_on_another_device_is_an_error():
    with simulated_gpu() as gpu, pytest.raises(RuntimeError, match="found cuda and cpu"):
        torch.ones(3, device=gpu) + torch.ones(3)
    with simulated_gpu() as gpu, pytest.raises(RuntimeError, match="found cuda and cpu"):
        torch.ones(3, device=gpu)[torch.tensor([0, 1], device=gpu)] = torch.ones(2)
