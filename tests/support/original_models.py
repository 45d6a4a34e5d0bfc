"""Models as other programs write them, with random weights: folders of Hugging Face, files of Marian."""

from __future__ import annotations

import io
import json
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import sentencepiece
import torch
from numpy.typing import NDArray

from tests.support.tiny_models import SENTENCES, fill_with_noise
from transformer_cli.interchange.imported_weights import ImportedModel
from transformer_cli.model.transformer import Transformer

DIM, HIDDEN, HEADS = 16, 24, 2


@cache
def opus_segmenter(side: str) -> bytes:
    """Return a SentencePiece model with the special tokens that Marian wants, of the "source" or the "target"."""
    model = io.BytesIO()
    sentences = SENTENCES[:4] if side == "source" else SENTENCES[4:]
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(sentences),
        model_writer=model,
        model_type="unigram",
        vocab_size=60,
        hard_vocab_limit=False,
        bos_id=-1,
        eos_id=0,
        unk_id=1,
        num_threads=1,
        minloglevel=2,
    )
    return model.getvalue()


def joint_list() -> list[str]:
    """Return the pieces of both sides as OPUS-MT lists them: special tokens, languages, all others sorted.

    One piece of the source is missing, as a rare one may be.
    """
    pieces: set[str] = set()
    for side in ("source", "target"):
        processor = sentencepiece.SentencePieceProcessor(model_proto=opus_segmenter(side))
        pieces |= {processor.id_to_piece(token) for token in range(2, processor.get_piece_size())}
    return ["</s>", "<unk>", ">>deu<<", ">>fra<<", *sorted(pieces - {"é"})]


def write_original_huggingface_model(folder: Path, *, activation: str = "swish", is_pickled: bool = False) -> Any:
    """Write a MarianMT folder as it is on the hub, and return the model: padding is the last row, and all zeros."""
    import transformers

    pieces = [*joint_list(), "<pad>"]
    pad = len(pieces) - 1
    config = transformers.MarianConfig(
        vocab_size=len(pieces),
        d_model=DIM,
        encoder_layers=2,
        decoder_layers=1,
        encoder_attention_heads=HEADS,
        decoder_attention_heads=HEADS,
        encoder_ffn_dim=HIDDEN,
        decoder_ffn_dim=HIDDEN,
        activation_function=activation,
        scale_embedding=True,
        max_position_embeddings=64,
        pad_token_id=pad,
        eos_token_id=0,
        decoder_start_token_id=pad,
        forced_eos_token_id=0,
    )
    model = transformers.MarianMTModel(config).eval()
    fill_with_noise(model)
    with torch.no_grad():
        for table in (model.model.encoder.embed_positions, model.model.decoder.embed_positions):
            table.weight.copy_(table.create_weight())
        model.model.shared.weight[pad] = 0.0
        model.final_logits_bias.copy_(torch.randn(model.final_logits_bias.shape))
        model.final_logits_bias[0, pad] = 0.0
    model.generation_config.update(num_beams=4, bad_words_ids=[[pad]])
    model.save_pretrained(folder)
    if is_pickled:
        (folder / "model.safetensors").unlink()
        torch.save(model.state_dict(), folder / "pytorch_model.bin")
    for side in ("source", "target"):
        (folder / f"{side}.spm").write_bytes(opus_segmenter(side))
    (folder / "vocab.json").write_text(json.dumps({piece: token for token, piece in enumerate(pieces)}))
    settings = {"tokenizer_class": "MarianTokenizer", "source_lang": "fr", "target_lang": "en"}
    (folder / "tokenizer_config.json").write_text(json.dumps(settings))
    return model


def write_marian_folder(folder: Path, *, kind: str = "opus", **changes: Any) -> Path:
    """Write a Marian model of random weights with its vocabularies, and return the path of the ``.npz``.

    Args:
        folder: An existing folder.
        kind: "opus": two segmenters and one list; "joint": one SentencePiece model; "separate": one for each side.
        changes: Options of the training, with "_" for "-".
    """
    if kind == "opus":
        sizes = [len(joint_list())] * 2
        (folder / "opus.spm32k-spm32k.vocab.yml").write_text(_yaml_list(joint_list()), encoding="utf-8")
        (folder / "decoder.yml").write_text(DECODER, encoding="utf-8")
        names = {"source": "source.spm", "target": "target.spm"}
    else:
        names = {"source": "vocab.spm"} if kind == "joint" else {"source": "vocab.src.spm", "target": "vocab.trg.spm"}
        sizes = [
            sentencepiece.SentencePieceProcessor(model_proto=opus_segmenter(side)).get_piece_size() for side in names
        ]
        sizes = (sizes * 2)[:2]
    for side, name in names.items():
        (folder / name).write_bytes(opus_segmenter(side))
    options = {
        "type": "transformer",
        "enc-depth": 2,
        "dec-depth": 1,
        "dim-emb": DIM,
        "transformer-dim-ffn": HIDDEN,
        "transformer-heads": HEADS,
        "dim-vocabs": sizes,
        "tied-embeddings-all": kind != "separate",
        **{name.replace("_", "-"): value for name, value in changes.items()},
    }
    arrays = marian_arrays(sizes, tied=kind != "separate", bias=not options.get("output-omit-bias", False))
    text = "".join(f"{name}: {json.dumps(value)}\n" for name, value in options.items()) + "\0"
    arrays["special:model.yml"] = np.frombuffer(text.encode(), dtype=np.int8)
    np.savez(folder / "model.npz", **arrays)  # type: ignore[arg-type]
    return folder / "model.npz"


def rebuilt(imported: ImportedModel) -> Transformer:
    """Return the model that an import has read."""
    tokenizers = imported.tokenizers
    model = Transformer(
        imported.config, tokenizers.target.vocab_size, source_vocab_size=tokenizers.source_vocab_size
    ).eval()
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            parameter.copy_(imported.weights[name])
    return model


DECODER = """\
relative-paths: true
models:
  - model.npz
vocabs:
  - opus.spm32k-spm32k.vocab.yml
  - opus.spm32k-spm32k.vocab.yml
beam-size: 6
normalize: 1
word-penalty: 0
"""


def _yaml_list(pieces: list[str]) -> str:
    """Write a list as Marian does; some pieces without quotes, one as a complex key."""
    lines = []
    for token, piece in enumerate(pieces):
        quoted = json.dumps(piece, ensure_ascii=token % 2 == 0)
        lines.append(f"? {quoted}\n: {token}" if token == 7 else f"{piece if piece.isalpha() else quoted}: {token}")
    return "\n".join(lines) + "\n"


def marian_arrays(sizes: list[int], *, tied: bool, bias: bool) -> dict[str, NDArray[np.float32]]:
    """Return random arrays with the names and shapes that Marian 1.12 writes for 2 + 1 layers."""
    shapes: dict[str, tuple[int, int]] = {"Wemb": (sizes[0], DIM)}
    if not tied:
        shapes = {f"{stack}_Wemb": (size, DIM) for stack, size in zip(("encoder", "decoder"), sizes, strict=True)}
        shapes["decoder_ff_logit_out_W"] = (DIM, sizes[1])
    if bias:
        shapes["decoder_ff_logit_out_b"] = (1, sizes[1])
    for layer in ("encoder_l1", "encoder_l2", "decoder_l1"):
        for block in ("self", "context")[: 1 + layer.startswith("decoder")]:
            shapes |= {f"{layer}_{block}_W{part}": (DIM, DIM) for part in "qkvo"}
            shapes |= {f"{layer}_{block}_b{part}": (1, DIM) for part in "qkvo"}
            shapes |= {f"{layer}_{block}_Wo_ln_{part}": (1, DIM) for part in ("scale", "bias")}
        shapes |= {f"{layer}_ffn_W1": (DIM, HIDDEN), f"{layer}_ffn_b1": (1, HIDDEN)}
        shapes |= {f"{layer}_ffn_W2": (HIDDEN, DIM), f"{layer}_ffn_b2": (1, DIM)}
        shapes |= {f"{layer}_ffn_ffn_ln_{part}": (1, DIM) for part in ("scale", "bias")}
    draws = np.random.default_rng(0)
    return {name: (0.5 * draws.standard_normal(shape)).astype(np.float32) for name, shape in shapes.items()}
