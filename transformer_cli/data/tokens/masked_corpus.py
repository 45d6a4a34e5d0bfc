"""A corpus with symbols for placeholders; the texts that it is made from stay as they are."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from transformer_cli.data.splits.read import Corpus, rewritten
from transformer_cli.text.placeholders import Find, masked_pair


def masked_corpus(corpus: Corpus, find: Find, symbols: Sequence[str]) -> Corpus:
    """Return a corpus with symbols for the placeholders that both sides of a pair have; without symbols, the same.

    Args:
        corpus: The corpus.
        find: Finds placeholders.
        symbols: The symbols.
    """
    return rewritten(corpus, partial(masked_pair, find=find, symbols=symbols)) if symbols else corpus
