"""Translates with an exported model in ``transformers``, with its tokenizer, model and search."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from pathlib import Path

import torch
import transformers

from transformer_cli.config import DecodingConfig
from transformer_cli.data.tokens.length_batches import batches_by_length
from transformer_cli.decoding.line_translator import Translation
from transformer_cli.special_tokens import EOS_ID
from transformer_cli.text.normalization import normalize

_BATCH_SENTENCES = 20


def translate_with_transformers(folder: Path, lines: Sequence[str], decoding: DecodingConfig) -> list[Translation]:
    """Translate lines with the exported model in ``folder``.

    Args:
        folder: The folder written by `interchange.huggingface`.
        lines: Lines that are neither blank nor too long for the model.
        decoding: Settings of the search, with the maximum length of a translation.
    """
    transformers.utils.logging.set_verbosity_error()
    transformers.utils.logging.disable_progress_bar()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # transformers recommends a package that is not needed here
        tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    model = transformers.AutoModelForSeq2SeqLM.from_pretrained(folder).eval()
    translations: dict[int, Translation] = {}
    for indices in batches_by_length(list(map(len, lines)), max_sentences=_BATCH_SENTENCES):
        inputs = tokenizer([normalize(lines[i]) for i in indices], return_tensors="pt", padding=True)
        longest = decoding.longest_translation(inputs["input_ids"].size(1))
        with torch.inference_mode():
            out = model.generate(**inputs, max_length=longest + 1, return_dict_in_generate=True, output_scores=True)
        texts = tokenizer.batch_decode(out.sequences, skip_special_tokens=True)
        scores = _scores(out, decoding)
        translations.update(
            {i: Translation(normalize(t), s, 1) for i, t, s in zip(indices, texts, scores, strict=True)}
        )
    return [translations[i] for i in range(len(lines))]


def _scores(out: transformers.generation.GenerateBeamEncoderDecoderOutput, decoding: DecodingConfig) -> list[float]:
    """Return the scores of the sequences; those of a greedy search are summed here."""
    if "sequences_scores" in out:
        scores: list[float] = out.sequences_scores.tolist()
        return scores
    tokens = out.sequences[:, 1:]  # without bos
    steps = torch.stack(out.scores, dim=1).log_softmax(-1).gather(2, tokens[:, :, None])[:, :, 0]
    lengths = ((tokens == EOS_ID).cumsum(1) == 0).sum(1) + 1
    inside = torch.arange(tokens.size(1)) < lengths[:, None]
    sums: list[float] = (steps.masked_fill(~inside, 0).sum(1) / lengths**decoding.length_penalty).tolist()
    return sums
