"""Reads text of one language: files of lines, or the target side of files with both."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from transformer_cli.config import LanguagesConfig
from transformer_cli.data.corpora.names import FORMATS, expand, has_wildcards, kind_of, matching_files
from transformer_cli.data.corpora.pairs import SentencePair
from transformer_cli.data.corpora.read import read_corpus
from transformer_cli.errors import DataError
from transformer_cli.text.lines import read_text_lines


def text_files(name: str, languages: LanguagesConfig, folder: Path) -> tuple[Path, ...]:
    """Return the files of a text of the target language.

    Args:
        name: Its name in the recipe; ``{target}`` stands for the code of the language.
        languages: The two language codes.
        folder: The folder that the name is relative to.

    Raises:
        DataError: A file that is named without wildcards does not exist.
    """
    filled_in = name.replace("{target}", languages.target)
    if has_wildcards(filled_in) and not (folder / filled_in).exists():
        return tuple(matching_files(filled_in, folder))  # an inbox may be empty
    paths = expand(filled_in, folder)
    for path in paths:
        if not path.is_file():
            raise DataError(
                f'{path} is no file; back_translation.text = "{name}" is looked for in {folder.resolve()}; put it there'
            )
    return tuple(paths)


def read_text(name: str, languages: LanguagesConfig, folder: Path) -> Iterator[SentencePair]:
    """Stream the sentences of a text, each as both sides of a pair; see `text_files`.

    Raises:
        DataError: A file is missing, cut short or malformed.
    """
    for path in text_files(name, languages, folder):
        if kind_of(path.name) in FORMATS:
            for pair in read_corpus(str(path.absolute()), languages, folder, part="train"):
                yield SentencePair(pair.target, pair.target, pair.place, pair.is_utf8, pair.fault)
        else:
            for line in read_text_lines(path):
                yield SentencePair(line.text, line.text, f"{path}:{line.number}", not line.had_invalid_bytes)
