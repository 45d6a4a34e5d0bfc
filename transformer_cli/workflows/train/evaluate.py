"""Translates and scores a held-out set, for validations and tests."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable
from dataclasses import dataclass, field

from transformer_cli.artifacts.metrics_log import MetricsLog, ValidationLine
from transformer_cli.config import DecodingConfig
from transformer_cli.data.splits.read import Corpus
from transformer_cli.data.tokens.length_batches import batches_by_length
from transformer_cli.data.tokens.tokenizer import TokenizerPair
from transformer_cli.decoding.line_translator import LineTranslator
from transformer_cli.decoding.pytorch.torch_engine import TorchEngine
from transformer_cli.decoding.text_rules import TextRules
from transformer_cli.metrics import corpus_bleu, corpus_chrf, default_tokenizer, is_usable
from transformer_cli.model.transformer import Transformer
from transformer_cli.training.events import ValidationScores
from transformer_cli.training.trainer import ValidationInterruptedError

logger = logging.getLogger(__name__)

_SENTENCES_AT_ONCE = 200
_BYTES_AT_ONCE = 4000
"""About a thousand tokens. On a processor a large model needs seconds for these, in which it answers no signal."""


@dataclass(frozen=True, slots=True)
class Evaluator:
    """Translates and scores with a model that may change between two calls.

    Args:
        model: Put into evaluation mode by each call.
        tokenizers: The model's tokenizers.
        decoding: The search settings.
        bleu_tokenizer: sacreBLEU's tokenizer for the target language.
    """

    model: Transformer
    tokenizers: TokenizerPair
    decoding: DecodingConfig
    bleu_tokenizer: str
    rules: TextRules = field(default_factory=TextRules)

    def translate(self, corpus: Corpus, *, is_asked_to_stop: Callable[[], bool] | None = None) -> list[str]:
        """Return the translation of each source.

        Args:
            corpus: The sources.
            is_asked_to_stop: Polled between batches, if given.

        Raises:
            ValidationInterruptedError: ``is_asked_to_stop`` returned True.
        """
        translator = LineTranslator(TorchEngine(self.model, self.decoding), self.tokenizers, self.rules)
        translations = [""] * len(corpus)
        lengths = [len(source.encode()) for source in corpus.sources]
        is_slow = next(self.model.parameters()).device.type == "cpu"
        limit = _BYTES_AT_ONCE if is_asked_to_stop is not None and is_slow else math.inf
        for indices in batches_by_length(lengths, max_tokens=limit, max_sentences=_SENTENCES_AT_ONCE):
            if is_asked_to_stop is not None and is_asked_to_stop():
                raise ValidationInterruptedError
            for i, translation in zip(indices, translator.translate([corpus.sources[i] for i in indices]), strict=True):
                translations[i] = translation.text
        return translations

    def scores(
        self, corpus: Corpus, *, shown: int, is_asked_to_stop: Callable[[], bool] | None = None
    ) -> ValidationScores:
        """Translate and score ``corpus``.

        Args:
            corpus: The validation set.
            shown: Index of the sample sentence; after the last sentence it starts again at the first.
            is_asked_to_stop: Polled between batches, if given.

        Raises:
            ValidationInterruptedError: ``is_asked_to_stop`` returned True.
        """
        translations = self.translate(corpus, is_asked_to_stop=is_asked_to_stop)
        i = shown % len(corpus)
        bleu = corpus_bleu(translations, [corpus.targets], tokenize=self.bleu_tokenizer)
        return ValidationScores(
            bleu.value,
            corpus_chrf(translations, [corpus.targets]).value,
            (corpus.sources[i], translations[i], corpus.targets[i]),
            bleu.is_blind,
        )


def bleu_tokenizer(metrics: MetricsLog, language: str, valid: Corpus) -> str:
    """Return sacreBLEU's tokenizer: that of a run's last validation in this language, else the one that fits it.

    Libraries that are installed later do not change it, because scores by different tokenizers cannot be compared. A
    warning is logged if a library is missing that the run had.

    Args:
        metrics: The run's log of metrics.
        language: The target language.
        valid: The validation set.
    """
    validations = (line for line in metrics.lines() if isinstance(line, ValidationLine))
    known = [line.tokenizer for line in validations if line.tokenizer and line.language in (None, language)]
    if known and is_usable(known[-1]):
        return known[-1]
    tokenizer = default_tokenizer(language, valid.targets)
    if known:
        logger.warning(
            f'BLEU of this run was that of the tokenizer "{known[-1]}", which is not installed here; it is that of '
            f'"{tokenizer}" from now on, and cannot be compared with earlier scores'
        )
    return tokenizer
