"""``[languages]``, ``[data]``, ``[cleaning]`` and ``[tokenizer]``: from files to token ids."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

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


def _as_list(value: Any) -> Any:
    return [value] if isinstance(value, str | dict) else value


def _as_corpus(value: Any) -> Any:
    return {"path": value} if isinstance(value, str) else value


def _refuse_reserved(symbol: str) -> str:
    # U+2581 is how SentencePiece writes a space.
    if re.fullmatch("<pad>|<unk>|</?s>|<0x[0-9A-F]{2}>|.*\u2581.*", symbol):
        raise ValueError(f'"{symbol}" means something to every tokenizer; choose another')
    return symbol


UserSymbol = Annotated[str, Field(pattern=r"^[^\s\p{C}]+$"), AfterValidator(_refuse_reserved)]
"""A string that the tokenizer never cuts: a tag, a placeholder."""


class LanguagesConfig(Section):
    """``[languages]``: from which language into which; the codes also replace ``{lang}`` in file names."""

    source: Annotated[str, Field(min_length=1)]
    target: Annotated[str, Field(min_length=1)]

    @model_validator(mode="after")
    def _two_languages(self) -> LanguagesConfig:
        if self.source == self.target:
            raise ValueError(f"source and target are both {self.source!r}; they must differ")
        return self


class CorpusConfig(Section):
    """One corpus of ``data.train``; a plain string stands for one of which only ``path`` is given."""

    path: Annotated[str, Field(min_length=1)]
    """``name.{lang}`` stands for two aligned text files; ``.tsv .csv .jsonl .parquet .tmx .po`` hold both sides, and
    so does ``hub:OWNER/NAME``, a Hugging Face data set."""

    weight: Annotated[float, Field(gt=0)] = 1.0
    """How often its pairs are drawn in training, compared with those of a corpus of weight 1."""

    tag: UserSymbol | None = None
    """A word that is put before each source sentence, with a space: a domain or a language, say. What is translated,
    and sets with files of their own, must bring it along."""

    source_column: Annotated[str, Field(min_length=1)] | Positive | None = None
    """For ``.tsv`` and ``.csv``: name in the header, or number from 1; left out: found by the name of the language."""

    target_column: Annotated[str, Field(min_length=1)] | Positive | None = None

    @model_validator(mode="after")
    def _both_columns_or_none(self) -> CorpusConfig:
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

    @model_serializer(mode="wrap")
    def _as_written(self, serialize: SerializerFunctionWrapHandler) -> str | dict[str, Any]:
        values: dict[str, Any] = serialize(self)
        given = {key: value for key, value in values.items() if value != type(self).model_fields[key].default}
        return self.path if given.keys() == {"path"} else given


Corpora = Annotated[
    list[Annotated[CorpusConfig, BeforeValidator(_as_corpus)]], BeforeValidator(_as_list), Field(min_length=1)
]


class DataConfig(Section):
    """``[data]``: where the sentence pairs come from."""

    folder: str = "."
    """Folder that the names below are relative to; itself relative to the recipe."""

    train: Corpora
    """Corpora: names, or tables ``{ path = …, weight = …, tag = … }``."""

    valid: str | Positive = 1000
    """A corpus, or how many pairs of ``train`` to hold out."""

    test: str | Positive | None = None
    """A corpus, a number of pairs of ``train`` to hold out, or left out: then ``valid`` serves."""

    tests: dict[Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]*$", max_length=50)], str] = Field(default={})
    """Further test sets by name, say one for each domain; a new version is tested on all of them."""

    @property
    def train_paths(self) -> list[str]:
        """The corpora of ``train`` as they are named in the recipe."""
        return [corpus.path for corpus in self.train]

    def named_tests(self) -> dict[str, str]:
        """Return the corpora of ``tests`` by the name that each has among the prepared data, ``test-NAME``."""
        return {f"test-{name}": corpus for name, corpus in self.tests.items()}


class CleaningConfig(Section):
    """``[cleaning]``: what makes a pair unfit to learn from; each key but the last is a rule, false switches it off.

    A rule has the same name here, in ``prepare.json`` and in the file of rejected pairs. Pairs with an empty side are
    always dropped, and text is always brought into the one form in which it is also translated (`normalize`).
    """

    not_utf8: bool = True
    """Something was no text and had to be replaced by U+FFFD."""

    too_short: Positive | Off = False
    """A side has fewer characters."""

    too_long: Positive | Off = 1000
    """A side has more characters."""

    length_ratio: Annotated[float, Field(gt=1)] | Off = 3.0
    """One side is that many times as long as the other, and 15 characters more."""

    non_text: bool = True
    """A side holds no letter, or none outside of links and addresses."""

    identical: Positive | Off = 4
    """Both sides are the same in that many words or more: a name may stay as it is, a sentence may not."""

    wrong_script: Annotated[float, Field(gt=0, le=1)] | Off = 0.3
    """Of the letters of a side, a smaller share is in a script of its language."""

    wrong_language: bool = False
    """A side of 40 characters or more is in another language, as an identifier sees it (extra ``language``)."""

    leakage: bool = True
    """Source or target stands in ``valid`` or ``test``; case, punctuation and numbers do not matter."""

    duplicate: bool = True
    """The pair was there before, in this corpus or in an earlier one."""

    near_duplicate: bool = True
    """It was there but for case, punctuation and numbers."""

    source_repeats: Positive | Off = 20
    """Its source was there so many times already."""

    fold_numbers: bool = True
    """Beside three words or more, numbers do not matter to leakage, near_duplicate and source_repeats; false for
    sentences that differ in nothing else."""


class TokenizerConfig(Section):
    """``[tokenizer]``: how text is cut into subwords by SentencePiece."""

    shared: bool = True
    """Whether both languages have one vocabulary (and, with ``model.tied_embeddings``, one embedding)."""

    vocab_size: Annotated[int, Field(ge=300)] | None = None
    """Number of pieces, the 4 special and 256 byte pieces included; left out: 8000. A corpus too small for that gets
    as many as it can carry. Separate vocabularies have that many each."""

    model_type: Literal["bpe", "unigram"] = "bpe"

    character_coverage: Annotated[float, Field(ge=0.98, le=1.0)] = 1.0  # SentencePiece takes no less
    """Share of the corpus' characters that get a piece of their own; the rest is spelled in bytes."""

    user_symbols: list[UserSymbol] = Field(default=[])
    """Strings that are one piece wherever they stand, as the tags of the corpora are."""

    sample_pairs: Positive = 300_000
    """Pairs of ``train`` from which the tokenizer is learned, evenly spread over it, if it has more."""
