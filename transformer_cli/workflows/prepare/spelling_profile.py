"""Describes how the training sources are spelled, as far as `translate` reads lines by it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from transformer_cli.artifacts.text_profile import SpellingProfile
from transformer_cli.text.normalization import NORMALIZATION_VERSION
from transformer_cli.text.protected import has_words
from transformer_cli.text.spelling.capitals import begins_with_capital, is_in_capitals
from transformer_cli.text.spelling.quotes import learn_quotes
from transformer_cli.text.spelling.variants import count_variants
from transformer_cli.text.spelling.word_forms import learn_common_words, learn_word_forms


def describe_spelling(
    texts: Sequence[str], targets: Sequence[str], language: str, symbols: tuple[str, ...]
) -> SpellingProfile:
    """Return how training sources are spelled but for their accents, and which quotation marks their targets have.

    Args:
        texts: The sources, without the tags of their corpora.
        targets: Their translations.
        language: The language of the sources.
        symbols: Tags and other symbols that are no words.
    """
    beginnings = [begins for begins in map(begins_with_capital, texts) if begins is not None]
    return SpellingProfile(
        normalization=NORMALIZATION_VERSION,
        variants=count_variants(texts),
        words=" ".join(learn_word_forms(texts, language)),
        common_words=" ".join(learn_common_words(texts)),
        begins_with_capital=_share(beginnings),
        in_capitals=_share(map(is_in_capitals, texts)),
        without_words=_share(not has_words(text) for text in texts),
        symbols=symbols,
        target_quotes=learn_quotes(targets),
    )


def _share(findings: Iterable[bool]) -> float:
    found = list(findings)
    return round(sum(found) / len(found), 4) if found else 0.0
