"""A corpus with symbols for placeholders; the texts that it is made from stay as they are."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from transformer_cli.data.splits.read import Corpus, TextSequence
from transformer_cli.text.placeholders import Find, masked_pair


class MaskedSide(TextSequence):
    """One side of a corpus, with symbols for the placeholders that both sides of a pair have.

    Args:
        corpus: The corpus.
        side: 0 for the sources, 1 for the targets.
        find: Finds placeholders.
        symbols: The symbols.
    """

    def __init__(self, corpus: Corpus, side: int, find: Find, symbols: Sequence[str]) -> None:
        self._corpus = corpus
        self._side = side
        self._find = find
        self._symbols = symbols

    def __len__(self) -> int:
        return len(self._corpus)

    def _text(self, place: int) -> str:
        return self._masked(self._corpus.sources[place], self._corpus.targets[place])

    def __iter__(self) -> Iterator[str]:
        return map(self._masked, self._corpus.sources, self._corpus.targets)

    def _masked(self, source: str, target: str) -> str:
        return masked_pair(source, target, self._find, self._symbols)[self._side]


def masked_corpus(corpus: Corpus, find: Find, symbols: Sequence[str]) -> Corpus:
    """Return a corpus with symbols for the placeholders that both sides of a pair have; without symbols, the same."""
    if not symbols:
        return corpus
    sources, targets = (MaskedSide(corpus, side, find, symbols) for side in (0, 1))
    return Corpus(sources, targets, corpus.origins)
