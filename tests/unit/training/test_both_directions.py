from __future__ import annotations

import pytest
import torch
from torch import Tensor

from tests.support.tiny_training import differing, random_corpus, tiny_trainer, weights, whole
from transformer_cli.config import Recipe, TrainingConfig
from transformer_cli.data.tokens.batching import Batch, make_batch
from transformer_cli.data.tokens.encoded import EncodedCorpus
from transformer_cli.training.both_directions import some_turned_round

FIELDS = ("source", "source_mask", "decoder_input", "labels")


def assert_same(batch: Batch, expected: Batch) -> None:
    assert [name for name in FIELDS if not torch.equal(getattr(batch, name), getattr(expected, name))] == []
    assert (batch.source_tokens, batch.target_tokens) == (expected.source_tokens, expected.target_tokens)


def is_turned(batch: Batch, original: Batch) -> bool:
    return torch.equal(batch.source, original.labels)


def test_a_batch_that_is_turned_round_is_that_of_the_corpus_with_its_sides_exchanged():
    corpus = random_corpus()
    exchanged = EncodedCorpus(corpus.target, corpus.source)

    assert_same(make_batch(corpus, [3, 0, 7]).turned_round(), make_batch(exchanged, [3, 0, 7]))


def test_about_half_of_the_batches_are_turned_round_and_always_the_same_ones():
    batch = whole(random_corpus())

    def turned(seed: int) -> list[bool]:
        return [
            is_turned(each, batch)
            for step in range(100)
            for each in some_turned_round([batch, batch], seed=seed, step=step)
        ]

    assert 70 <= sum(turned(1)) <= 130  # 4 standard deviations
    assert turned(1) == turned(1) != turned(2)


def test_a_batch_without_tokens_is_not_turned_round():
    batch = whole(random_corpus())
    empty = Batch(batch.source, batch.source_mask, batch.decoder_input, torch.zeros_like(batch.labels), 0, 0)

    assert not any(is_turned(some_turned_round([empty], seed=1, step=step)[0], empty) for step in range(20))


def test_a_trainer_turns_batches_round_until_the_step_that_it_is_told():
    batch, seed = whole(random_corpus()), TrainingConfig().seed
    turned = [step for step in range(1, 20) if is_turned(some_turned_round([batch], seed=seed, step=step)[0], batch)]
    first, second, *_ = turned

    def trained(batches: list[Batch], both_directions_steps: int) -> dict[str, Tensor]:
        trainer = tiny_trainer(both_directions_steps=both_directions_steps)
        for each in batches:
            trainer.train_step([each])
        return weights(trainer)

    ordinary = [batch] * second
    by_hand = [batch.turned_round() if step == first else batch for step in range(1, second + 1)]

    assert differing(trained(ordinary, first - 1), trained(ordinary, 0)) == []
    assert differing(trained(ordinary, second - 1), trained(by_hand, 0)) == []
    assert differing(trained(ordinary, second), trained(by_hand, 0)) != []


def test_two_vocabularies_cannot_be_exchanged():
    values = {"name": "x", "languages": {"source": "en", "target": "de"}, "data": {"train": ["a.{lang}"]}}

    with pytest.raises(ValueError, match=r"both_directions_steps needs tokenizer\.shared = true"):
        Recipe.model_validate({**values, "tokenizer": {"shared": False}, "training": {"both_directions_steps": 5}})
