"""Describes the training sources as far as `translate` reads lines by it: sentences, abbreviations, spelling."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from transformer_cli.artifacts.text_profile import TextProfile
from transformer_cli.config import Recipe
from transformer_cli.data.splits.files import TRAIN
from transformer_cli.data.splits.read import sample_split
from transformer_cli.text.normalization import normalize
from transformer_cli.text.sentences import learn_abbreviations, sentence_spans
from transformer_cli.workflows.prepare.spelling_profile import describe_spelling

_MOST_PAIRS = 50_000
_LEAST_SHARE = 0.01
_LEAST_LINES = 200


def describe_sources(data: Path, recipe: Recipe) -> TextProfile:
    """Return the profile of the prepared training sources; of a large corpus an evenly spread sample is read.

    Args:
        data: The folder of the prepared data.
        recipe: The languages, and the tags and symbols that are no words.
    """
    tags = [normalize(corpus.tag) for corpus in recipe.data.train if corpus.tag is not None]
    sources, _ = sample_split(data, TRAIN, _MOST_PAIRS)
    texts = list(_without_tags(sources, tags))
    symbols = tuple(dict.fromkeys([*tags, *map(normalize, recipe.tokenizer.user_symbols)]))
    abbreviations = learn_abbreviations(texts)
    return TextProfile(
        max_sentences=_learned_sentences(texts, frozenset(abbreviations)),
        abbreviations=tuple(abbreviations),
        spelling=describe_spelling(texts, recipe.languages.source, symbols),
    )


def _learned_sentences(texts: Sequence[str], abbreviations: frozenset[str]) -> int:
    """Return the largest number of sentences that one text in a hundred, and 200 of them, have or exceed."""
    counts = Counter(len(sentence_spans(text, abbreviations)) for text in texts)
    least = max(_LEAST_LINES, _LEAST_SHARE * len(texts))
    seen = 0
    for number in sorted(counts, reverse=True):
        seen += counts[number]
        if seen >= least:
            return max(1, number)
    return 1


def _without_tags(texts: Iterable[str], tags: list[str]) -> Iterator[str]:
    for text in texts:
        yield next((text.removeprefix(f"{tag} ") for tag in tags if text.startswith(f"{tag} ")), text)
