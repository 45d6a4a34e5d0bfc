"""The corpus that comes with the program."""

from __future__ import annotations

from collections.abc import Iterator

from transformer_cli.config import LanguagesConfig
from transformer_cli.data.corpora.pairs import SentencePair
from transformer_cli.errors import RecipeError

BUILTIN_PHRASEBOOK = "builtin:phrasebook"


def read_phrasebook(part: str, languages: LanguagesConfig) -> Iterator[SentencePair]:
    """Yield the pairs of one part of the phrasebook.

    Args:
        part: "train", "valid" or "test".
        languages: French and English, in either direction.

    Raises:
        RecipeError: The recipe's languages are others.
    """
    if (languages.source, languages.target) not in {("fr", "en"), ("en", "fr")}:
        raise RecipeError(f"{BUILTIN_PHRASEBOOK} is French and English; set [languages] to fr and en")
    from transformer_cli.data.phrasebook import build_phrasebook

    for number, pair in enumerate(getattr(build_phrasebook(), part), start=1):
        sides = (pair.source, pair.target) if languages.source == "fr" else (pair.target, pair.source)
        yield SentencePair(*sides, f"{BUILTIN_PHRASEBOOK}:{number}")
