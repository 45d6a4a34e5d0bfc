"""Translates and scores a held-out set, for validations and tests."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from transformer_cli.config import DecodingConfig
from transformer_cli.data.splits.read import Corpus
from transformer_cli.data.tokens.length_batches import batches_by_length
from transformer_cli.data.tokens.tokenizer import TokenizerPair
from transformer_cli.decoding.line_translator import LineTranslator
from transformer_cli.decoding.pytorch.torch_engine import TorchEngine
from transformer_cli.metrics import corpus_bleu, corpus_chrf
from transformer_cli.model.transformer import Transformer
from transformer_cli.training.events import ValidationScores
from transformer_cli.training.loop import ValidationInterruptedError

_TRANSLATED_AT_ONCE = 200


@dataclass(frozen=True, slots=True)
class Evaluator:
    """Translates and scores with a model that may change between two calls.

    Args:
        model: Put into evaluation mode by each call.
        tokenizers: The model's tokenizers.
        decoding: The search settings.
    """

    model: Transformer
    tokenizers: TokenizerPair
    decoding: DecodingConfig

    def translate(self, corpus: Corpus, *, is_asked_to_stop: Callable[[], bool] = lambda: False) -> list[str]:
        """Return the translation of each source.

        Args:
            corpus: The sources.
            is_asked_to_stop: Polled between batches.

        Raises:
            ValidationInterruptedError: ``is_asked_to_stop`` returned True.
        """
        translator = LineTranslator(TorchEngine(self.model, self.decoding), self.tokenizers)
        translations = [""] * len(corpus)
        for indices in batches_by_length(list(map(len, corpus.sources)), max_sentences=_TRANSLATED_AT_ONCE):
            if is_asked_to_stop():
                raise ValidationInterruptedError
            for i, translation in zip(indices, translator.translate([corpus.sources[i] for i in indices]), strict=True):
                translations[i] = translation.text
        return translations

    def scores(self, corpus: Corpus, *, shown: int, is_asked_to_stop: Callable[[], bool]) -> ValidationScores:
        """Translate and score ``corpus``.

        Args:
            corpus: The validation set.
            shown: Index of the sample sentence; after the last sentence it starts again at the first.
            is_asked_to_stop: Polled between batches.

        Raises:
            ValidationInterruptedError: ``is_asked_to_stop`` returned True.
        """
        translations = self.translate(corpus, is_asked_to_stop=is_asked_to_stop)
        i = shown % len(corpus)
        return ValidationScores(
            corpus_bleu(translations, [corpus.targets]).value,
            corpus_chrf(translations, [corpus.targets]).value,
            (corpus.sources[i], translations[i], corpus.targets[i]),
        )
