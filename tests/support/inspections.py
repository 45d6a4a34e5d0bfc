"""Sentences looked at from the inside, with models that a test makes itself."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import torch

from tests.support.tiny_models import talkative_model, tiny_tokenizers
from transformer_cli.config import MODEL_PRESETS, DecodingConfig, LanguagesConfig, ModelConfig
from transformer_cli.inspection.sentence import Inspection, inspect_sentence
from transformer_cli.model.transformer import Transformer

LANGUAGES = LanguagesConfig(source="fr", target="en")
SENTENCE = "Je suis étudiant."
HOSTILE = "</script><script>alert(1)</script> \"quoted\" 'n' & <b>אבג</b> 👍 ${x} {{ y }} \u202e"


def inspection(
    text: str = SENTENCE,
    *,
    target: str | None = None,
    seed: int = 3,
    shape: Mapping[str, Any] = MappingProxyType({}),
    **decoding: Any,
) -> Inspection:
    """Look at a sentence with a small model of random weights that says different things."""
    return inspect_sentence(
        talkative_model(seed=seed, **shape),
        tiny_tokenizers(),
        text,
        languages=LANGUAGES,
        decoding=DecodingConfig(**{"beam_size": 3, "max_length_ratio": 1.0, "max_length_extra": 2, **decoding}),
        target=target,
    )


def tiny_preset(*, seed: int = 0) -> Transformer:
    """Return a model of the preset "tiny", not trained."""
    torch.manual_seed(seed)
    return Transformer(ModelConfig(**MODEL_PRESETS["tiny"]), 330).eval()
