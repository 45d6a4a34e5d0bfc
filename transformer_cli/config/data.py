"""``[languages]``, ``[data]``, ``[cleaning]`` and ``[tokenizer]``: from files to token ids."""

from __future__ import annotations

import unicodedata
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    ValidationError,
    model_validator,
)
from pydantic_core import PydanticCustomError

from transformer_cli.config.corpora import Corpora, NamedCorpus, UserSymbol
from transformer_cli.config.section import Positive, Section
from transformer_cli.errors import UsageError


def _refuse_all_but_false(value: Any) -> Any:
    if value is not False:  # 0 equals it, and is more likely a mistake
        raise PydanticCustomError("off_type", "Input should be false")
    return value


Off = Annotated[Literal[False], BeforeValidator(_refuse_all_but_false)]


def _refuse_what_names_no_file(code: str) -> str:
    if not code.strip(". ") or any(each in "/\\" or unicodedata.category(each).startswith("C") for each in code):
        raise ValueError(f"{code!r} is no language code; it has letters, digits, - and _, as in pt-BR or zho_Hans")
    return code


LanguageCode = Annotated[str, AfterValidator(_refuse_what_names_no_file)]
"""A code is part of the names of files."""


class LanguagesConfig(Section):
    """``[languages]``: the two languages. Their codes also replace ``{lang}`` in file names."""

    source: LanguageCode
    """Code of the language to translate from, for example ``"en"``."""

    target: LanguageCode
    """Code of the language to translate into."""

    @model_validator(mode="after")
    def _two_languages(self) -> LanguagesConfig:
        if self.source == self.target:
            raise ValueError(f"source and target are both {self.source!r}; they must differ")
        return self

    @classmethod
    def of_options(cls, source: str, target: str) -> LanguagesConfig:
        """Return the languages that ``--from`` and ``--to`` name.

        Raises:
            UsageError: One is no code of a language, or both are the same.
        """
        try:
            return cls(source=source, target=target)
        except ValidationError as error:
            problem = error.errors(include_url=False)[0]["msg"].removeprefix("Value error, ")
            raise UsageError(f'--from "{source}" --to "{target}": {problem}') from None


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

    check_sides: bool = True
    """Whether to look at the languages of a sample of each corpus: a corpus whose sides are plainly the wrong way round
    is refused, and doubts are logged."""

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
