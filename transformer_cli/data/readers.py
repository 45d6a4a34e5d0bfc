"""Corpora in: each kind of file read as a stream of sentence pairs that know where they stand."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path

from transformer_cli.config import LanguagesConfig
from transformer_cli.errors import DataError, RecipeError
from transformer_cli.textio import Line, read_text_lines

BUILTIN_PHRASEBOOK = "builtin:phrasebook"
COMPRESSIONS = (".gz", ".bz2", ".xz", ".zst")


@dataclass(frozen=True, slots=True)
class SentencePair:
    """A sentence and its translation as they stand in a corpus.

    Args:
        source: The sentence in the source language.
        target: Its translation.
        line: Line in the corpus, from 1.
        is_utf8: False where bytes had to be replaced by U+FFFD.
    """

    source: str
    target: str
    line: int
    is_utf8: bool = True


def corpus_files(corpus: str, languages: LanguagesConfig, folder: Path) -> tuple[Path, ...]:
    """Return the files that a corpus named in a recipe consists of; none for the built-in one.

    Raises:
        RecipeError: The name fits no kind of corpus.
        DataError: A file is not there.
    """
    if corpus == BUILTIN_PHRASEBOOK:
        return ()
    if "{lang}" in corpus:
        paths = tuple(folder / corpus.replace("{lang}", code) for code in (languages.source, languages.target))
    elif _suffix(corpus) == ".tsv":
        paths = (folder / corpus,)
    else:
        raise RecipeError(
            f'data: cannot tell what "{corpus}" is; give two aligned files as "name.{{lang}}", or a .tsv file'
        )
    for path in paths:
        if not path.is_file():
            problem = "is not a file" if path.exists() else "is not there"
            raise DataError(f'{path} {problem}; "{corpus}" is taken relative to {folder.resolve()}')
    return paths


def read_corpus(corpus: str, languages: LanguagesConfig, folder: Path, *, part: str) -> Iterator[SentencePair]:
    """Stream the pairs of one corpus.

    Args:
        corpus: Its name in the recipe.
        languages: The two language codes.
        folder: What the name is relative to.
        part: "train", "valid" or "test": which part of the built-in phrasebook is meant.

    Raises:
        DataError: A file is missing, cut short, misaligned or malformed; the message names file and line.
    """
    paths = corpus_files(corpus, languages, folder)
    if not paths:
        return _phrasebook(part, languages)
    return _read_aligned(*paths) if len(paths) == 2 else _read_tsv(paths[0], languages)


def _suffix(name: str) -> str:
    path = Path(name)
    return Path(path.stem).suffix if path.suffix in COMPRESSIONS else path.suffix


def _phrasebook(part: str, languages: LanguagesConfig) -> Iterator[SentencePair]:
    if (languages.source, languages.target) not in {("fr", "en"), ("en", "fr")}:
        raise RecipeError(f"{BUILTIN_PHRASEBOOK} is French and English; set [languages] to fr and en")
    from transformer_cli.data.phrasebook import build_phrasebook

    pairs = getattr(build_phrasebook(), part)
    for line, pair in enumerate(pairs, start=1):
        french, english = pair.source, pair.target
        if languages.source == "fr":
            yield SentencePair(french, english, line)
        else:
            yield SentencePair(english, french, line)


def _read_aligned(source_path: Path, target_path: Path) -> Iterator[SentencePair]:
    source_lines = target_lines = 0
    for source, target in zip_longest(read_text_lines(source_path), read_text_lines(target_path)):
        source_lines += source is not None
        target_lines += target is not None
        # When one side has ended the other is read to its end, so that the message can give both counts.
        if source is not None and target is not None:
            yield _pair(source, target)
    if source_lines != target_lines:
        raise DataError(
            f"{source_path} has {source_lines} lines but {target_path.name} has {target_lines}; the two must align"
        )


def _pair(source: Line, target: Line) -> SentencePair:
    is_utf8 = not (source.had_invalid_bytes or target.had_invalid_bytes)
    return SentencePair(source.text, target.text, source.number, is_utf8)


def _read_tsv(path: Path, languages: LanguagesConfig) -> Iterator[SentencePair]:
    source_column, target_column = 0, 1
    for line in read_text_lines(path):
        columns = line.text.split("\t")
        if line.number == 1 and (header := _header_columns(columns, languages)):
            source_column, target_column = header
            continue
        if max(source_column, target_column) >= len(columns):
            raise DataError(
                f"{path}:{line.number}: {len(columns)} column{'s' * (len(columns) > 1)} where at least "
                f"{max(source_column, target_column) + 1} are needed: source, tab, target"
            )
        yield SentencePair(columns[source_column], columns[target_column], line.number, not line.had_invalid_bytes)


def _header_columns(columns: list[str], languages: LanguagesConfig) -> tuple[int, int] | None:
    """Return where source and target stand if ``columns`` is a header: language codes, or "source" and "target"."""
    names = [column.strip().lower() for column in columns]
    for source, target in ((languages.source.lower(), languages.target.lower()), ("source", "target")):
        if source in names and target in names:
            return names.index(source), names.index(target)
    return None
