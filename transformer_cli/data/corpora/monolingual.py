"""Reads text of one language: files of lines, or one side of files with both."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from transformer_cli.config import LanguagesConfig, Recipe
from transformer_cli.data.corpora.line_ends import refuse_carriage_returns
from transformer_cli.data.corpora.names import FORMATS, JSON, expand, has_wildcards, kind_of, matching_files
from transformer_cli.data.corpora.pairs import SentencePair
from transformer_cli.data.corpora.read import read_corpus
from transformer_cli.errors import DataError
from transformer_cli.text.lines import read_text_lines

Side = Literal["source", "target"]


@dataclass(frozen=True, slots=True)
class NamedText:
    """A text that a recipe names.

    Args:
        name: Its name; ``{source}`` and ``{target}`` stand for the codes of the languages.
        side: The side of a pair that it is in the language of.
        key: The key of the recipe.
    """

    name: str
    side: Side
    key: str


def named_texts(recipe: Recipe) -> list[NamedText]:
    """Return the texts of a recipe: those of the target language, which are translated back, then the others."""
    return [
        *(NamedText(name, "target", "back_translation.text") for name in recipe.back_translation.text),
        *(NamedText(name, "source", "distillation.text") for name in recipe.distillation.text),
    ]


def text_files(text: NamedText, languages: LanguagesConfig, folder: Path) -> tuple[Path, ...]:
    """Return the files of a text.

    Args:
        text: The text.
        languages: The two language codes.
        folder: The folder that its name is relative to.

    Raises:
        DataError: A file that is named without wildcards does not exist.
    """
    filled_in = text.name.replace("{target}", languages.target).replace("{source}", languages.source)
    if has_wildcards(filled_in) and not (folder / filled_in).exists():
        return tuple(matching_files(filled_in, folder))  # an inbox may be empty
    paths = expand(filled_in, folder)
    for path in paths:
        if not path.is_file():
            raise DataError(
                f'{path} is no file; {text.key} = "{text.name}" is looked for in {folder.resolve()}; put it there'
            )
    return tuple(paths)


def read_text(text: NamedText, languages: LanguagesConfig, folder: Path) -> Iterator[SentencePair]:
    """Stream the sentences of a text, each as both sides of a pair; see `text_files`.

    Raises:
        DataError: A file is missing, cut short or malformed.
    """
    for path in text_files(text, languages, folder):
        if kind_of(path.name) in (*FORMATS, JSON):
            for pair in read_corpus(str(path.absolute()), languages, folder, part="train"):
                sentence = pair.source if text.side == "source" else pair.target
                yield SentencePair(sentence, sentence, pair.place, pair.is_utf8, pair.fault)
        else:
            for line in refuse_carriage_returns(read_text_lines(path), path):
                yield SentencePair(line.text, line.text, f"{path}:{line.number}", not line.had_invalid_bytes)
