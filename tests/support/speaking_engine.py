"""An engine that needs no model: it says whatever a function makes of its source."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from tests.support.tiny_models import tiny_tokenizers
from transformer_cli.decoding.engine import SearchOptions
from transformer_cli.decoding.hypothesis import Hypothesis
from transformer_cli.decoding.line_translator import LineTranslator
from transformer_cli.decoding.word_alignment import words_of
from transformer_cli.workflows.translate.translator import Translator


class SpeakingEngine:
    """An engine for tests; see `Engine`.

    Args:
        say: Makes the translation of a source; the default repeats it.
    """

    limit = 10_000

    def __init__(self, say: Callable[[str], str] = str) -> None:
        self.heard: list[str] = []
        self._say = say
        self._tokenizers = tiny_tokenizers()

    def search(self, sources: Sequence[Sequence[int]], options: SearchOptions) -> list[list[Hypothesis]]:
        """Answer each source."""
        return [[self._answer(list(source), options)] for source in sources]

    def close(self) -> None:
        """Do nothing."""

    def _answer(self, source: list[int], options: SearchOptions) -> Hypothesis:
        text = self._tokenizers.source.decode(source)
        self.heard.append(text)
        tokens = tuple(self._tokenizers.target.encode(self._say(text)))
        # Each word looks at the one at its own place.
        words = [words_of(self._tokenizers.source, ids) for ids in (source, tokens)]
        attention = [[0.0] * (len(source) + 1) for _ in tokens]
        for own, other in zip(words[1], words[0], strict=False):
            for i in range(own.first, own.last + 1):
                attention[i][other.first] = 1.0
        return Hypothesis(tokens, -1.0, -1.0, tuple(map(tuple, attention)) if options.with_attention else None)

    def translator(self) -> Translator:
        """Return a translator with this engine."""
        return Translator(LineTranslator(self, self._tokenizers))
