"""Selects the test sentences to show, and measures quality by sentence length."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from transformer_cli.data.tokens.tokenizer import TokenizerPair
from transformer_cli.decoding.pytorch.force_decoding import force_decode
from transformer_cli.decoding.word_alignment import align_words, words_of
from transformer_cli.inspection.charts import Chart, Series
from transformer_cli.model.transformer import Transformer
from transformer_cli.special_tokens import EOS_ID

_BINS = ((1, 5), (6, 10), (11, 15), (16, 20), (21, 30), (31, 50), (51, None))


@dataclass(frozen=True, slots=True)
class SentenceResult:
    """A test sentence, its translation, and the chrF of the translation.

    Args:
        source: The source sentence.
        reference: Its translation in the test set.
        translation: The translation by the live version.
        chrf: chrF of the translation, 0 to 100.
        previous: The translation by the previous version, or None without one.
        previous_chrf: chrF of the translation by the previous version.
    """

    source: str
    reference: str
    translation: str
    chrf: float
    previous: str | None = None
    previous_chrf: float | None = None

    @property
    def change(self) -> float:
        """The increase of chrF since the previous version, or 0 without one."""
        return 0.0 if self.previous_chrf is None else self.chrf - self.previous_chrf


def worst_sentences(results: Sequence[SentenceResult], *, count: int = 10) -> list[SentenceResult]:
    """Return the sentences with the lowest chrF, worst first, without translations equal to the reference."""
    wrong = [result for result in results if result.translation != result.reference]
    return sorted(wrong, key=lambda result: result.chrf)[:count]


def best_sentences(results: Sequence[SentenceResult], *, count: int = 5) -> list[SentenceResult]:
    """Return the sentences with the highest chrF; of equals, the longest first."""
    return sorted(results, key=lambda result: (-result.chrf, -len(result.source)))[:count]


def most_changed_sentences(results: Sequence[SentenceResult], *, count: int = 8) -> list[SentenceResult]:
    """Return the sentences with the largest change of chrF, up or down, since the previous version."""
    changed = [result for result in results if result.change]
    return sorted(changed, key=lambda result: -abs(result.change))[:count]


def quality_by_length(results: Sequence[SentenceResult]) -> dict[str, Any]:
    """Return the mean chrF by sentence length, in source words, as a chart and a table."""
    rows = []
    for low, high in _BINS:
        chosen = [result for result in results if low <= len(result.source.split()) <= (high or math.inf)]
        if chosen:
            mean = sum(result.chrf for result in chosen) / len(chosen)
            rows.append({"words": f"{low}–{high}" if high else f"{low}+", "sentences": len(chosen), "chrf": mean})
    points = sorted({(float(len(result.source.split())), result.chrf) for result in results})
    chart = Chart("chrF of each sentence", "words", (Series("", tuple(points)),), dots=True)
    return {"rows": rows, "chart": chart.drawing()}


def tie_words(model: Transformer, tokenizers: TokenizerPair, source: str, target: str) -> dict[str, Any]:
    """Return the words of a pair, each target word linked to the source word that it attends to.

    Returns:
        ``source_words`` and ``target_words``, and ``links``: for each target word the index of a source word. Both
        are empty if the pair is blank or too long for the model.
    """
    limit = model.config.max_length - 1
    source_ids, target_ids = tokenizers.source.encode(source), tokenizers.target.encode(target)
    if not (0 < len(source_ids) <= limit and 0 < len(target_ids) <= limit):
        return {"source_words": [], "target_words": [], "links": []}
    (forced,) = force_decode(model, [[*source_ids, EOS_ID]], [target_ids], with_attention=True)
    words = words_of(tokenizers.source, source_ids), words_of(tokenizers.target, target_ids)
    return {
        "source_words": [word.text for word in words[0]],
        "target_words": [word.text for word in words[1]],
        "links": [i for i, _ in align_words(forced.attention or (), *words).links],
    }
