"""A corpus of random sentences, and what it takes to train a tiny model on it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

from tests.support.tiny_models import VOCAB_SIZE, tiny_config
from transformer_cli.config import TrainingConfig
from transformer_cli.data.tokens.batch_stream import BatchStream
from transformer_cli.data.tokens.batching import Batch, make_batch
from transformer_cli.data.tokens.encoded import EncodedCorpus, SideInMemory
from transformer_cli.model.transformer import Transformer
from transformer_cli.special_tokens import EOS_ID
from transformer_cli.training.trainer import Trainer

PEAK_LEARNING_RATE = 0.01


def random_corpus(*, sentences: int = 12, seed: int = 0, longest: int = 6) -> EncodedCorpus:
    """Return pairs of 2 to ``longest`` + 1 words in the source and 1 to ``longest`` in the target, eos at the end."""
    random = np.random.default_rng(seed)
    lengths = [(2 + i % longest, 1 + (i * 5 + 2) % longest) for i in range(sentences)]

    def sentence(length: int) -> list[int]:
        return [*random.integers(EOS_ID + 1, VOCAB_SIZE, length).tolist(), EOS_ID]

    pairs = [(sentence(source), sentence(target)) for source, target in lengths]
    return EncodedCorpus(_side([source for source, _ in pairs]), _side([target for _, target in pairs]))


def _side(rows: Sequence[Sequence[int]]) -> SideInMemory:
    offsets = np.cumsum([0, *map(len, rows)], dtype=np.int64)
    return SideInMemory(np.concatenate([np.array(row, dtype=np.int32) for row in rows]), offsets)


def whole(corpus: EncodedCorpus) -> Batch:
    """Return all pairs of ``corpus`` as one batch."""
    return make_batch(corpus, range(len(corpus)))


def tiny_trainer(
    *,
    seed: int = 0,
    norm: Any = "post",
    dropout: float = 0.0,
    num_layers: int | None = None,
    peak_learning_rate: float = PEAK_LEARNING_RATE,
    **training: Any,
) -> Trainer:
    """Return a trainer of a fresh model; the same seed gives the same weights."""
    torch.manual_seed(seed)
    layers = {"num_encoder_layers": num_layers, "num_decoder_layers": num_layers} if num_layers else {}
    model = Transformer(tiny_config(dropout=dropout, norm=norm, **layers), VOCAB_SIZE)
    config = TrainingConfig(**{"warmup_steps": 4, "precision": "float32", **training})
    return Trainer(model, config, peak_learning_rate=peak_learning_rate)


def tiny_stream(corpus: EncodedCorpus, *, max_tokens: int = 16) -> BatchStream:
    """Return batches of two to three pairs of `random_corpus`."""
    return BatchStream(corpus, max_tokens=max_tokens, max_length=16, seed=1)


def weights(trainer: Trainer) -> dict[str, torch.Tensor]:
    """Return a copy of all parameters, which further training leaves alone."""
    return {name: parameter.detach().clone() for name, parameter in trainer.model.named_parameters()}


def gradients(trainer: Trainer) -> dict[str, torch.Tensor]:
    """Return a copy of the gradients that the last update left behind; every parameter has one."""
    copies = {name: p.grad.clone() for name, p in trainer.model.named_parameters() if p.grad is not None}
    assert len(copies) == len(list(trainer.model.parameters()))
    return copies


def differing(first: dict[str, torch.Tensor], second: dict[str, torch.Tensor]) -> list[str]:
    """Name the tensors that are not equal to the last bit; NaN equals NaN."""
    assert first.keys() == second.keys()
    return [name for name in first if not torch.equal(_bytes_of(first[name]), _bytes_of(second[name]))]


def _bytes_of(tensor: torch.Tensor) -> torch.Tensor:
    return tensor.reshape(-1).view(torch.uint8)
