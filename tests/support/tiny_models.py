"""A model and a tokenizer so small that a test makes its own."""

from __future__ import annotations

from functools import cache
from typing import Any

import torch
from torch import Tensor, nn

from transformer_cli.config import ModelConfig, TokenizerConfig
from transformer_cli.data.tokens.fit_tokenizer import fit_tokenizer
from transformer_cli.data.tokens.tokenizer import Tokenizer, TokenizerPair
from transformer_cli.model.transformer import Transformer
from transformer_cli.special_tokens import EOS_ID, PAD_ID

VOCAB_SIZE = 13

LIKE_MARIAN: tuple[dict[str, Any], ...] = (
    {"activation": "swish", "zero_start": True, "output_bias": True, "positions": "marian", "norm_epsilon": 1e-9},
    {"activation": "gelu_sigmoid", "output_bias": True, "norm": "pre", "norm_epsilon": 0.1},
    {"activation": "gelu", "tied_embeddings": False, "zero_start": True},
)
"""Changes of `tiny_config` that make a model like those of other programs."""

SENTENCES = (
    "Je suis étudiant.",
    "Elle a trois chats noirs, et le chien dort.",
    "Où est la gare ? Elle est là-bas.",
    "Nous mangeons du pain tous les jours.",
    "I am a student.",
    "She has three black cats, and the dog sleeps.",
    "Where is the station? It is over there.",
    "We eat bread every day.",
)


def tiny_config(**changes: Any) -> ModelConfig:
    """Return two encoder layers and three decoder layers, of different widths wherever they may differ."""
    shape: dict[str, Any] = {
        "num_encoder_layers": 2,
        "num_decoder_layers": 3,
        "d_model": 8,
        "d_ff": 12,
        "num_heads": 2,
        "dropout": 0.0,
        "max_length": 16,
    }
    return ModelConfig(**{**shape, **changes})


def tiny_model(*, vocab_size: int = VOCAB_SIZE, seed: int = 0, **changes: Any) -> Transformer:
    """Return a model in float64 and evaluation mode, in which no two numbers are equal, biases and norms included."""
    model = Transformer(tiny_config(**changes), vocab_size).double().eval()
    fill_with_noise(model, seed=seed)
    return model


def fill_with_noise(module: nn.Module, *, seed: int = 0) -> None:
    """Make every parameter random, so that none can be left out of a computation unseen."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, parameter in module.named_parameters():
            noise = torch.randn(parameter.shape, generator=generator, dtype=torch.float64)
            parameter.copy_(1 + 0.3 * noise if "norm" in name and name.endswith("weight") else 0.5 * noise)


def talkative_model(*, seed: int = 0, vocab_size: int = 330, **changes: Any) -> Transformer:
    """Return a model that says different things about different sources, and ends its sentences at different lengths.

    Most models of random weights say one word over and over, which would hide many a fault of a search.
    """
    model = tiny_model(vocab_size=vocab_size, seed=seed, **{"norm": "pre", "tied_embeddings": False, **changes})
    make_talkative(model)
    return model


def make_talkative(model: Transformer) -> None:
    """Do that to a model of random weights, pre norm and untied embeddings."""
    with torch.no_grad():
        model.source_embedding.table.weight *= 3
        model.target_embedding.table.weight *= 3
        model.decoder_norm.get_parameter("bias").zero_()
        model.output.weight[EOS_ID] *= 3


def random_tokens(*shape: int, seed: int, vocab_size: int = VOCAB_SIZE) -> Tensor:
    """Return token ids that are words: no special token is among them."""
    generator = torch.Generator().manual_seed(seed)
    return torch.randint(EOS_ID + 1, vocab_size, shape, generator=generator)


def padded_sources(lengths: list[int], *, seed: int = 0, vocab_size: int = VOCAB_SIZE) -> tuple[Tensor, Tensor]:
    """Return random sources (B, S), each ended by eos and padded, and their mask (B, 1, 1, S)."""
    source = random_tokens(len(lengths), max(lengths), seed=seed, vocab_size=vocab_size)
    for row, length in zip(source, lengths, strict=True):
        row[length - 1] = EOS_ID
        row[length:] = PAD_ID
    return source, (source != PAD_ID)[:, None, None, :]


@cache
def tiny_tokenizer() -> Tokenizer:
    """Return a tokenizer learned from `SENTENCES`: most words are spelled in letters and bytes."""
    return fit_tokenizer(SENTENCES, TokenizerConfig(vocab_size=330), where="the test's sentences")


def tiny_tokenizers() -> TokenizerPair:
    """Return that tokenizer for both sides."""
    return TokenizerPair(tiny_tokenizer(), tiny_tokenizer())


def subwords(tokenizer: Tokenizer, text: str) -> list[str]:
    """Return the subwords of one sentence as text."""
    return [tokenizer.piece(token) for token in tokenizer.encode(text)]
