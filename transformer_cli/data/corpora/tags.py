"""The tags that a recipe puts before the sources of a corpus."""

from __future__ import annotations

from collections.abc import Sequence

from transformer_cli.config import Recipe
from transformer_cli.text.normalization import normalize


class CorpusTags:
    """The tags of the corpora of a recipe.

    Args:
        recipe: The recipe.
        more: Further tags that may stand before a source.
    """

    def __init__(self, recipe: Recipe, more: Sequence[str] = ()) -> None:
        of_corpora = (corpus.tag for corpus in recipe.data.train if corpus.tag is not None)
        self._beginnings = tuple(f"{normalize(tag)} " for tag in (*of_corpora, *more))

    def without(self, text: str) -> str:
        """Return a source without the tag before it, if it has one."""
        tag = next((tag for tag in self._beginnings if text.startswith(tag)), "")
        return text.removeprefix(tag)
