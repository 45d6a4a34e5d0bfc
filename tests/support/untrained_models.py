"""Model directories without a training: their translations are nonsense, but different for different sources."""

from __future__ import annotations

from pathlib import Path

from tests.support.tiny_models import talkative_model
from transformer_cli.artifacts.checkpoint.checkpoint import weights_of
from transformer_cli.artifacts.model_directory import save_model_directory
from transformer_cli.config import DecodingConfig, LanguagesConfig
from transformer_cli.data.tokens.tokenizer import TokenizerPair


def write_untrained(folder: Path, tokenizers: TokenizerPair, *, source: str, target: str, seed: int = 0) -> Path:
    """Write a model directory with random weights, and return its folder."""
    model = talkative_model(seed=seed, vocab_size=tokenizers.target.vocab_size, max_length=32, d_model=16).float()
    save_model_directory(
        folder,
        weights=weights_of(model),
        tokenizers=tokenizers,
        model=model.config,
        languages=LanguagesConfig(source=source, target=target),
        decoding=DecodingConfig(beam_size=1, max_length_ratio=1.0, max_length_extra=2),
        card="",
    )
    return folder
