"""Surveys corpora for a new recipe: counts all pairs and examines a sample."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from transformer_cli.config import CleaningConfig, LanguagesConfig, NamedCorpus
from transformer_cli.data.cleaning.match_keys import fold
from transformer_cli.data.cleaning.rules import Judgement, PairCleaner
from transformer_cli.data.corpora import read_corpus
from transformer_cli.data.corpora.reading_progress import log_reading, warn_of_figures
from transformer_cli.data.sides.check import check_sides
from transformer_cli.errors import DataError
from transformer_cli.text.writing_systems import is_without_spaces
from transformer_cli.workflows.init.corpus_keys import explain_keys

_FEW = 1000
_COMMON = 0.9995
_LOOKED_AT = 1000  # targets, for their script


@dataclass(frozen=True, slots=True)
class CorpusStatistics:
    """Properties of the corpora that determine the recipe.

    Args:
        pairs: The number of distinct clean pairs, ignoring case, punctuation and, unless ``numbers_matter``, numbers.
        sources: The number of distinct sources of these pairs.
        target_characters: The mean number of characters of a target.
        target_word_characters: The mean number of characters of a target word; large in a language without spaces.
        characters: The number of distinct characters of both sides.
        common_characters: The number of most frequent characters that make up 99.95 % of the text.
        shared_letters: The similarity of the letters of both sides, ignoring case: from 0 (two scripts) to 1.
    """

    pairs: int
    sources: int
    target_characters: float
    target_word_characters: float
    characters: int
    common_characters: int
    shared_letters: float
    numbers_matter: bool = False
    """Whether the corpora are small and most pairs differ from others only in numbers."""

    without_spaces: bool = False
    """Whether the target language is written without spaces between words."""


@dataclass(frozen=True, slots=True)
class CorpusSurvey:
    """The sizes and properties of corpora.

    Args:
        counts: The number of pairs that pass the default rules for single pairs, by corpus name.
        statistics: The properties of all corpora together.
        sample: Clean pairs of all corpora, in no order.
    """

    counts: dict[str, int]
    statistics: CorpusStatistics
    sample: Sequence[tuple[str, str]]


def survey_corpora(
    corpora: Sequence[NamedCorpus],
    languages: LanguagesConfig,
    folder: Path,
    *,
    compared_pairs: int = 1_000_000,
    sampled_pairs: int = 20_000,
) -> CorpusSurvey:
    """Read all pairs of ``corpora``, in bounded memory.

    Args:
        corpora: The names of the corpora.
        languages: The two language codes.
        folder: The folder that the names are relative to.
        compared_pairs: The number of pairs at the beginning that are compared to find duplicates.
        sampled_pairs: The number of pairs whose text is examined.

    Raises:
        RecipeError: A name matches no kind of corpus.
        DataError: A corpus is missing, truncated or malformed, or has no pair that is usable for training.
    """
    count, sample = _Count(compared_pairs), _Sample(sampled_pairs)
    counts = {}
    for name in corpora:
        before = count.read
        with explain_keys(name):
            for pair in _fit_pairs(name, languages, folder):
                count.add(pair.source, pair.target)
                sample.add(pair.source, pair.target)
        counts[str(name)] = count.read - before
        if count.read == before:
            both = f"{languages.source} and {languages.target}"
            raise DataError(f"{name} holds no {both} pairs that are fit to learn from; leave it out")
    return CorpusSurvey(counts, sample.statistics(count, languages.target), sample.pairs())


def sample_pairs(name: NamedCorpus, languages: LanguagesConfig, folder: Path, size: int) -> list[tuple[str, str]]:
    """Return a random sample of the different clean pairs of a corpus, or all of them; the errors are those above."""
    sample = _Sample(size)
    seen: set[int] = set()
    for pair in _fit_pairs(name, languages, folder):
        key = hash(fold(pair.source))
        if key not in seen:
            seen.add(key)
            sample.add(pair.source, pair.target)
    return sample.pairs()


def _fit_pairs(name: NamedCorpus, languages: LanguagesConfig, folder: Path) -> Iterator[Judgement]:
    """Yield the clean pairs of a corpus, or its pairs of numbers if it has no others, as `clean_corpora` does."""
    has_fit_pairs = has_figures = False
    for config in (CleaningConfig(), CleaningConfig(non_text=False)):
        pairs = log_reading(read_corpus(name, languages, folder, part="train"), str(name))
        pairs = check_sides(pairs, name, languages)
        for judged in PairCleaner(config, languages).judge(pairs):
            has_figures |= judged.rule == "non_text"
            if judged.rule is None:
                has_fit_pairs = True
                yield judged
        if has_fit_pairs or not has_figures:
            return
        warn_of_figures(str(name))


class _Count:
    """Counts all pairs and distinct pairs.

    In a long corpus, the share of distinct pairs is measured at its beginning and applied to the whole.
    """

    def __init__(self, compared: int) -> None:
        self.read = 0
        self._compared = compared
        self.characters: set[str] = set()
        self._pairs: set[int] = set()
        self._sources: set[int] = set()
        self._numbered_pairs: set[int] = set()
        self._numbered_sources: set[int] = set()

    def add(self, source: str, target: str) -> None:
        self.read += 1
        self.characters.update(source, target)
        if self.read <= self._compared:
            folded = fold(source)
            self._pairs.add(hash((folded, fold(target))))
            self._sources.add(hash(folded))
            if len(self._pairs) < _FEW:  # only small corpora need it
                folded = fold(source, numbers=False)
                self._numbered_pairs.add(hash((folded, fold(target, numbers=False))))
                self._numbered_sources.add(hash(folded))

    @property
    def numbers_matter(self) -> bool:
        """Whether there are few distinct pairs when numbers are ignored, and more than twice as many otherwise."""
        return 2 * len(self._pairs) < len(self._numbered_pairs) and len(self._pairs) < _FEW

    @property
    def pairs(self) -> int:
        return self._extrapolated(len(self._numbered_pairs if self.numbers_matter else self._pairs))

    @property
    def sources(self) -> int:
        return self._extrapolated(len(self._numbered_sources if self.numbers_matter else self._sources))

    def _extrapolated(self, different: int) -> int:
        return different * self.read // min(self.read, self._compared)


class _Sample:
    """Keeps a random sample in which each added pair is equally likely (Vitter 1985, algorithm R)."""

    def __init__(self, size: int) -> None:
        self._random = random.Random(1)
        self._size = size
        self._added = 0
        self._pairs: list[tuple[str, str]] = []

    def add(self, source: str, target: str) -> None:
        self._added += 1
        if self._added <= self._size:
            self._pairs.append((source, target))
            return
        place = self._random.randrange(self._added)
        if place < self._size:
            self._pairs[place] = (source, target)

    def pairs(self) -> list[tuple[str, str]]:
        shuffled = self._pairs.copy()  # a corpus of few pairs is still in its own order
        self._random.shuffle(shuffled)
        return shuffled

    def statistics(self, count: _Count, target: str) -> CorpusStatistics:
        sources, targets = zip(*self._pairs, strict=True)
        of_source, of_target = _characters(sources), _characters(targets)
        letters = sum(map(len, targets))
        return CorpusStatistics(
            pairs=count.pairs,
            sources=count.sources,
            target_characters=letters / len(targets),
            target_word_characters=letters / sum(len(target.split()) for target in targets),
            characters=len(count.characters),
            common_characters=_number_that_cover(of_source + of_target, _COMMON),
            shared_letters=_likeness(_letters(of_source), _letters(of_target)),
            numbers_matter=count.numbers_matter,
            without_spaces=is_without_spaces(target, "\n".join(targets[:_LOOKED_AT])),
        )


def _characters(texts: Iterable[str]) -> Counter[str]:
    return Counter("".join(texts))


def _letters(characters: Counter[str]) -> Counter[str]:
    letters: Counter[str] = Counter()
    for character, times in characters.items():
        if character.isalpha():
            letters[character.casefold()] += times
    return letters


def _number_that_cover(characters: Counter[str], share: float) -> int:
    wanted, covered = share * characters.total(), 0
    for number, (_, times) in enumerate(characters.most_common(), start=1):
        covered += times
        if covered >= wanted:
            return number
    return len(characters)


def _likeness(one: Counter[str], other: Counter[str]) -> float:
    """Return the overlap of two distributions: 1 if they are equal, 0 if they share nothing."""
    if not one or not other:
        return 0.0
    return sum(min(one[letter] / one.total(), other[letter] / other.total()) for letter in one)
