"""A corpus in ``[data]``: its files and how they are read."""

from __future__ import annotations

import codecs
import re
from typing import Annotated, Any, Self

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    SerializerFunctionWrapHandler,
    model_serializer,
    model_validator,
)

from transformer_cli.config.section import Positive, Section


def as_list(value: Any) -> Any:
    """Return a name or a table as a list of one."""
    return [value] if isinstance(value, str | dict) else value


def _as_corpus(value: Any) -> Any:
    return {"path": value} if isinstance(value, str) else value


def _refuse_reserved(symbol: str) -> str:
    # U+2581 is how SentencePiece writes a space.
    if re.fullmatch("<pad>|<unk>|</?s>|<0x[0-9A-F]{2}>|.*\u2581.*", symbol):
        raise ValueError(f'"{symbol}" means something to every tokenizer; choose another')
    return symbol


UserSymbol = Annotated[str, Field(pattern=r"^[^\s\p{C}]+$"), AfterValidator(_refuse_reserved)]
"""A string that the tokenizer never cuts, such as a tag or a placeholder."""


def _refuse_unknown_encoding(name: str) -> str:
    try:
        # Python knows codecs that are no encodings of text, such as "base64", and refuses them here.
        "".encode(name)
    except (LookupError, UnicodeError, ValueError):
        raise ValueError(f'"{name}" is no encoding that Python knows; an example is "windows-1252"') from None
    if codecs.lookup(name).name in ("idna", "punycode", "unicode_escape", "raw_unicode_escape"):
        raise ValueError(f'"{name}" is no encoding of files; an example is "windows-1252"')
    return name


class CorpusFiles(Section):
    """A corpus: one path, or two aligned text files of any names. ``str()`` gives its name for messages."""

    path: Annotated[str, Field(min_length=1)] | None = None
    """``name.{lang}``: two aligned text files. ``.tsv .csv .txt .jsonl .json .parquet .tmx .po .xlf .xliff``: one file
    with both sides. Each may be packed: ``.gz .bz2 .xz .zst``. ``.zip``: an archive of OPUS with aligned text files.
    ``inbox/*.tmx``: all files of that name. ``hub:OWNER/NAME`` or ``hub:OWNER/NAME:CONFIG``: a data set of the Hugging
    Face hub. Left out: ``source`` and ``target`` are given."""

    source: Annotated[str, Field(min_length=1)] | None = None
    """A text file of any name, packed or not, with one sentence a line: the source of two aligned text files. With
    ``*``, all files of that name, each with the ``target`` for which ``*`` stands for the same."""

    target: Annotated[str, Field(min_length=1)] | None = None
    """The text file whose line n translates line n of ``source``."""

    source_column: Annotated[str, Field(min_length=1)] | Positive | None = None
    """Column of the source in a ``.tsv``, ``.csv`` or ``.txt`` table: a name in the header, or a number from 1. In
    ``.jsonl``, ``.json``, ``.parquet`` and data sets: a name, or ``"translation.fr"`` for a name in a record. Left out:
    the column that has the name of the language; in a table without such a name, the first of the two that hold text.
    """

    target_column: Annotated[str, Field(min_length=1)] | Positive | None = None
    """Column of the target. Give both columns or none."""

    delimiter: Annotated[str, Field(pattern=r'^[^"\r\n]+$')] | None = None
    """The string between the columns of a table, for example ``";"``. Left out: found by content."""

    quoting: bool | None = None
    """Whether cells of a table may stand in double quotes. Left out: found by content."""

    header: bool | None = None
    """Whether the first row of a table holds the names of its columns. Left out: found by its words."""

    skip_bad_rows: bool = False
    """Whether to drop rows of a table or ``.jsonl`` file that cannot be read, counted as ``bad_row``, instead of
    stopping at the first. More than a tenth of the rows are an error all the same."""

    encoding: Annotated[str, AfterValidator(_refuse_unknown_encoding)] | None = None
    """Encoding of text files, tables, ``.jsonl`` files and archives, for example ``"windows-1252"``. Left out: UTF-8,
    and a file that is in another encoding is an error that names it."""

    @model_validator(mode="after")
    def _one_path_or_two_files(self) -> Self:
        if self.path is None and self.source is None and self.target is None:
            raise ValueError('name the corpus: "path", or "source" and "target" for two aligned text files')
        if self.path is not None and (self.source is not None or self.target is not None):
            raise ValueError('"path" is a whole corpus; give it alone, or "source" and "target" without it')
        if self.path is None and (self.source is None or self.target is None):
            raise ValueError('"source" and "target" are two aligned text files; give both, or "path" alone')
        if self.path is None and self.source == self.target:
            raise ValueError(f"source and target are both {self.source!r}; they must differ")
        return self

    @model_validator(mode="after")
    def _both_columns_or_none(self) -> Self:
        if (self.source_column is None) != (self.target_column is None):
            raise ValueError("source_column and target_column go together; give both or none")
        if self.source_column is not None and self.source_column == self.target_column:
            raise ValueError(f"source_column and target_column are both {self.source_column!r}; they must differ")
        return self

    @property
    def columns(self) -> tuple[str | int, str | int] | None:
        """The columns of source and target, or None if they are to be found by the names of the languages."""
        if self.source_column is None or self.target_column is None:
            return None
        return self.source_column, self.target_column

    @property
    def reading_keys(self) -> dict[str, Any]:
        """The keys that are given of those that say how files are read, columns aside."""
        keys = ("delimiter", "quoting", "header", "skip_bad_rows", "encoding")
        values = {key: getattr(self, key) for key in keys}
        return {key: value for key, value in values.items() if value != type(self).model_fields[key].default}

    @property
    def aligned_files(self) -> tuple[str, str] | None:
        """The files of sources and targets, or None if the corpus has a path."""
        return None if self.source is None or self.target is None else (self.source, self.target)

    def __str__(self) -> str:
        return f"{self.source} and {self.target}" if self.path is None else self.path

    @model_serializer(mode="wrap")
    def _as_written(self, serialize: SerializerFunctionWrapHandler) -> str | dict[str, Any]:
        values: dict[str, Any] = serialize(self)
        given = {key: value for key, value in values.items() if value != type(self).model_fields[key].default}
        return given["path"] if given.keys() == {"path"} else given


class CorpusConfig(CorpusFiles):
    """A table in ``data.train``: one corpus. A plain string is a ``path`` with all other keys left out.

    ``valid``, ``test`` and ``tests`` take the same tables, without ``weight`` and ``tag``.
    """

    weight: Annotated[float, Field(gt=0)] = 1.0
    """How many times more often to sample its pairs than those of a corpus of weight 1."""

    tag: UserSymbol | None = None
    """A word, for example a domain, that is put before each of its source sentences, with a space. Text to translate,
    and validation and test sets with files of their own, must contain the tag already."""


NamedCorpus = str | CorpusFiles
"""A corpus by its path, or as a table."""

Corpora = Annotated[
    list[Annotated[CorpusConfig, BeforeValidator(_as_corpus)]], BeforeValidator(as_list), Field(min_length=1)
]
