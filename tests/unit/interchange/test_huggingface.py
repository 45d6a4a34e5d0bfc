from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
import transformers

from tests.support.tiny_models import (
    SENTENCES,
    fill_with_noise,
    padded_sources,
    random_tokens,
    tiny_config,
    tiny_tokenizer,
)
from transformer_cli.config import DecodingConfig, LanguagesConfig, TokenizerConfig
from transformer_cli.data.tokens.fit_tokenizer import fit_tokenizer
from transformer_cli.data.tokens.tokenizer import Tokenizer, TokenizerPair
from transformer_cli.interchange.huggingface import write_huggingface_model
from transformer_cli.model.transformer import Transformer
from transformer_cli.special_tokens import BOS_ID, EOS_ID

LANGUAGES = LanguagesConfig(source="fr", target="en")
POSITIONS = 64


def small_tokenizer() -> Tokenizer:
    """Return one with fewer subwords than `tiny_tokenizer`."""
    return fit_tokenizer(SENTENCES[:4], TokenizerConfig(vocab_size=310), where="the test's sentences")


def noisy_model(tokenizers: TokenizerPair, *, seed: int = 0, **changes: Any) -> Transformer:
    """Return a model of noise."""
    config = tiny_config(**{"norm": "post", "d_model": 16, "max_length": 32, **changes})
    model = Transformer(config, tokenizers.target.vocab_size, source_vocab_size=tokenizers.source_vocab_size).eval()
    fill_with_noise(model, seed=seed)
    return model


def export(folder: Path, model: Transformer, tokenizers: TokenizerPair, decoding: DecodingConfig) -> Any:
    write_huggingface_model(folder, model, tokenizers, languages=LANGUAGES, decoding=decoding, num_positions=POSITIONS)
    return transformers.AutoModelForSeq2SeqLM.from_pretrained(folder).eval()


@pytest.mark.parametrize(
    ("norm", "name"), [("post", "MarianMTModel"), ("pre", "PegasusForConditionalGeneration")], ids=["post", "pre"]
)
@pytest.mark.parametrize("positions", ["paper", "marian"])
@pytest.mark.parametrize("tied_embeddings", [True, False])
@pytest.mark.parametrize("vocabularies", ["one", "small and large", "large and small"])
def test_the_exported_model_computes_the_same_logits(
    tmp_path, capfd, vocabularies, tied_embeddings, positions, norm, name
):
    large, small = tiny_tokenizer(), small_tokenizer()
    pairs = {"one": (large, large), "small and large": (small, large), "large and small": (large, small)}
    tokenizers = TokenizerPair(*pairs[vocabularies])
    target = tokenizers.target
    model = noisy_model(tokenizers, tied_embeddings=tied_embeddings, positions=positions, norm=norm)
    source, mask = padded_sources([9, 7, 1], vocab_size=tokenizers.source.vocab_size)
    decoder_input = random_tokens(3, 6, seed=1, vocab_size=target.vocab_size)
    decoder_input[:, 0] = BOS_ID

    exported = export(tmp_path, model, tokenizers, DecodingConfig())
    with torch.no_grad():
        ours = model(source, mask, decoder_input)
        theirs = exported(input_ids=source, attention_mask=mask[:, 0, 0].long(), decoder_input_ids=decoder_input).logits

    assert type(exported).__name__ == name
    torch.testing.assert_close(theirs[..., : target.vocab_size], ours, rtol=1e-4, atol=1e-4)
    assert (theirs[..., target.vocab_size :] < -90).all()  # what fills up the smaller vocabulary
    assert "MISSING" not in capfd.readouterr().err


@pytest.mark.filterwarnings("ignore:Recommended. pip install sacremoses")  # it would change the punctuation
@pytest.mark.parametrize(
    "text",
    [
        "Je suis étudiant.",
        "日本語 a\u00a0b 🙂",
        "</s> <unk> <pad> <s> <0xE2>",
        "▁x",
        "« Où est la gare ? »",
        "[red] & <b>",
    ],
)
def test_their_tokenizer_cuts_and_joins_as_ours_does(tmp_path, text):
    ours = tiny_tokenizer()
    export(tmp_path, noisy_model(TokenizerPair(ours, ours)), TokenizerPair(ours, ours), DecodingConfig())

    theirs = transformers.AutoTokenizer.from_pretrained(tmp_path)

    assert theirs(text)["input_ids"] == [*ours.encode(text), EOS_ID]
    assert theirs.decode(theirs(text)["input_ids"], skip_special_tokens=True) == ours.decode(ours.encode(text))
