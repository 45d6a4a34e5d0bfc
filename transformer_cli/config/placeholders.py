"""``[placeholders]`` and ``[glossary]``: what a translation keeps as it is, and which words it is told."""

from __future__ import annotations

from typing import Annotated, Literal

import regex
from pydantic import AfterValidator, BeforeValidator, Field

from transformer_cli.config.corpora import as_list
from transformer_cli.config.section import Section


def _compiles(pattern: str) -> str:
    try:
        empty = regex.compile(pattern).match("")
    except regex.error as error:
        raise ValueError(f'"{pattern}" is no regular expression: {error}') from None
    if empty is not None:
        raise ValueError(f'"{pattern}" matches a text of no characters; it must match a placeholder')
    return pattern


Pattern = Annotated[str, Field(min_length=1), AfterValidator(_compiles)]
Kind = Literal["code", "link", "email", "braces", "printf", "variable", "tag", "entity", "path"]


class PlaceholdersConfig(Section):
    """``[placeholders]``: what a translation has as often as its source, with the same spelling."""

    symbols: bool = False
    """Whether the model reads a placeholder as a numbered symbol, one token, and learns where it goes. Whatever the
    value, translations have the placeholders of their lines."""

    patterns: Annotated[list[Pattern], BeforeValidator(as_list)] = Field(default=[])
    """Regular expressions of more placeholders, for example ``'@[a-z]+'``; they come before the others."""

    without: Annotated[list[Kind], BeforeValidator(as_list)] = Field(default=[])
    """Kinds that are translated like words: ``"code"``, ``"link"``, ``"email"``, ``"braces"`` (``{x}``), ``"printf"``
    (``%s``), ``"variable"`` (``$x``), ``"tag"``, ``"entity"``, ``"path"``."""


class GlossaryConfig(Section):
    """``[glossary]``: what the model learns about terms, for ``tfm translate --glossary-hints``."""

    hints: float = Field(default=0.0, ge=0.0, le=0.5)
    """Share of training pairs whose source tells the model how to translate some of its words, so that it learns to
    follow, and to inflect what it is told. 0: none. Of millions of pairs 0.05 is the custom; few need far more."""
