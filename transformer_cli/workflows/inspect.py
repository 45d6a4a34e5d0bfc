"""The ``tfm inspect`` workflow: records the inner values of a model for one sentence."""

from __future__ import annotations

import logging
from pathlib import Path

from transformer_cli.artifacts.model_directory import open_model
from transformer_cli.config import SearchOverrides, with_search
from transformer_cli.data.splits.read import Corpus
from transformer_cli.data.tokens.tokenizer import Tokenizer
from transformer_cli.decoding.source_forms import pairs_as_read
from transformer_cli.device import choose_device
from transformer_cli.errors import DataError
from transformer_cli.inspection.sentence import Inspection, inspect_sentence
from transformer_cli.text.normalization import normalize, without_surrogates
from transformer_cli.workflows.locate.model import find_model

logger = logging.getLogger(__name__)


def inspect(
    sentence: str,
    *,
    model: str | Path,
    target: str | None = None,
    search: SearchOverrides | None = None,
    candidates: int = 8,
    device: str = "auto",
) -> Inspection:
    """Translate one sentence and record the values of each step of the model and of the search.

    Placeholders are symbols, if the model has learned to read them so.

    Args:
        sentence: One line of text.
        model: A run directory or a model directory.
        target: A translation to inspect; None: the model's own.
        search: Search settings that replace the model's own; None: no changes.
        candidates: The number of most probable pieces to record at each step.
        device: "auto", "cpu", "cuda" ...

    Raises:
        DataError: The sentence or the target is blank, or too long for the model.
        DamagedFileError: The model is incomplete or damaged.
        UsageError: There is no such device, or a search setting is out of its range.
    """
    sentence = _without_bytes(sentence, "the sentence")
    target = None if target is None else _without_bytes(target, "the target")
    loaded = open_model(find_model(Path(model)), choose_device(device))
    decoding = with_search(loaded.decoding, search)
    limit = loaded.model.config.max_length - 1  # one position is for eos
    # A sentence alone is read as a pair with itself: all of its placeholders are symbols, as in translating.
    corpus = Corpus([normalize(sentence)], [normalize(sentence if target is None else target)])
    read = pairs_as_read(loaded.text, loaded.tokenizers, corpus)
    return inspect_sentence(
        loaded.model,
        loaded.tokenizers,
        _fitting(read.sources[0], "the sentence", loaded.tokenizers.source, limit),
        languages=loaded.languages,
        decoding=decoding,
        target=None if target is None else _fitting(read.targets[0], "the target", loaded.tokenizers.target, limit),
        candidates=candidates,
    )


def _without_bytes(text: str, name: str) -> str:
    """Return an argument of the command line with U+FFFD for bytes that are not UTF-8."""
    clean = without_surrogates(text)
    if clean != text:
        logger.warning(f"{name} has bytes that are not UTF-8; they became U+FFFD")
    return clean


def _fitting(text: str, name: str, tokenizer: Tokenizer, limit: int) -> str:
    normalised = normalize(text)
    tokens = len(tokenizer.encode(normalised))
    if not tokens:
        raise DataError(f"{name} is blank; give one with words")
    if tokens > limit:
        raise DataError(f"{name} has {tokens} pieces, but the model takes at most {limit} at once; give a part of it")
    return normalised
