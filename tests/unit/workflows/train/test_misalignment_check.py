from __future__ import annotations

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from tests.support.tiny_models import VOCAB_SIZE, tiny_config
from transformer_cli.config import TrainingConfig
from transformer_cli.data.tokens.batch_stream import BatchStream
from transformer_cli.data.tokens.encoded import EncodedCorpus, SideInMemory
from transformer_cli.model.transformer import Transformer
from transformer_cli.special_tokens import EOS_ID
from transformer_cli.training.trainer import Trainer
from transformer_cli.workflows.train.misalignment_check import alignment, alignment_of_new

PAIRS = 200
ONE = np.zeros(PAIRS, np.int32)
"""All pairs are of one corpus."""


def side(rows: list[list[int]]) -> SideInMemory:
    offsets = np.cumsum([0, *map(len, rows)], dtype=np.int64)
    return SideInMemory(np.concatenate([np.array(row, dtype=np.int32) for row in rows]), offsets)


def copies(*, shuffled: range = range(0)) -> EncodedCorpus:
    """Return sentences that are their own translation, but for a range of pairs whose targets are mixed up."""
    random = np.random.default_rng(0)
    rows = [[*random.integers(EOS_ID + 1, VOCAB_SIZE, 2 + i % 3).tolist(), EOS_ID] for i in range(PAIRS)]
    order = np.arange(PAIRS)
    order[shuffled.start : shuffled.stop] = random.permutation(np.array(shuffled, dtype=np.int64))
    return EncodedCorpus(side(rows), side([rows[i] for i in order]))


def repeated(corpus: EncodedCorpus, pairs: NDArray[np.int64]) -> EncodedCorpus:
    """Return the pairs of some indices."""
    sides = (corpus.source, corpus.target)
    return EncodedCorpus(*(side([each[i].tolist() for i in pairs]) for each in sides))


@pytest.fixture(scope="module")
def model() -> Transformer:
    """A model that has learned to copy."""
    torch.manual_seed(0)
    model = Transformer(tiny_config(), VOCAB_SIZE)
    trainer = Trainer(model, TrainingConfig(warmup_steps=20, label_smoothing=0.0), peak_learning_rate=0.01)
    batches = iter(BatchStream(copies(), max_tokens=200, max_length=16, seed=1))
    for _ in range(250):
        trainer.train_step([next(batches)])
    return model


def test_translations_are_told_from_mixed_up_pairs(model):
    assert (alignment(model, copies(), np.arange(PAIRS)) or 0) > 20
    assert -4 < (alignment(model, copies(shuffled=range(PAIRS)), np.arange(PAIRS)) or 9) < 4


def test_only_the_pairs_in_question_count(model):
    corpus = copies(shuffled=range(100, 200))
    is_new = np.arange(PAIRS) >= 100

    assert -4 < (alignment_of_new(model, corpus, is_new, ONE) or 9) < 4
    assert (alignment_of_new(model, copies(), is_new, ONE) or 0) > 10


def test_a_corpus_is_not_hidden_by_others_nor_by_pairs_that_models_made(model):
    pairs = np.array([*range(100), *(8 * [*range(100, 150)]), *(8 * [*range(150, 200)])])
    corpus = repeated(copies(shuffled=range(150, 200)), pairs)
    is_new = pairs >= 100
    origins = np.select([pairs < 100, pairs < 150], [0, 1], 2)

    assert (alignment(model, corpus, np.flatnonzero(is_new)) or 0) > 4
    assert -4 < (alignment_of_new(model, corpus, is_new, origins) or 9) < 4
    assert -4 < (alignment_of_new(model, corpus, is_new, np.where(origins == 1, -1, origins)) or 9) < 4
    assert (alignment_of_new(model, corpus, is_new, np.where(origins == 2, -1, origins)) or 0) > 10


def test_of_few_pairs_nothing_is_said(model):
    assert alignment(model, copies(), np.arange(49)) is None
    assert alignment(model, copies(), np.arange(50)) is not None
    assert alignment_of_new(model, copies(), np.arange(PAIRS) >= 10, ONE) is None


def test_a_model_that_has_learned_nothing_is_not_asked():
    torch.manual_seed(0)
    novice = Transformer(tiny_config(), VOCAB_SIZE)

    assert alignment_of_new(novice, copies(shuffled=range(100, 200)), np.arange(PAIRS) >= 100, ONE) is None
