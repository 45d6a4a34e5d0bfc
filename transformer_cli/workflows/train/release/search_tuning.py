"""The beam size and the length penalty that suit the validation set best.

One search a beam size gives several hypotheses of each sentence. Ranked anew for each penalty, they show which penalty
is likely to be best; a search with just those settings then says what they are worth.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Sequence

from transformer_cli.config import DecodingConfig
from transformer_cli.data.splits.read import Corpus
from transformer_cli.decoding.line_translator import Translation
from transformer_cli.metrics import corpus_bleu
from transformer_cli.workflows.train.evaluate import Evaluator

logger = logging.getLogger(__name__)

_BEAM_SIZES = (4, 8)
_PENALTIES = (0.4, 0.6, 0.8, 1.0, 1.2, 1.4, 1.6)
TUNING_SEARCHES = 8
"""About as many searches of the validation set with an ordinary beam take as long as `tune_search`."""

_LEAST_GAIN = 0.1
"""BLEU; less is what chance decides, and a wider beam is slower."""


def tune_search(evaluator: Evaluator, valid: Corpus, bleu: float) -> tuple[DecodingConfig, float]:
    """Look for better search settings than the recipe's.

    Args:
        evaluator: Holds the model and the recipe's settings.
        valid: The validation set.
        bleu: What the recipe's settings come to on it.

    Returns:
        The best settings, which are the recipe's if others gain too little, and their BLEU.
    """
    own = evaluator.decoding
    best, best_bleu = own, bleu
    for beam_size in sorted({own.beam_size, *_BEAM_SIZES}):
        wide = own.model_copy(update={"beam_size": beam_size})
        hypotheses = evaluator.with_decoding(wide).hypotheses(valid, n_best=beam_size)
        estimates = {penalty: _bleu(reranked(hypotheses, penalty), valid) for penalty in _PENALTIES}
        settings = wide.model_copy(update={"length_penalty": max(estimates, key=estimates.__getitem__)})
        if settings == own or max(estimates.values()) < best_bleu + _LEAST_GAIN:
            continue
        value = _bleu(evaluator.with_decoding(settings).translate(valid), valid)
        if value >= best_bleu + _LEAST_GAIN:
            best, best_bleu = settings, value
    logger.info(
        f"search tuned on the validation set: beam size {best.beam_size}, length penalty {best.length_penalty:g}: "
        f"BLEU {best_bleu:.2f}, {best_bleu - bleu:+.2f} against the recipe's {own.beam_size} and {own.length_penalty:g}"
    )
    return best, best_bleu


def reranked(hypotheses: Sequence[Sequence[Translation]], length_penalty: float) -> list[str]:
    """Return of each sentence the translation that is best with ``length_penalty``."""

    def score(translation: Translation) -> float:
        length = len(translation.tokens) + translation.segments  # an end of sentence for each segment
        return translation.log_prob / math.pow(max(1, length), length_penalty)

    return [max(each, key=score).text for each in hypotheses]


def _bleu(translations: Sequence[str], corpus: Corpus) -> float:
    return corpus_bleu(translations, [corpus.targets]).value
