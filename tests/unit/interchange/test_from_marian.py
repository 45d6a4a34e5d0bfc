from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import sentencepiece
import torch

from tests.support.marian_reference import marian_log_probs
from tests.support.original_models import HEADS, joint_list, opus_segmenter, rebuilt, write_marian_folder
from transformer_cli.config import LanguagesConfig
from transformer_cli.errors import DataError
from transformer_cli.interchange.from_marian import read_marian_model
from transformer_cli.special_tokens import BOS_ID, EOS_ID, PAD_ID, UNK_ID
from transformer_cli.workflows.import_model import import_model

LANGUAGES = LanguagesConfig(source="fr", target="en")
SOURCE, TARGET = "Elle a trois chats noirs, et le chien dort.", "She has three black cats."


@pytest.mark.parametrize("kind", ["opus", "joint", "separate"])
@pytest.mark.parametrize("activation", ["relu", "swish", "gelu"])
@pytest.mark.parametrize("has_bias", [True, False])
def test_each_token_has_the_log_probability_that_marian_computes(
    tmp_path: Path, kind: str, activation: str, has_bias: bool
):
    options = {"transformer_ffn_activation": activation, "output_omit_bias": not has_bias}
    path = write_marian_folder(tmp_path, kind=kind, **options)

    imported = read_marian_model(tmp_path, LANGUAGES)

    sides = ("source", "source" if kind == "joint" else "target")
    lists = [_pieces(side, kind) for side in sides]
    source, target = (
        [_their_id(lists[i], piece) for piece in _cut(sides[i], text)] for i, text in enumerate((SOURCE, TARGET))
    )
    with np.load(path) as arrays:
        expected = marian_log_probs(arrays, [*source, 0], target, heads=HEADS, activation=activation)
    own = imported.tokenizers
    ours = [own.source.encode(SOURCE), own.target.encode(TARGET)]
    assert [own.source.piece(token) for token in ours[0]] == [lists[0][token] for token in source]
    assert [own.target.piece(token) for token in ours[1]] == [lists[1][token] for token in target]
    with torch.no_grad():
        mask = torch.ones(1, 1, 1, len(ours[0]) + 1, dtype=torch.bool)
        logits = rebuilt(imported)(torch.tensor([[*ours[0], EOS_ID]]), mask, torch.tensor([[BOS_ID, *ours[1]]]))[0]
    found = logits.log_softmax(-1)
    order = [lists[1].index(own.target.piece(token)) for token in range(4, own.target.vocab_size)]
    np.testing.assert_allclose(found[:, 4:].numpy(), expected[:, order], rtol=0.0, atol=1e-4)
    np.testing.assert_allclose(found[:, [EOS_ID, UNK_ID]].numpy(), expected[:, [0, 1]], rtol=0.0, atol=1e-4)
    assert found[:, [PAD_ID, BOS_ID]].max() < -50


def _pieces(side: str, kind: str) -> list[str]:
    if kind == "opus":
        return joint_list()
    processor = sentencepiece.SentencePieceProcessor(model_proto=opus_segmenter(side))
    return ["</s>", "<unk>", *(processor.id_to_piece(token) for token in range(2, processor.get_piece_size()))]


def _cut(side: str, text: str) -> list[str]:
    pieces: list[str] = sentencepiece.SentencePieceProcessor(model_proto=opus_segmenter(side)).encode(
        text, out_type=str
    )
    return pieces


def _their_id(pieces: list[str], piece: str) -> int:
    return pieces.index(piece) if piece in pieces else 1


@pytest.mark.parametrize("text", ["Elle est noire.", "She sleeps.", "H ô x", "日本 ü", "a\u00a0b", "▁x", "s é s", ""])
def test_text_is_cut_as_by_the_original_models_and_looked_up_by_string_in_the_list(tmp_path: Path, text: str):
    write_marian_folder(tmp_path)
    tokenizers = read_marian_model(tmp_path, LANGUAGES).tokenizers
    listed = joint_list()

    for side, tokenizer in (("source", tokenizers.source), ("target", tokenizers.target)):
        expected = [piece if piece in listed else "<unk>" for piece in _cut(side, text)]
        assert [tokenizer.piece(token) for token in tokenizer.encode(text)] == expected
        assert tokenizer.encode_all([text, text]) == [tokenizer.encode(text)] * 2
        assert tokenizer.vocab_size == len(listed) + 2


def test_a_target_language_is_one_token_before_the_text(tmp_path: Path):
    write_marian_folder(tmp_path)
    tokenizer = read_marian_model(tmp_path, LANGUAGES).tokenizers.source
    plain = tokenizer.encode("Je suis.")
    french = tokenizer.encode(">>fra<< Je suis.")

    assert tokenizer.piece(french[0]) == ">>fra<<"
    assert french[1:] == plain
    assert tokenizer.encode_all([">>fra<< Je suis.", "Je suis.", ""]) == [french, plain, []]
    assert tokenizer.piece(tokenizer.encode(">>deu<< Je suis.")[0]) == ">>deu<<"
    assert tokenizer.encode(">>xyz<< Je suis.")[1:] != plain  # no such token: it is text


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"type": "s2s"}, "s2s"),
        ({"transformer_decoder_autoreg": "rnn"}, "recurrent"),
        ({"transformer_train_position_embeddings": True}, "positions are learned"),
        ({"transformer_preprocess": "n", "transformer_postprocess": "da"}, "layer norms"),
        ({"transformer_ffn_activation": "tanh"}, "tanh"),
        ({"transformer_ffn_depth": 3}, "ffn-depth"),
        ({"transformer_decoder_dim_ffn": 7}, "dim-ffn"),
        ({"transformer_no_projection": True}, "no-projection"),
        ({"transformer_tied_layers": [1, 1]}, "tied-layers"),
        ({"lemma_dim_emb": 5}, "factors"),
        ({"right_left": True}, "right to left"),
        ({"dim_vocabs": [9, 9]}, "take the one that belongs to it"),
        ({"dim_vocabs": [9]}, "vocabularies"),
        ({"enc_depth": "two"}, "damaged"),
        ({"enc_depth": 0}, r"model\.npz cannot be imported: num_encoder_layers: "),
        ({"transformer_heads": 3}, r"model\.npz cannot be imported: .*num_heads \(3\)"),
        ({"enc_depth": 3}, "holds no encoder_l3_self_Wq"),
        ({"enc_depth": 1}, "has no place for"),
    ],
)
def test_what_our_model_cannot_compute_is_refused_by_name_before_anything_is_written(
    tmp_path: Path, changes: dict[str, Any], named: str
):
    (tmp_path / "model").mkdir()
    write_marian_folder(tmp_path / "model", **changes)

    with pytest.raises(DataError, match=named):
        import_model(tmp_path / "model", source="fr", target="en", run_dir=tmp_path / "run")

    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("array", "named"),
    [
        (np.zeros(3, np.float32), r"model\.npz: .*query\.weight has the shape \(3, 1\) instead of \(16, 16\)"),
        (np.float32(1), r"model\.npz: .*query\.weight has the shape \(1, 1\) instead of \(16, 16\)"),
        (np.array(["a"]), r"model\.npz: encoder_l1_self_Wq holds no numbers"),
    ],
)
def test_an_array_that_does_not_fit_is_named(tmp_path: Path, array: Any, named: str):
    path = write_marian_folder(tmp_path)
    with np.load(path) as archive:
        arrays = {name: archive[name] for name in archive.files}
    np.savez(path, **{**arrays, "encoder_l1_self_Wq": array})

    with pytest.raises(DataError, match=named):
        read_marian_model(tmp_path, LANGUAGES)


@pytest.mark.parametrize(
    ("remove", "write", "named"),
    [
        ("source.spm", {}, "lacks source.spm"),
        ("source.spm", {"source.bpe": b""}, "subword-nmt"),
        ("source.spm", {"source.spm": b"\x0a\xff"}, r"source\.spm is no SentencePiece model"),
        ("opus.spm32k-spm32k.vocab.yml", {"decoder.yml": b""}, "no vocabulary"),
        ("opus.spm32k-spm32k.vocab.yml", {"opus.spm32k-spm32k.vocab.yml": b"x\n"}, "line 1"),
        ("opus.spm32k-spm32k.vocab.yml", {"opus.spm32k-spm32k.vocab.yml": b'"a": 0\n"\\uk": 1\n'}, "line 2"),
        ("opus.spm32k-spm32k.vocab.yml", {"opus.spm32k-spm32k.vocab.yml": b'"a": 0\n'}, "lists no </s>"),
        ("decoder.yml", {"decoder.yml": b"beam-size: many"}, "decoder.yml is damaged"),
        ("model.npz", {"model.npz": b"PK"}, "no whole .npz"),
        ("decoder.yml", {"other.npz": b""}, "several models"),
    ],
)
def test_a_missing_or_damaged_file_is_named(tmp_path: Path, remove: str, write: dict[str, bytes], named: str):
    write_marian_folder(tmp_path)
    (tmp_path / remove).unlink()
    for name, content in write.items():
        (tmp_path / name).write_bytes(content)

    with pytest.raises(DataError, match=named):
        read_marian_model(tmp_path, LANGUAGES)


def test_a_zip_is_imported_as_its_folder_is(tmp_path: Path):
    (tmp_path / "opus").mkdir()
    write_marian_folder(tmp_path / "opus")
    with zipfile.ZipFile(tmp_path / "opus-2020.zip", "w") as packed:
        for path in (tmp_path / "opus").iterdir():
            packed.write(path, path.name)

    versions = [
        import_model(tmp_path / name, source="fr", target="en", run_dir=tmp_path / f"run-{name}")
        for name in ("opus", "opus-2020.zip")
    ]

    weights = [(version / "model.safetensors").read_bytes() for version in versions]
    assert weights[0] == weights[1]


@pytest.mark.parametrize(
    ("files", "named"),
    [
        ({"model.npz": b""}, r"^opus\.zip holds no vocabulary"),
        ({"opus/model.npz": b"", "opus/vocab.spm": b""}, r"^opus\.zip/opus/model\.npz is no whole \.npz"),
        ({"README": b""}, r"^opus\.zip holds neither"),
        ({}, r"^opus\.zip holds neither"),
        (None, r"^opus\.zip is no \.zip archive"),
    ],
)
def test_a_zip_without_a_model_is_refused_by_its_own_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, files: dict[str, bytes] | None, named: str
):
    monkeypatch.chdir(tmp_path)
    Path("opus.zip").write_bytes(b"")
    if files is not None:
        with zipfile.ZipFile("opus.zip", "w") as packed:
            for name, content in files.items():
                packed.writestr(name, content)

    with pytest.raises(DataError, match=named):
        import_model("opus.zip", source="fr", target="en", run_dir=Path("run"))

    assert not Path("run").exists()


def test_the_search_settings_are_those_of_decoder_yml(tmp_path: Path):
    write_marian_folder(tmp_path)

    decoding = read_marian_model(tmp_path, LANGUAGES).decoding

    assert (decoding.beam_size, decoding.length_penalty, decoding.max_length_ratio) == (6, 1.0, 3.0)
    assert decoding.beam_narrows
