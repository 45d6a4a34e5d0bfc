"""Looks at the sides of a corpus while it is read: an error for one that is the wrong way round, or warnings."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

from transformer_cli.config import CorpusFiles, LanguagesConfig, NamedCorpus
from transformer_cli.data.corpora import SentencePair
from transformer_cli.data.corpora.formats.tables.read import find_columns_of
from transformer_cli.data.corpora.names import LANG, TABLES, kind_of
from transformer_cli.data.sides.evidence import SideCounts, count_sides, find_crossed, other_language, share_of_equal
from transformer_cli.errors import DataError
from transformer_cli.text.languages import language_name

logger = logging.getLogger(__name__)

_SAMPLE = 2000
_EARLY = 20_000
_MOST_CHARACTERS = 1000
_FEWEST = 10
_MOSTLY = 0.5
_SWITCH = "data.check_sides = false ends this check"


def check_sides(
    pairs: Iterable[SentencePair], corpus: NamedCorpus, languages: LanguagesConfig
) -> Iterator[SentencePair]:
    """Yield ``pairs``; when they have been read, judge their sides by an evenly spread sample.

    Doubts are logged as warnings: sides that may be the wrong way round, both in one language, equal, or in another
    language.

    Raises:
        DataError: The sides are plainly the wrong way round; after 20,000 pairs, or at the end.
    """
    sample = _EvenSample(_SAMPLE)
    for number, pair in enumerate(pairs):
        if number == _EARLY:
            _refuse_crossed(sample.pairs, count_sides(sample.texts(), languages), corpus, languages)
        sample.add(number, pair)
        yield pair
    counts = count_sides(sample.texts(), languages)
    _refuse_crossed(sample.pairs, counts, corpus, languages)
    _log_doubts(sample.pairs, counts, corpus, languages)


class _EvenSample:
    """Keeps every pair of a stream, then every second, fourth ..., so that there are at most twice ``size``."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._stride = 1
        self.pairs: list[SentencePair] = []

    def add(self, number: int, pair: SentencePair) -> None:
        if number % self._stride or pair.fault is not None or not pair.is_utf8:
            return
        self.pairs.append(replace(pair, source=pair.source[:_MOST_CHARACTERS], target=pair.target[:_MOST_CHARACTERS]))
        if len(self.pairs) == 2 * self._size:
            del self.pairs[1::2]
            self._stride *= 2

    def texts(self) -> list[tuple[str, str]]:
        return [(pair.source, pair.target) for pair in self.pairs]


def _refuse_crossed(
    sample: list[SentencePair], counts: SideCounts, corpus: NamedCorpus, languages: LanguagesConfig
) -> None:
    if counts.is_plainly_crossed:
        way_out = _exchanged(corpus, languages, _file_of(sample))
        raise DataError(
            f"{corpus}: the sides are the wrong way round: sources look {languages.target} and targets look "
            f"{languages.source}{_example(sample, languages)}; {way_out}; or exchange the two "
            f"languages; {_SWITCH}"
        )


def _file_of(sample: list[SentencePair]) -> Path:
    return Path(sample[0].place.rpartition(":")[0])


def _example(sample: list[SentencePair], languages: LanguagesConfig) -> str:
    index = find_crossed([(pair.source, pair.target) for pair in sample], languages)
    if index is None:
        return ""
    text = sample[index].source
    shown = text if len(text) <= 40 else text[:39] + "…"
    return f', as at {sample[index].place} ("{shown}")'


def _exchanged(corpus: NamedCorpus, languages: LanguagesConfig, file: Path) -> str:
    """Return how to read the sides of a corpus the other way round.

    Args:
        corpus: The corpus.
        languages: The two languages.
        file: One of its files, if it is a table.
    """
    files = corpus if isinstance(corpus, CorpusFiles) else CorpusFiles(path=corpus)
    if files.aligned_files is not None:
        source, target = files.aligned_files
        return f'write {{ source = "{target}", target = "{source}" }}'
    path = str(files.path)
    if LANG in path:
        source, target = (path.replace(LANG, code) for code in (languages.source, languages.target))
        return f'exchange the names of the two files, or write {{ source = "{target}", target = "{source}" }}'
    columns: tuple[str | int, str | int] | None = files.columns
    if columns is None and kind_of(path) in TABLES and file.is_file():
        found = find_columns_of(file, languages, files)
        columns = None if found is None else (found.source + 1, found.target + 1)
    if columns is not None:
        keys = f"source_column = {_toml(columns[1])}, target_column = {_toml(columns[0])}"
        return f'write {{ path = "{path}", {keys} }}'
    return "mend the names of the languages in it"


def _toml(column: str | int) -> str:
    return str(column) if isinstance(column, int) else f'"{column}"'


def _log_doubts(
    sample: list[SentencePair], counts: SideCounts, corpus: NamedCorpus, languages: LanguagesConfig
) -> None:
    """Log the first doubt that applies; most others follow from it."""
    texts = [(pair.source, pair.target) for pair in sample]
    if counts.may_be_crossed:
        logger.warning(
            f"{corpus} may be the wrong way round, or a part of it: sources look {languages.target} and targets look "
            f"{languages.source}{_example(sample, languages)}; look at it; {_SWITCH}"
        )
        return
    is_straight = counts.is_plainly_straight
    if counts.alike:
        looks = languages.source if counts.like_source >= counts.like_target else languages.target
        logger.warning(
            f"{corpus}: in most pairs both sides look {looks}; is a side not translated, or the wrong column? {_SWITCH}"
        )
        return
    is_one = language_name(languages.source) == language_name(languages.target)
    if len(sample) >= _FEWEST and not is_straight and not is_one and share_of_equal(texts) > _MOSTLY:
        logger.warning(f"{corpus}: in most pairs both sides are the same text; are they translated? {_SWITCH}")
        return
    for side, language in (("source", languages.source), ("target", languages.target)):
        # French has "des" and "du" as German has, and so looks more like it than English does.
        looks_like = other_language([getattr(pair, side) for pair in sample], language, identify=not is_straight)
        if looks_like is not None and looks_like != language_name(language):
            logger.warning(f"{corpus}: the {side} side looks {looks_like}, not {language}; {_SWITCH}")
