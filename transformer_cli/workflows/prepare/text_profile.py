"""Describes the training sources as far as `translate` reads lines by it: sentences, abbreviations, spelling."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import TypeVar

from transformer_cli.artifacts.text_profile import TextProfile
from transformer_cli.config import Recipe
from transformer_cli.cores import available_cores, has_linux
from transformer_cli.data.splits.files import TRAIN
from transformer_cli.data.splits.read import sample_split
from transformer_cli.text.normalization import normalize
from transformer_cli.text.sentences import learn_abbreviations, sentence_spans
from transformer_cli.text.spelling.accents import learn_accents
from transformer_cli.worker_processes import run_side_by_side
from transformer_cli.workflows.prepare.spelling_profile import describe_spelling

Result = TypeVar("Result")

_MOST_PAIRS = 50_000
_LEAST_SHARE = 0.25
"""Where 3 of 100 sources had several sentences, a model translated those better one by one."""

_LEAST_LINES = 200


def describe_sources(data: Path, recipe: Recipe, besides: Callable[[], Result]) -> tuple[TextProfile, Result]:
    """Return the profile of the prepared training sources; of a large corpus an evenly spread sample is read.

    Args:
        data: The folder of the prepared data.
        recipe: The languages, and the tags and symbols that are no words.
        besides: Other work on the prepared data, done at the same time where there are several cores.

    Returns:
        The profile, and the result of the other work.

    Raises:
        TfmError: A process was killed.
    """
    sources, targets = sample_split(data, TRAIN, _MOST_PAIRS)
    texts, symbols = list(_without_tags(sources, _tags(recipe))), symbols_of(recipe)
    (abbreviations, sentences), accents, spelling, result = run_side_by_side(
        [
            lambda: _describe_sentences(texts, recipe.languages.source),
            lambda: learn_accents(texts, recipe.languages.source),
            lambda: describe_spelling(texts, targets, recipe.languages.source, symbols),
            besides,
        ],
        cores=available_cores() if has_linux() and len(texts) == _MOST_PAIRS else 1,
        work="describing",
        remedy="if the memory ran out, set OMP_NUM_THREADS=1 for a single process",
    )
    sure, likely = (" ".join(rules) for rules in accents)
    spelling = spelling.model_copy(update={"sure_accents": sure, "likely_accents": likely})
    return TextProfile(max_sentences=sentences, abbreviations=abbreviations, spelling=spelling), result


def symbols_of(recipe: Recipe) -> tuple[str, ...]:
    """Return the tags and symbols of a recipe that are no words."""
    return tuple(dict.fromkeys([*_tags(recipe), *map(normalize, recipe.tokenizer.user_symbols)]))


def _tags(recipe: Recipe) -> list[str]:
    return [normalize(corpus.tag) for corpus in recipe.data.train if corpus.tag is not None]


def _describe_sentences(texts: Sequence[str], language: str) -> tuple[tuple[str, ...], int]:
    """Return the abbreviations in ``texts``, and the largest number of sentences that many of them have."""
    abbreviations = tuple(learn_abbreviations(texts))
    return abbreviations, _learned_sentences(texts, frozenset(abbreviations), language)


def _learned_sentences(texts: Sequence[str], abbreviations: frozenset[str], language: str) -> int:
    """Return the largest number of sentences that a quarter of the texts, and 200 of them, have or exceed."""
    counts = Counter(len(sentence_spans(text, abbreviations, language)) for text in texts)
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
