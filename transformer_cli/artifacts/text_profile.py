"""What a model knows of text: a record that `tfm prepare` takes from the training sources and a version keeps."""

from __future__ import annotations

from pydantic import Field

from transformer_cli.config import Recipe
from transformer_cli.files.record import Record
from transformer_cli.text.normalization import normalize


class SpellingProfile(Record):
    """How the training sources are spelled.

    Args:
        normalization: The version of `normalize` for lines to translate.
        variants: The number of times that each character with variants occurs, as `count_variants` returns it.
        words: The words that they write with capitals, with spaces between; in models of earlier releases also those
            with accents.
        sure_accents: Rules for accents (`learn_accents`) that show that a line lacks them, with spaces between. None in
            models of earlier releases.
        likely_accents: The other rules.
        common_words: The words that they have most often in small letters, with spaces between.
        begins_with_capital: Share of those with a capital at the beginning, among those with a cased letter there.
        in_capitals: Share of those in capitals.
        without_words: Share of those without letters outside of links and placeholders.
        symbols: Tags and other symbols that a source may hold; they are no words.
        target_quotes: The quotation marks that the training targets have most, with their inner spaces; none if they
            have none. None in models of earlier releases: then a line in quotation marks is read with them.
    """

    normalization: int = 1
    variants: dict[str, int] = Field(default_factory=dict)
    words: str = ""
    sure_accents: str | None = None
    likely_accents: str = ""
    common_words: str = ""
    begins_with_capital: float = 0.0
    in_capitals: float = 0.0
    without_words: float = 0.0
    symbols: tuple[str, ...] = ()
    target_quotes: tuple[str, ...] | None = None

    def accent_rules(self) -> tuple[list[str], list[str]]:
        """Return the rules for accents, the sure ones and the others; earlier releases recorded words alone."""
        sure = self.sure_accents
        if sure is None:
            sure = " ".join(word for word in self.words.split() if word.islower())
        return sure.split(), self.likely_accents.split()


class PlaceholderProfile(Record):
    """What counts as a placeholder for a model.

    Args:
        patterns: Regular expressions, besides those of the program.
        without: Kinds of placeholders that are words for this model.
        tags: Tags of corpora that may stand before a source; they are none.
    """

    patterns: tuple[str, ...] = ()
    without: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()

    @classmethod
    def of(cls, recipe: Recipe) -> PlaceholderProfile:
        """Return what a recipe counts as a placeholder."""
        back, own = recipe.back_translation, recipe.placeholders
        tags = [*(corpus.tag for corpus in recipe.data.train), back.tag if back.text else None]
        return cls(
            patterns=tuple(own.patterns),
            without=tuple(own.without),
            tags=tuple(dict.fromkeys(normalize(tag) for tag in tags if tag is not None)),
        )


class TextProfile(Record):
    """The text that a model was trained on, as far as reading a line depends on it.

    It stands in ``text.json`` of the prepared data and under ``"text"`` in ``config.json`` of a model.

    Args:
        max_sentences: The largest number of sentences that many sources had; a line with more is cut.
        max_tokens: The number of tokens that nearly all sources had at most, or None if unknown.
        abbreviations: Words of the source language that a full stop follows inside sentences, without it.
        spelling: How the sources are spelled, or None: then lines are read as they are.
        placeholders: What counts as a placeholder. None, as in models of earlier releases: what the program knows, and
            the model reads it as text even if its tokenizer has symbols.
        hints: Whether the model has learned to follow hints.
    """

    max_sentences: int
    max_tokens: int | None = None
    abbreviations: tuple[str, ...] = ()
    spelling: SpellingProfile | None = None
    placeholders: PlaceholderProfile | None = None
    hints: bool = False
