"""The sentences of all validation and test sets, which no pair that a model made may hold."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from transformer_cli.config import Recipe
from transformer_cli.data.cleaning.match_keys import fold, hash_text
from transformer_cli.data.corpora.tags import CorpusTags
from transformer_cli.data.splits.read import read_split


class HeldOutSentences:
    """The sentences of the prepared validation and test sets, in both languages.

    Case, punctuation and, as in the rule ``leakage``, numbers are ignored.

    Args:
        data: The prepared data.
        recipe: The names of the sets, the tags of the corpora, and whether numbers are ignored.
        tags: Further tags that may stand before a source.
    """

    def __init__(self, data: Path, recipe: Recipe, tags: Sequence[str] = ()) -> None:
        self._tags = CorpusTags(recipe, tags)
        self._numbers = recipe.cleaning.fold_numbers
        names = ("valid", "test", *recipe.data.named_tests())
        corpora = [read_split(data, name) for name in names]
        sentences = (text for corpus in corpora for side in (corpus.sources, corpus.targets) for text in side)
        self.keys = frozenset(map(self._key, sentences))
        """The hashes of the folded sentences, as in `CleanedCorpus`."""

    def __contains__(self, text: str) -> bool:
        return self._key(text) in self.keys

    def _key(self, text: str) -> int:
        return hash_text(fold(self._tags.without(text), numbers=self._numbers))
