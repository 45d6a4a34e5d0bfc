"""The ``tfm score --model`` workflow: computes the log-probabilities of given translations under a model.

The scores serve to filter a corpus or to compare versions.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice, zip_longest
from pathlib import Path

from transformer_cli.artifacts.model_directory import LoadedModel, open_model
from transformer_cli.data.splits.read import Corpus
from transformer_cli.data.tokens.length_batches import batches_by_length
from transformer_cli.decoding.pytorch.force_decoding import force_decode
from transformer_cli.decoding.source_forms import pairs_as_read
from transformer_cli.device import choose_device, limit_threads, manage_memory
from transformer_cli.errors import DataError
from transformer_cli.special_tokens import EOS_ID
from transformer_cli.text.lines import Line, read_text_lines
from transformer_cli.workflows.locate.model import find_model

logger = logging.getLogger(__name__)

_WINDOW_PAIRS = 2000
_BATCH_TOKENS = 2000


@dataclass(frozen=True, slots=True)
class PairScore:
    """The score of one sentence pair under a model.

    Args:
        log_prob: Natural logarithm of the probability of the target and its end of sentence, given the source, or None
            for a pair that is too long for the model.
        tokens: Number of tokens of the target, end of sentence included.
    """

    log_prob: float | None
    tokens: int

    @property
    def perplexity(self) -> float | None:
        """Inverse of the geometric mean of the token probabilities, or None if `log_prob` is None."""
        if self.log_prob is None:
            return None
        return math.exp(min(-self.log_prob / self.tokens, 700.0))  # e ** 710 overflows float64


def score_pairs(source: Path, target: Path, *, model: str | Path, device: str = "auto") -> Iterator[PairScore]:
    """Score each line of ``target`` as the translation of the same line of ``source``.

    A warning is logged for each pair that is too long, or not UTF-8.

    Args:
        source: Text file, compressed or not.
        target: Text file with the same number of lines.
        model: A run directory or a model directory.
        device: "auto", "cpu", "cuda" ...

    Yields:
        The scores of the pairs, in order.

    Raises:
        DataError: A file cannot be read, or the two have different numbers of lines.
        DamagedFileError: The model is incomplete or damaged.
    """
    model = find_model(Path(model))
    manage_memory()
    limit_threads()
    loaded = open_model(model, choose_device(device))
    pairs = zip_longest(read_text_lines(source), read_text_lines(target))
    while window := list(islice(pairs, _WINDOW_PAIRS)):
        whole = [(left, right) for left, right in window if left is not None and right is not None]
        yield from _score_window(loaded, whole)
        if len(whole) < len(window):
            rest = len(window) - len(whole) + sum(1 for _ in pairs)
            short, long = (target, source) if window[-1][1] is None else (source, target)
            raise DataError(f"{short} has {rest} lines fewer than {long}; the two must align")


def _score_window(loaded: LoadedModel, pairs: Sequence[tuple[Line, Line]]) -> list[PairScore]:
    scores = score_texts(loaded, [left.text for left, _ in pairs], [right.text for _, right in pairs])
    for (left, right), score in zip(pairs, scores, strict=True):
        if left.had_invalid_bytes or right.had_invalid_bytes:
            logger.warning(f"line {left.number} has bytes that are not UTF-8; they became U+FFFD")
        if score.log_prob is None:
            limit = loaded.model.config.max_length - 1
            logger.warning(
                f"line {left.number} is longer than the {limit} tokens that the model takes; it is not scored"
            )
    return scores


def score_texts(loaded: LoadedModel, source_texts: Sequence[str], target_texts: Sequence[str]) -> list[PairScore]:
    """Return the score of each target as the translation of its source, both read as in the training."""
    model, tokenizers = loaded.model, loaded.tokenizers
    pairs = pairs_as_read(loaded.text, tokenizers, Corpus(source_texts, target_texts))
    sources = [[*ids, EOS_ID] for ids in tokenizers.source.encode_all([*pairs.sources])]
    targets = tokenizers.target.encode_all([*pairs.targets])
    scores = [PairScore(None, len(target) + 1) for target in targets]
    lengths = [max(len(source), len(target) + 1) for source, target in zip(sources, targets, strict=True)]
    fitting = [i for i, length in enumerate(lengths) if length <= model.config.max_length]
    for batch in batches_by_length([lengths[i] for i in fitting], max_tokens=_BATCH_TOKENS):
        indices = [fitting[k] for k in batch]
        forced = force_decode(model, [sources[i] for i in indices], [targets[i] for i in indices])
        for i, each in zip(indices, forced, strict=True):
            scores[i] = PairScore(sum(each.log_probs), len(each.log_probs))
    return scores
