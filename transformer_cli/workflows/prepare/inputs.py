"""The inputs of the prepared data as fingerprints: one of all, and one for each cleaned corpus."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from transformer_cli.artifacts import fingerprints
from transformer_cli.config import CorpusConfig, CorpusFiles, NamedCorpus, Recipe
from transformer_cli.data.cleaning.rules import LOCAL_RULES
from transformer_cli.data.corpora import NamedText, corpus_files, named_texts, text_files
from transformer_cli.data.corpora.names import kind_of
from transformer_cli.errors import DataError
from transformer_cli.workflows.locate.recipe import LocatedRecipe

# Raise this number when a cleaning rule changes its meaning: then all data is prepared again.
_RULES_VERSION = 3

# The same for recipes whose corpora have tags.
_RULES_VERSION_WITH_TAGS = 1

# Raise this number when cleaned corpora differ from those of before: each is cleaned again when the data has changed.
_CACHE_VERSION = 5

# Raise a number when a format is read otherwise than before: then corpora of this format are prepared again.
_READER_VERSIONS = {".tmx": 2, ".po": 2, ".tsv": 2, ".csv": 2}

# Rules of later releases; left at their defaults they make no difference.
_LATER_RULES = ("unrelated", "subword_marks", "markup", "numbering")


@dataclass(frozen=True, slots=True)
class Inputs:
    """The files and settings that the prepared data is made from.

    Args:
        fingerprint: The fingerprint of all contents and settings.
        files: The files, as `fingerprints.of_files` describes them.
        corpora: For each corpus of ``data.train`` the fingerprint of its content and the rules for single pairs.
        texts: The same for each of `named_texts`.
    """

    fingerprint: str
    files: list[fingerprints.FileFingerprint]
    corpora: list[str]
    texts: list[str]


def describe_inputs(located: LocatedRecipe, known: Sequence[fingerprints.FileFingerprint] = ()) -> Inputs:
    """Fingerprint the files and settings of a recipe.

    For a data set of the hub only the name counts, which is part of the settings.

    Args:
        located: The recipe and the folder of its files.
        known: The ``files`` of an earlier result; a file that has not changed since is not read again.

    Raises:
        DataError: A file that the recipe names is missing.
    """
    recipe = located.recipe
    data, folder = recipe.data, located.folder / recipe.data.folder
    corpora = _named_corpora(recipe)
    groups = [fingerprints.of_files(corpus_files(corpus, recipe.languages, folder), known) for corpus in corpora]
    contents = [[file.sha256 for file in group] for group in groups]
    texts = named_texts(recipe)
    text_groups = [fingerprints.of_files(text_files(text, recipe.languages, folder), known) for text in texts]
    of_texts: list[list[Any]] = [
        [*_side(text), text.name, [file.sha256 for file in group]]
        for text, group in zip(texts, text_groups, strict=True)
    ]
    of_targets = [values for text, values in zip(texts, of_texts, strict=True) if text.side == "target"]
    of_sources = [values for text, values in zip(texts, of_texts, strict=True) if text.side == "source"]
    settings = recipe.model_dump(include={"data", "cleaning", "languages"})
    for key in ("folder", "check_sides"):  # they make no difference to the data
        settings["data"].pop(key)
    local = [_CACHE_VERSION, settings["languages"], {rule: settings["cleaning"][rule] for rule in LOCAL_RULES}]
    for key in _LATER_RULES:  # data that was prepared before they existed stays current
        if settings["cleaning"][key] == type(recipe.cleaning).model_fields[key].default:
            settings["cleaning"].pop(key)
    return Inputs(
        fingerprints.of_values(
            [
                *(_RULES_VERSION, settings, contents, *filter(None, map(_reader_version, corpora))),
                *([[name for name, _ in of_targets], [content for _, content in of_targets]] if of_targets else []),
                *([of_sources] if of_sources else []),
                *([_RULES_VERSION_WITH_TAGS] if any(corpus.tag for corpus in data.train) else []),
            ]
        ),
        [file for group in (*groups, *text_groups) for file in group],
        [
            fingerprints.of_values([*local, _how_it_is_read(corpus), content])
            for corpus, content in zip(data.train, contents, strict=False)
        ],
        [fingerprints.of_values([*local, "text", *values]) for values in of_texts],
    )


def recipe_files(located: LocatedRecipe) -> list[Path]:
    """Return the files that a recipe names.

    Raises:
        DataError: One of them is missing.
    """
    recipe, folder = located.recipe, located.folder / located.recipe.data.folder
    corpora = [corpus_files(corpus, recipe.languages, folder) for corpus in _named_corpora(recipe)]
    texts = [text_files(text, recipe.languages, folder) for text in named_texts(recipe)]
    return [file for group in (*corpora, *texts) for file in group]


def check_unchanged(inputs: Inputs) -> None:
    """Reject files that may have changed while they were read.

    Raises:
        DataError: A file has changed since it was fingerprinted.
    """
    now = fingerprints.of_files([Path(file.path) for file in inputs.files], inputs.files)
    for file, before in zip(now, inputs.files, strict=True):
        if (file.path, file.sha256) != (before.path, before.sha256):  # a backup or a `chmod` changes times alone
            raise DataError(f"{before.path} changed while it was read; run the command again when it is complete")


def _named_corpora(recipe: Recipe) -> list[NamedCorpus]:
    """Return the corpora to train on, then those to validate and to test on."""
    data = recipe.data
    held_out = [corpus for corpus in (data.valid, data.test, *data.tests.values()) if isinstance(corpus, NamedCorpus)]
    return [*data.train, *held_out]


def _side(text: NamedText) -> list[str]:
    return [] if text.side == "target" else [text.side]


def _how_it_is_read(corpus: CorpusConfig) -> list[Any]:
    version = _reader_version(corpus)
    return [
        corpus.path or corpus.aligned_files,
        corpus.source_column,
        corpus.target_column,
        *([version] if version else []),
        *([corpus.reading_keys] if corpus.reading_keys else []),
    ]


def _reader_version(corpus: NamedCorpus) -> int | None:
    path = corpus.path if isinstance(corpus, CorpusFiles) else corpus
    return None if path is None else _READER_VERSIONS.get(kind_of(path))
