"""Describes how the training sources are spelled, as far as `translate` reads lines by it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from transformer_cli.artifacts.text_profile import SpellingProfile
from transformer_cli.config import Recipe
from transformer_cli.data.splits.files import TRAIN
from transformer_cli.data.splits.read import sample_split
from transformer_cli.text.normalization import NORMALIZATION_VERSION, normalize
from transformer_cli.text.protected import has_words
from transformer_cli.text.spelling.capitals import begins_with_capital, is_in_capitals
from transformer_cli.text.spelling.variants import count_variants
from transformer_cli.text.spelling.word_forms import learn_word_forms

_MOST_PAIRS = 300_000


def describe_spelling(data: Path, recipe: Recipe) -> SpellingProfile:
    """Return the profile of the prepared training sources; of a large corpus an evenly spread sample is read.

    Args:
        data: The folder of the prepared data.
        recipe: The languages, and the tags and symbols that are no words.
    """
    tags = [normalize(corpus.tag) for corpus in recipe.data.train if corpus.tag is not None]
    sources, _ = sample_split(data, TRAIN, _MOST_PAIRS)
    texts = list(_without_tags(sources, tags))
    beginnings = [begins for begins in map(begins_with_capital, texts) if begins is not None]
    return SpellingProfile(
        normalization=NORMALIZATION_VERSION,
        variants=count_variants(texts),
        words=" ".join(learn_word_forms(texts, recipe.languages.source)),
        begins_with_capital=_share(beginnings),
        in_capitals=_share(map(is_in_capitals, texts)),
        without_words=_share(not has_words(text) for text in texts),
        symbols=tuple(dict.fromkeys([*tags, *map(normalize, recipe.tokenizer.user_symbols)])),
    )


def _without_tags(texts: Iterable[str], tags: list[str]) -> Iterator[str]:
    for text in texts:
        yield next((text.removeprefix(f"{tag} ") for tag in tags if text.startswith(f"{tag} ")), text)


def _share(findings: Iterable[bool]) -> float:
    found = list(findings)
    return round(sum(found) / len(found), 4) if found else 0.0
