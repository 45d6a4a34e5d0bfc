"""One model in two engines: ours and CTranslate2's."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch

from tests.support.silent_tokens import set_logit
from tests.support.tiny_models import talkative_model
from transformer_cli.config import DecodingConfig
from transformer_cli.decoding.ctranslate2_engine import CTranslate2Engine
from transformer_cli.interchange.ctranslate2 import write_ctranslate2_model
from transformer_cli.model.transformer import Transformer
from transformer_cli.special_tokens import BOS_ID, PAD_ID, UNK_ID

VOCAB_SIZE = 40
POSITIONS = 64


def exportable_model(*, seed: int = 0, **changes: Any) -> Transformer:
    """Return a talkative model in float32.

    It gives pad, unk and bos no probability: CTranslate2 leaves theirs out before it normalises, our search afterwards.
    """
    model = talkative_model(seed=seed, vocab_size=VOCAB_SIZE, **{"d_model": 16, **changes})
    with torch.no_grad():
        model.output.weight[:, 0] = 0.0
    for token in (PAD_ID, UNK_ID, BOS_ID):
        set_logit(model, token, -100.0)
    return model.float()


def vocabulary(size: int, *, prefix: str = "w") -> list[str]:
    """Return special tokens and words, ``size`` in all."""
    return ["<pad>", "<unk>", "<s>", "</s>", *(f"{prefix}{i}" for i in range(4, size))]


def exported_engine(
    folder: Path, model: Transformer, config: DecodingConfig, *, quantization: str = "float32", threads: int = 1
) -> CTranslate2Engine:
    """Export ``model`` into ``folder`` and return an engine that searches with it."""
    folder.mkdir(exist_ok=True)
    write_ctranslate2_model(
        folder,
        model,
        source_pieces=vocabulary(model.source_embedding.table.num_embeddings),
        target_pieces=vocabulary(model.vocab_size),
        num_positions=POSITIONS,
        quantization=quantization,
    )
    return CTranslate2Engine(
        folder, config, max_length=model.config.max_length, num_positions=POSITIONS, threads=threads
    )


def sources(count: int, *, longest: int = 15, seed: int = 0) -> list[list[int]]:
    """Return random sources of 1 to ``longest`` words."""
    import random

    random_ = random.Random(seed)
    return [[random_.randrange(4, VOCAB_SIZE) for _ in range(random_.randint(1, longest))] for _ in range(count)]
