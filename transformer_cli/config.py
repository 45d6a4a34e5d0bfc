"""The settings of every part, one frozen section each; a class is given its own section and no other.

Every field has a default that suits a corpus of some ten to hundred thousand pairs on an ordinary machine, so that a
recipe names only what it wants otherwise. Keys that do not exist are errors (`recipe.py` words them).
"""

from __future__ import annotations

import math
import re
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SerializerFunctionWrapHandler,
    model_serializer,
    model_validator,
)
from pydantic_core import PydanticCustomError

Probability = Annotated[float, Field(ge=0.0, lt=1.0)]
Positive = Annotated[int, Field(ge=1)]


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

# "base" and "big" are the paper's. The shapes for small corpora are pre-norm: with post-norm, a model trained on
# Multi30k with the same updates finds out where to look in the source several epochs later.
MODEL_PRESETS: dict[str, dict[str, Any]] = {
    # 29,000 captions and the like: Wu et al. 2021, "Good for Misconceived Reasons", Transformer-Tiny
    "tiny": {
        "num_encoder_layers": 4,
        "num_decoder_layers": 4,
        "d_model": 128,
        "d_ff": 256,
        "num_heads": 4,
        "dropout": 0.3,
        "norm": "pre",
    },
    # 100,000 to a million pairs: the customary shape for IWSLT14
    "small": {
        "num_encoder_layers": 6,
        "num_decoder_layers": 6,
        "d_model": 512,
        "d_ff": 1024,
        "num_heads": 4,
        "dropout": 0.3,
        "norm": "pre",
    },
    # Vaswani et al. 2017, table 3, rows "base" and "big"
    "base": {
        "num_encoder_layers": 6,
        "num_decoder_layers": 6,
        "d_model": 512,
        "d_ff": 2048,
        "num_heads": 8,
        "dropout": 0.1,
    },
    "big": {
        "num_encoder_layers": 6,
        "num_decoder_layers": 6,
        "d_model": 1024,
        "d_ff": 4096,
        "num_heads": 16,
        "dropout": 0.3,
    },
}


class Section(BaseModel):
    """A frozen group of settings in which an unknown key is an error."""

    # Strict, so that `dropout = "0.3"` or `seed = true` is an error and not a guess; an integer still does for a float.
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)


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
    """A word that is put before each source sentence, with a space: a domain or a language, say."""

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

    tests: dict[Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]*$", max_length=50)], str] = {}
    """Further test sets by name, say one for each domain; a new version is tested on all of them."""

    @property
    def train_paths(self) -> list[str]:
        """The corpora of ``train`` as they are named in the recipe."""
        return [corpus.path for corpus in self.train]

    def named_tests(self) -> dict[str, str]:
        """Return the corpora of ``tests`` by the name that each has among the prepared data, ``test-NAME``."""
        return {f"test-{name}": corpus for name, corpus in self.tests.items()}


class CleaningConfig(Section):
    """``[cleaning]``: what makes a pair unfit to learn from; each key is a rule, false switches it off.

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
    """Source or target stands in ``valid`` or ``test``; case, punctuation and digits do not matter."""

    duplicate: bool = True
    """The pair was there before, in this corpus or in an earlier one."""

    near_duplicate: bool = True
    """It was there but for case, punctuation and digits."""

    source_repeats: Positive | Off = 20
    """Its source was there so many times already."""


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

    user_symbols: list[UserSymbol] = []
    """Strings that are one piece wherever they stand, as the tags of the corpora are."""

    sample_pairs: Positive = 300_000
    """Pairs of ``train`` from which the tokenizer is learned, evenly spread over it, if it has more."""


class ModelConfig(Section):
    """``[model]``: the shape of the Transformer; the names are those of Vaswani et al. 2017, table 3."""

    preset: Literal["tiny", "small", "base", "big"] = "tiny"
    num_encoder_layers: Positive
    num_decoder_layers: Positive
    d_model: Annotated[int, Field(ge=2, multiple_of=2)]
    d_ff: Positive
    num_heads: Positive
    dropout: Probability
    attention_dropout: Probability = 0.0
    """Dropout of attention weights."""

    activation_dropout: Probability = 0.0
    """Dropout between the two layers of the feed-forward network."""

    norm: Literal["post", "pre"] = "post"
    """Layer norm after each residual sum, as in the paper, or before each sublayer, as the small presets have it."""

    tied_embeddings: bool = True
    """Whether source, target and output layer share one matrix (section 3.4 of the paper); with separate vocabularies
    target and output layer do."""

    max_length: Annotated[int, Field(ge=8)] = 256
    """Longest sentence in tokens, end of sentence included: longer pairs are not trained on, longer lines are split."""

    @model_validator(mode="before")
    @classmethod
    def _fill_from_preset(cls, values: Any) -> Any:
        if not isinstance(values, dict):
            return values
        preset = values.get("preset", cls.model_fields["preset"].default)
        return {**MODEL_PRESETS.get(preset, {}), **values} if isinstance(preset, str) else values

    @model_validator(mode="after")
    def _heads_divide_the_model(self) -> ModelConfig:
        if self.d_model % self.num_heads:
            raise ValueError(f"d_model ({self.d_model}) must be divisible by num_heads ({self.num_heads})")
        return self


class TrainingConfig(Section):
    """``[training]``: how long, how fast, and how one knows that it is enough."""

    max_steps: Positive = 100_000
    """Updates after which training ends, if nothing else ends it before."""

    max_minutes: Annotated[float, Field(gt=0)] | None = None
    """Wall-clock minutes for the whole of ``tfm train``, evaluation and averaging included."""

    batch_tokens: Annotated[int, Field(ge=16)] = 4096
    """Target tokens of one update, padding included."""

    accumulation: Positive = 1
    """Parts in which an update is computed: memory falls, the update stays the same."""

    learning_rate: Annotated[float, Field(gt=0)] | None = None
    """Highest rate, reached at the end of the warm-up; left out: the paper's, ``(d_model * warmup_steps) ** -0.5``."""

    warmup_steps: Positive = 1000
    """Updates until the highest rate; the paper has 4,000, for batches six times as large as the default here."""

    adam_beta1: Probability = 0.9
    adam_beta2: Probability = 0.98
    adam_epsilon: Annotated[float, Field(gt=0)] = 1e-9
    clip_norm: Annotated[float, Field(gt=0)] | None = 25.0
    """Gradients with a larger global norm are scaled down to it."""

    label_smoothing: Probability = 0.1
    subword_sampling: Annotated[float, Field(gt=0, lt=1)] | None = None
    """Subword regularisation: each time a sentence is learned from, its words are cut in other ways. Of a BPE model the
    probability that a merge is left out, 0.1 say; of a unigram model the power alpha, 0.2 say."""

    r_drop: Annotated[float, Field(gt=0)] | None = None
    """Weight of what R-Drop (Liang et al. 2021) adds: each batch is computed twice, and the two distributions that
    dropout makes are drawn together. About twice the work; the paper has 5 for small corpora."""

    ema_decay: Annotated[float, Field(gt=0, lt=1)] | None = None
    """Decay of an exponential moving average of the weights, which is then what is evaluated and released."""

    patience: Positive | None = 10
    """Validations without improvement after which training ends."""

    stop_metric: Literal["loss", "bleu"] = "loss"
    """What ``patience`` watches, and what names the best checkpoint."""

    validate_every: Positive = 500
    save_every: Positive = 500
    log_every: Positive = 50
    average_checkpoints: Positive = 5
    """The average of the last so many checkpoints is released, unless the best one validates better."""

    precision: Literal["auto", "float32", "bfloat16", "float16"] = "auto"
    tensorboard: bool = False
    """Whether the metrics are written for TensorBoard as well, into ``tensorboard/`` of the run directory."""

    seed: Annotated[int, Field(ge=0, lt=2**31)] = 1


class RetrainingConfig(Section):
    """``[retraining]``: how a new version begins with the weights of the live one."""

    learning_rate: Annotated[float, Field(gt=0)] | None = None
    """Highest rate of such a training; left out: the schedule goes on from where the live model's training ended."""

    warmup_steps: Positive = 100
    """Updates until that rate: the optimiser starts anew, so that its first steps must be small."""

    new_weight: Annotated[float, Field(ge=1)] = 4.0
    """How many times a pair that the live model has not seen is drawn for once that one is which it has."""


class ReleaseConfig(Section):
    """``[release]``: when a new version takes the place of the live one, and how many are kept."""

    significance: Annotated[float, Field(gt=0, lt=1)] = 0.05
    """A version is worse on a test set if its BLEU or chrF is lower and the paired bootstrap's p is below this."""

    tolerance: Annotated[float, Field(ge=0)] = 0.2
    """How much lower BLEU or chrF may be in the mean of all test sets, and BLEU on the validation set."""

    resamples: Annotated[int, Field(ge=100)] = 1000
    """Resamples of the paired bootstrap."""

    keep: Annotated[int, Field(ge=2)] = 5
    """Versions kept; older ones are deleted, but never the live one or the one before it."""


class DecodingConfig(Section):
    """``[decoding]``: the search for the best translation."""

    beam_size: Positive = 5
    length_penalty: float = 1.0
    """Hypotheses are compared by ``log_prob / length ** length_penalty``, end of sentence counted."""

    max_length_ratio: Annotated[float, Field(gt=0)] = 2.0
    """A translation has at most this many tokens for each token of the source, and ``max_length_extra`` more."""

    max_length_extra: Positive = 10
    batch_tokens: Annotated[int, Field(ge=16)] = 2000
    """Source tokens, padding included, that are searched at once; each counts ``beam_size`` times in memory."""


class Recipe(Section):
    """One recipe: everything that decides what a run makes."""

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$", max_length=100)]
    languages: LanguagesConfig
    data: DataConfig
    cleaning: CleaningConfig = CleaningConfig()
    tokenizer: TokenizerConfig = TokenizerConfig()
    model: ModelConfig = ModelConfig.model_validate({})
    training: TrainingConfig = TrainingConfig()
    retraining: RetrainingConfig = RetrainingConfig()
    release: ReleaseConfig = ReleaseConfig()
    decoding: DecodingConfig = DecodingConfig()

    def peak_learning_rate(self) -> float:
        """Return the highest learning rate: the recipe's, or the paper's for this model and warm-up."""
        if self.training.learning_rate is not None:
            return self.training.learning_rate
        return 1.0 / math.sqrt(self.model.d_model * self.training.warmup_steps)
