"""``[languages]``, ``[data]``, ``[cleaning]`` and ``[tokenizer]``: from files to token ids."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    SerializerFunctionWrapHandler,
    model_serializer,
    model_validator,
)
from pydantic_core import PydanticCustomError

from transformer_cli.config.section import Positive, Section


def _refuse_all_but_false(value: Any) -> Any:
    if value is not False:  # 0 equals it, and is more likely a mistake
        raise PydanticCustomError("off_type", "Input should be false")
    return value


Off = Annotated[Literal[False], BeforeValidator(_refuse_all_but_false)]


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


class LanguagesConfig(Section):
    """``[languages]``: the two languages. Their codes also replace ``{lang}`` in file names."""

    source: Annotated[str, Field(min_length=1)]
    """Code of the language to translate from, for example ``"en"``."""

    target: Annotated[str, Field(min_length=1)]
    """Code of the language to translate into."""

    @model_validator(mode="after")
    def _two_languages(self) -> LanguagesConfig:
        if self.source == self.target:
            raise ValueError(f"source and target are both {self.source!r}; they must differ")
        return self


class CorpusFiles(Section):
    """A corpus: one path, or two aligned text files of any names. ``str()`` gives its name for messages."""

    path: Annotated[str, Field(min_length=1)] | None = None
    """``name.{lang}``: two aligned text files. ``.tsv .csv .jsonl .parquet .tmx .po .xlf .xliff``: one file with both
    sides. Each may be packed: ``.gz .bz2 .xz .zst``. ``.zip``: an archive of OPUS with aligned text files.
    ``inbox/*.tmx``: all files of that name. ``hub:OWNER/NAME`` or ``hub:OWNER/NAME:CONFIG``: a data set of the Hugging
    Face hub. Left out: ``source`` and ``target`` are given."""

    source: Annotated[str, Field(min_length=1)] | None = None
    """A text file of any name, packed or not, with one sentence a line: the source of two aligned text files. With
    ``*``, all files of that name, each with the ``target`` for which ``*`` stands for the same."""

    target: Annotated[str, Field(min_length=1)] | None = None
    """The text file whose line n translates line n of ``source``."""

    source_column: Annotated[str, Field(min_length=1)] | Positive | None = None
    """Column of the source in a ``.tsv`` or ``.csv`` file: a name in the header, or a number from 1. Left out: the
    column that has the name of the language."""

    target_column: Annotated[str, Field(min_length=1)] | Positive | None = None
    """Column of the target. Give both columns or none."""

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


class DataConfig(Section):
    """``[data]``: where the sentence pairs come from."""

    folder: str = "."
    """Folder that the names below are relative to. It is itself relative to the recipe's folder, in a shipped recipe to
    the current one."""

    train: Corpora
    """Corpora to train on: a list of names, or of tables with the keys of ``data.train`` below."""

    valid: NamedCorpus | Positive = 1000
    """Validation set: a corpus, or the number of pairs of ``train`` to hold out."""

    test: NamedCorpus | Positive | None = None
    """Test set: a corpus, or the number of pairs of ``train`` to hold out. Left out: ``valid`` is also the test set."""

    tests: dict[Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]*$", max_length=50)], NamedCorpus] = Field(
        default={}
    )
    """Further test sets by name, for example one for each domain: ``{ law = "law.{lang}" }``. Every new version is
    tested on all of them."""

    @property
    def train_paths(self) -> list[str]:
        """The names of the corpora of ``train`` for messages and reports."""
        return [str(corpus) for corpus in self.train]

    def named_tests(self) -> dict[str, NamedCorpus]:
        """Return the corpora of ``tests`` by the name that each has among the prepared data, ``test-NAME``."""
        return {f"test-{name}": corpus for name, corpus in self.tests.items()}


class CleaningConfig(Section):
    """``[cleaning]``: rules that drop or mend a pair. Each key but the last is a rule; false switches it off.

    A rule has the same name here, in ``prepare.json`` and in the file of rejected pairs. Pairs with an empty side are
    always dropped. Text is always normalised, as lines to translate are.
    """

    not_utf8: bool = True
    """Drop a pair with bytes that are not UTF-8."""

    subword_marks: bool = True
    """Drop a pair with marks of a tokenizer that cuts words into pieces: ``▁the``, ``th@@ e`` or ``th￭ e``."""

    markup: Literal["mend", "drop"] | Off = "mend"
    """``"mend"`` replaces entities of HTML such as ``&eacute;`` with their characters and removes tags, where only one
    side has them; entities that were escaped twice (``&amp;eacute;``) on both sides too. ``"drop"`` drops such a pair.
    Markup that both sides have, or in code, stays."""

    numbering: bool = True
    """Remove the numbers of lines where nearly all lines of a side begin with one and they rise. Drop a pair if only
    one side begins with a number of a list, such as ``3)``."""

    too_short: Positive | Off = False
    """Drop a pair if a side has fewer characters."""

    too_long: Positive | Off = 1000
    """Drop a pair if a side has more characters."""

    length_ratio: Annotated[float, Field(gt=1)] | Off = 3.0
    """Drop a pair if one side has more characters than this factor times those of the other, plus 15. A character of
    Chinese counts as three, of Japanese and Korean as two."""

    non_text: bool = True
    """Drop a pair if a side has no letter outside of links and addresses."""

    identical: Positive | Off = 4
    """Drop a pair if both sides are equal (case ignored) and have at least this number of words."""

    wrong_script: Annotated[float, Field(gt=0, le=1)] | Off = 0.3
    """Drop a pair if a smaller share of the letters of a side is in a script of its language."""

    wrong_language: bool = False
    """Drop a pair if a language identifier finds another language in a side of 40 characters or more. Needs the extra
    ``language``."""

    unrelated: bool = False
    """Drop a pair if a sentence encoder finds that its sides mean different things; the corpora decide the limit.
    Needs the extra ``semantic``, which knows 15 languages, and some milliseconds a pair on one core."""

    leakage: bool = True
    """Drop a pair if its source or target is in the validation set or a test set (case, punctuation and numbers
    ignored)."""

    duplicate: bool = True
    """Drop a pair that has occurred before, in this corpus or an earlier one."""

    near_duplicate: bool = True
    """Drop a pair that has occurred before with other case, punctuation or numbers."""

    source_repeats: Positive | Off = 20
    """Drop a pair when its source has already occurred this number of times."""

    fold_numbers: bool = True
    """Whether ``leakage``, ``near_duplicate`` and ``source_repeats`` ignore numbers in sentences with three or more
    other words. Set false if your sentences differ only in numbers."""


class TokenizerConfig(Section):
    """``[tokenizer]``: how SentencePiece cuts text into subwords."""

    shared: bool = True
    """Whether both languages share one vocabulary. False: ``tokenizer.source.model`` and ``tokenizer.target.model``."""

    vocab_size: Annotated[int, Field(ge=300)] | None = None
    """Number of subwords, the 4 special and 256 byte ones included; of each vocabulary, if they are separate. Left out:
    8000, or fewer for a corpus that is too small for them."""

    model_type: Literal["bpe", "unigram"] = "bpe"
    """SentencePiece's algorithm."""

    character_coverage: Annotated[float, Field(ge=0.98, le=1.0)] = 1.0  # SentencePiece takes no less
    """Share of the characters in the corpus that the vocabulary covers; rarer characters are spelled in bytes."""

    user_symbols: list[UserSymbol] = Field(default=[])
    """Strings that are never cut, for example placeholders. Tags of corpora are never cut either."""

    sample_pairs: Positive = 300_000
    """The largest number of training pairs to learn the tokenizer from, evenly spread over a larger corpus."""
