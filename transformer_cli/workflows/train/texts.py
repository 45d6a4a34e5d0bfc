"""The texts of the prepared data as the model reads them: with symbols for placeholders, and with hints."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from functools import partial

from transformer_cli.artifacts import fingerprints
from transformer_cli.artifacts.text_profile import PlaceholderProfile, TextProfile
from transformer_cli.config import Recipe
from transformer_cli.data.splits.files import TRAIN
from transformer_cli.data.splits.read import Corpus, sample_split
from transformer_cli.data.tokens.hinted_corpus import hinted_corpus
from transformer_cli.data.tokens.masked_corpus import masked_corpus
from transformer_cli.data.tokens.tokenizer import TokenizerPair
from transformer_cli.data.tokens.word_pairs import WordPairs
from transformer_cli.text.placeholders import Find, finder
from transformer_cli.workflows.locate.recipe import LocatedRecipe

logger = logging.getLogger(__name__)

_MOST_PAIRS = 50_000
"""Pairs from which the words with hints are learned."""


def texts_as_read(located: LocatedRecipe, corpus: Corpus, tokenizers: TokenizerPair) -> Corpus:
    """Return a corpus with symbols; with data of an earlier release, the model reads placeholders as text."""
    if TextProfile.read_from(located.run.text_profile) is None:
        return corpus
    own = PlaceholderProfile.of(located.recipe)
    return masked_corpus(corpus, finder(own.patterns, own.without, own.tags), tokenizers.symbols)


def training_texts(located: LocatedRecipe, corpus: Corpus, tokenizers: TokenizerPair) -> Corpus:
    """Return the training pairs as the model reads them, some with hints if the recipe wants them."""
    read, share = texts_as_read(located, corpus, tokenizers), located.recipe.glossary.hints
    if located.recipe.placeholders.symbols and not tokenizers.symbols:
        logger.warning("placeholders.symbols: the model that this run began with has none; it reads them as text")
    if not share:
        return read
    if not tokenizers.source.has_hint_marks:
        logger.warning("glossary.hints: the model that this run began with has no tokens for them; it learns none")
        return read
    own = PlaceholderProfile.of(located.recipe)
    hide = partial(_hidden, finder(own.patterns, own.without, own.tags), own.tags)
    return hinted_corpus(read, share, lambda: _learn_words(located, hide), hide)


def of_texts(recipe: Recipe, data_fingerprint: str) -> str:
    """Return the fingerprint of the training texts as the model reads them."""
    settings = [
        recipe.placeholders.model_dump(exclude_defaults=True),
        recipe.glossary.model_dump(exclude_defaults=True),
    ]
    given = [each for each in settings if each]
    return fingerprints.of_values([data_fingerprint, *given]) if given else data_fingerprint


def _hidden(find: Find, tags: Sequence[str], text: str) -> str:
    """Return a text with spaces in place of its tag and of its placeholders."""
    tag = next((tag for tag in tags if text.startswith(f"{tag} ")), "")
    parts, at = [" " * len(tag)], len(tag)
    for start, end, _ in find(text):
        parts += [text[at:start], " " * (end - start)]
        at = end
    return "".join([*parts, text[at:]])


def _learn_words(located: LocatedRecipe, hide: Callable[[str], str]) -> WordPairs:
    words = WordPairs.learn(*sample_split(located.run.data, TRAIN, _MOST_PAIRS), hide)
    if words.targets:
        logger.info(f"glossary.hints: learned translations for {len(words.targets)} words")
    else:
        logger.warning(
            "glossary.hints: no words of the training pairs were found to translate each other; there are no hints"
        )
    return words
