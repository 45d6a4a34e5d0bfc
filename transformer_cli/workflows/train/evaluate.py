"""Translating a held-out set and scoring it: how validations and tests come to their numbers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from transformer_cli.config import DecodingConfig
from transformer_cli.data.splits.read import Corpus
from transformer_cli.data.tokens.length_batches import batches_by_length
from transformer_cli.data.tokens.tokenizer import TokenizerPair
from transformer_cli.decoding.line_translator import LineTranslator, Translation
from transformer_cli.decoding.pytorch.torch_engine import TorchEngine
from transformer_cli.metrics import corpus_bleu, corpus_chrf
from transformer_cli.model.transformer import Transformer
from transformer_cli.training.events import ValidationScores
from transformer_cli.training.loop import ValidationInterruptedError

_TRANSLATED_AT_ONCE = 200


@dataclass(frozen=True, slots=True)
class Evaluator:
    """Translates with a model that may change between two calls.

    Args:
        model: Put into evaluation mode by each call.
        tokenizers: The model's.
        decoding: How to search.
    """

    model: Transformer
    tokenizers: TokenizerPair
    decoding: DecodingConfig

    def with_decoding(self, decoding: DecodingConfig) -> Evaluator:
        """Return an evaluator of the same model that searches in another way."""
        return replace(self, decoding=decoding)

    def translate(self, corpus: Corpus, *, is_asked_to_stop: Callable[[], bool] = lambda: False) -> list[str]:
        """Return the translation of each source.

        Args:
            corpus: The sources.
            is_asked_to_stop: Polled between batches.

        Raises:
            ValidationInterruptedError: ``is_asked_to_stop`` returned True.
        """
        return [translation.text for translation in self._search(corpus, n_best=1, is_asked_to_stop=is_asked_to_stop)]

    def hypotheses(self, corpus: Corpus, *, n_best: int) -> list[list[Translation]]:
        """Return the ``n_best`` translations of each source."""
        translations = self._search(corpus, n_best=n_best, is_asked_to_stop=lambda: False)
        return [[translation, *translation.alternatives] for translation in translations]

    def _search(self, corpus: Corpus, *, n_best: int, is_asked_to_stop: Callable[[], bool]) -> list[Translation]:
        translator = LineTranslator(TorchEngine(self.model, self.decoding), self.tokenizers)
        translations: dict[int, Translation] = {}
        for indices in batches_by_length(list(map(len, corpus.sources)), max_sentences=_TRANSLATED_AT_ONCE):
            if is_asked_to_stop():
                raise ValidationInterruptedError
            batch = translator.translate([corpus.sources[i] for i in indices], n_best=n_best)
            translations.update(zip(indices, batch, strict=True))
        return [translations[i] for i in range(len(corpus))]

    def scores(self, corpus: Corpus, *, shown: int, is_asked_to_stop: Callable[[], bool]) -> ValidationScores:
        """Translate and score ``corpus``.

        Args:
            corpus: The validation set.
            shown: Which sentence to give as a sample, counted around.
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
