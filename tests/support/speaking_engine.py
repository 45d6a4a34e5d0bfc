"""An engine that needs no model: it says whatever a function makes of its source."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import accumulate

from tests.support.tiny_models import tiny_tokenizers
from transformer_cli.data.tokens.tokenizer import TokenizerPair
from transformer_cli.decoding.engine import Prefixes, SearchOptions
from transformer_cli.decoding.hypothesis import Hypothesis
from transformer_cli.decoding.line_translator import LineTranslator
from transformer_cli.workflows.translate.translator import Translator


class SpeakingEngine:
    """An engine for tests; see `Engine`.

    Args:
        say: Makes the translation of a source; the default repeats it.
        tokenizers: The tokenizers of its model.
    """

    limit = 10_000
    beam_size = 1
    can_align = True

    def __init__(self, say: Callable[[str], str] = str, tokenizers: TokenizerPair | None = None) -> None:
        self.heard: list[str] = []
        self.prefixes: list[tuple[str, str]] = []
        self._say = say
        self._tokenizers = tokenizers or tiny_tokenizers()

    def search(
        self, sources: Sequence[Sequence[int]], options: SearchOptions, prefixes: Prefixes = ()
    ) -> list[list[Hypothesis]]:
        """Answer each source."""
        given = prefixes or [()] * len(sources)
        return [[self._answer(list(source), options, each)] for source, each in zip(sources, given, strict=True)]

    def close(self) -> None:
        """Do nothing."""

    def _answer(self, source: list[int], options: SearchOptions, prefix: Sequence[int]) -> Hypothesis:
        text = self._tokenizers.source.decode(source)
        self.heard.append(text)
        self.prefixes.append((text, self._tokenizers.target.decode(prefix)))
        tokens = tuple(self._tokenizers.target.encode(self._say(text)))
        # Each word looks at the one at its own place.
        pairs = zip((self._tokenizers.source, self._tokenizers.target), (source, tokens), strict=True)
        places = [[*accumulate(tokenizer.piece(token).startswith("▁") for token in ids)] for tokenizer, ids in pairs]
        attention = [
            [(place == own) / max(places[0].count(own), 1) for place in places[0]] + [0.0] for own in places[1]
        ]
        return Hypothesis(tokens, -1.0, -1.0, tuple(map(tuple, attention)) if options.with_attention else None)

    def translator(self) -> Translator:
        """Return a translator with this engine."""
        return Translator(LineTranslator(self, self._tokenizers))
