"""Models as other programs write them, with random weights: folders of Hugging Face, files of Marian."""

from __future__ import annotations

import io
import json
from functools import cache
from pathlib import Path
from typing import Any

import sentencepiece
import torch

from tests.support.tiny_models import SENTENCES, fill_with_noise

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
