from __future__ import annotations

import json
import os
import pickle
from pathlib import Path
from typing import Any

import pytest
import torch
import transformers

from tests.support.original_models import rebuilt, write_original_huggingface_model
from tests.support.tiny_models import fill_with_noise, tiny_config, tiny_tokenizer, tiny_tokenizers
from transformer_cli.artifacts.checkpoint.checkpoint import weights_of
from transformer_cli.config import DecodingConfig, LanguagesConfig
from transformer_cli.data.tokens.tokenizer import TokenizerPair
from transformer_cli.decoding.engine import BEST_ONLY
from transformer_cli.decoding.pytorch.torch_engine import TorchEngine
from transformer_cli.errors import DataError
from transformer_cli.interchange.from_huggingface import read_huggingface_model
from transformer_cli.interchange.huggingface import write_huggingface_model
from transformer_cli.interchange.huggingface_weights import read_pickled_tensors
from transformer_cli.model.transformer import Transformer
from transformer_cli.special_tokens import BOS_ID, EOS_ID

LANGUAGES = LanguagesConfig(source="fr", target="en")
TEXTS = ["Je suis étudiant.", "Elle a trois chats noirs, et le chien dort.", "日本 x"]


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"tied_embeddings": False},
        {"activation": "swish", "zero_start": True, "output_bias": True, "tied_embeddings": True},
        {"activation": "gelu_sigmoid", "output_bias": True, "dropout": 0.1},
        {"positions": "marian"},
        {"norm": "pre"},
        {"norm": "pre", "tied_embeddings": False, "output_bias": True, "positions": "marian"},
        {"norm": "pre", "zero_start": True, "output_bias": True},
    ],
)
@pytest.mark.parametrize("shared", [True, False])
def test_an_exported_model_comes_back_with_the_same_bits(tmp_path: Path, shared: bool, changes: dict[str, Any]):
    own = tiny_tokenizer()
    other = tiny_tokenizers().source if shared else type(own)(own.model)
    tokenizers = TokenizerPair(other, own)
    config = tiny_config(**{"norm": "post", "d_model": 16, "preset": "base", **changes})
    model = Transformer(config, own.vocab_size, source_vocab_size=tokenizers.source_vocab_size).eval()
    fill_with_noise(model)
    if config.zero_start:
        model.target_embedding.table.weight.data[BOS_ID] = 0.0
        model.output.bias.data[[0, BOS_ID]] = -100.0
    decoding = DecodingConfig(beam_size=3, length_penalty=0.5)
    write_huggingface_model(tmp_path, model, tokenizers, languages=LANGUAGES, decoding=decoding, num_positions=64)

    imported = read_huggingface_model(tmp_path, None)

    assert imported.config == config
    assert imported.languages == LANGUAGES
    assert (imported.decoding.beam_size, imported.decoding.length_penalty) == (3, 0.5)
    assert imported.tokenizers.fingerprint == tokenizers.fingerprint
    weights = weights_of(model)
    assert imported.weights.keys() == weights.keys()
    assert all(torch.equal(imported.weights[name], weight) for name, weight in weights.items())


@pytest.mark.filterwarnings("ignore:Recommended. pip install sacremoses")  # it would change the punctuation
@pytest.mark.parametrize(("activation", "is_pickled"), [("swish", False), ("gelu", True)])
def test_a_converted_model_gives_each_token_the_log_probability_it_has_in_transformers(
    tmp_path: Path, activation: str, is_pickled: bool
):
    original = write_original_huggingface_model(tmp_path, activation=activation, is_pickled=is_pickled)
    tokenizer = transformers.AutoTokenizer.from_pretrained(tmp_path)
    pad = original.config.pad_token_id

    imported = read_huggingface_model(tmp_path, None)

    model, own = rebuilt(imported), imported.tokenizers
    assert imported.config.zero_start
    for text in TEXTS:
        theirs = tokenizer(text, return_tensors="pt")
        source = torch.tensor([[*own.source.encode(text), EOS_ID]])
        assert [own.source.piece(token) for token in source[0].tolist()] == tokenizer.convert_ids_to_tokens(
            theirs["input_ids"][0].tolist()
        )
        target = own.target.encode("She has three black cats.")
        their_target = tokenizer.convert_tokens_to_ids([own.target.piece(token) for token in target])
        with torch.no_grad():
            logits = original(**theirs, decoder_input_ids=torch.tensor([[pad, *their_target]])).logits
            logits[..., pad] = -torch.inf  # padding is no token of the original
            ours = model(
                source, torch.ones(1, 1, 1, source.size(1), dtype=torch.bool), torch.tensor([[BOS_ID, *target]])
            )
        expected = logits.log_softmax(-1)[0].gather(1, torch.tensor([*their_target, 0])[:, None])
        found = ours.log_softmax(-1)[0].gather(1, torch.tensor([*target, EOS_ID])[:, None])
        torch.testing.assert_close(found, expected, rtol=0.0, atol=1e-4)


@pytest.mark.filterwarnings("ignore:Recommended. pip install sacremoses")
def test_a_converted_model_is_searched_as_in_transformers(tmp_path: Path):
    original = write_original_huggingface_model(tmp_path)
    tokenizer = transformers.AutoTokenizer.from_pretrained(tmp_path)
    imported = read_huggingface_model(tmp_path, None)
    decoding = DecodingConfig(beam_size=1, max_length_ratio=1.0, max_length_extra=12)
    engine = TorchEngine(rebuilt(imported), decoding)
    for text in TEXTS:
        tokens = imported.tokenizers.source.encode(text)
        ((best,),) = engine.search([tokens], BEST_ONLY)
        longest = len(best.tokens) + 1
        out = original.generate(**tokenizer(text, return_tensors="pt"), num_beams=1, max_new_tokens=longest)
        assert tokenizer.convert_ids_to_tokens(out[0, 1:longest].tolist()) == [
            imported.tokenizers.target.piece(token) for token in best.tokens
        ]


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"model_type": "m2m_100"}, "m2m_100"),
        ({"normalize_before": True}, "normalize_before"),
        ({"scale_embedding": False}, "scale_embedding"),
        ({"activation_function": "tanh"}, "tanh"),
        ({"decoder_attention_heads": 4}, "heads"),
    ],
)
def test_what_our_model_cannot_compute_is_refused_by_name(tmp_path: Path, changes: dict[str, Any], named: str):
    configuration = {"model_type": "marian", "scale_embedding": True, "activation_function": "relu", **changes}
    (tmp_path / "config.json").write_text(json.dumps(configuration))

    with pytest.raises(DataError, match=named):
        read_huggingface_model(tmp_path, LANGUAGES)


def test_a_pickle_that_would_run_code_is_refused_and_does_not_run(tmp_path: Path):
    write_original_huggingface_model(tmp_path)
    (tmp_path / "model.safetensors").unlink()
    torch.save({"model.shared.weight": _RunsCode(str(tmp_path / "ran"))}, tmp_path / "pytorch_model.bin")

    with pytest.raises(DataError, match="holds more than weights") as refusal:
        read_huggingface_model(tmp_path, LANGUAGES)

    assert not (tmp_path / "ran").exists()
    assert "weights_only" not in str(refusal.value)  # PyTorch's advice would run the code


class _RunsCode:
    def __init__(self, path: str) -> None:
        self.path = path

    def __reduce__(self) -> Any:
        return os.mkdir, (self.path,)


@pytest.mark.parametrize(
    ("file", "changes", "named"),
    [
        ("config.json", {"decoder_start_token_id": 999}, r"vocab\.json has 64 pieces and none with the id 999"),
        ("config.json", {"pad_token_id": -1}, r"vocab\.json has 64 pieces and none with the id -1"),
        (
            "config.json",
            {"encoder_attention_heads": 3, "decoder_attention_heads": 3},
            r"config\.json .*num_heads \(3\)",
        ),
        (
            "config.json",
            {"encoder_ffn_dim": 8, "decoder_ffn_dim": 8},
            r"inner\.weight has the shape \(24, 16\) ",
        ),
        ("generation_config.json", {"num_beams": 0}, r"generation_config\.json cannot be imported: beam_size: "),
        ("vocab.json", {"x": -5}, r"vocab\.json has 64 pieces and none with the id -5"),
        ("vocab.json", {"x": 64}, r"table\.weight has the shape \(64, 16\) instead of \(65, 16\)"),
    ],
)
def test_a_setting_that_does_not_fit_is_named(tmp_path: Path, file: str, changes: dict[str, int], named: str):
    write_original_huggingface_model(tmp_path)
    path = tmp_path / file
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))

    with pytest.raises(DataError, match=named):
        read_huggingface_model(tmp_path, None)


@pytest.mark.parametrize(
    ("file", "content", "named"),
    [
        ("vocab.json", b"[1, 2]", "vocab.json"),
        ("source.spm", b"\x0a\xff", r"source\.spm is no SentencePiece model"),
        ("source.spm", b"", r"source\.spm is no SentencePiece model"),
        ("target.spm", b"\x0a\x02\x18\x63", r"target\.spm is no SentencePiece model"),  # an unknown kind of piece
        ("target.spm", b"\x0a\x04\x12\x02ab", r"target\.spm is no SentencePiece model"),  # a score of two bytes
        ("model.safetensors", b"cut", "model.safetensors"),
        ("tokenizer_config.json", b"{}", "--from and --to"),
        ("config.json", b"", "config.json"),
    ],
)
def test_a_damaged_file_is_named(tmp_path: Path, file: str, content: bytes, named: str):
    write_original_huggingface_model(tmp_path)
    (tmp_path / file).write_bytes(content)

    with pytest.raises(DataError, match=named):
        read_huggingface_model(tmp_path, None)


@pytest.mark.parametrize("is_zip", [True, False])
def test_a_pickle_that_is_cut_anywhere_or_holds_no_names_is_refused(tmp_path: Path, is_zip: bool):
    path = tmp_path / "pytorch_model.bin"
    torch.save({"a": torch.ones(9), "b": torch.zeros(2)}, path, _use_new_zipfile_serialization=is_zip)
    whole = path.read_bytes()
    assert read_pickled_tensors(path).keys() == {"a", "b"}

    for content in (*(whole[:end] for end in range(0, len(whole), 7)), b"hello\n", pickle.dumps([1]), pickle.dumps(2)):
        path.write_bytes(content)
        with pytest.raises(DataError, match=r"pytorch_model\.bin is damaged, or holds more than weights"):
            read_pickled_tensors(path)
