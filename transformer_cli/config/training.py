"""``[training]``, ``[retraining]`` and ``[release]``: from a model that knows nothing to the version in service."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from transformer_cli.config.section import Positive, Probability, Section

Decay = Literal["inverse_sqrt", "linear", "cosine", "one_minus_sqrt"]
"""How the learning rate falls after the warm-up."""


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

    decay: Decay = "inverse_sqrt"
    """How the rate falls after the warm-up. "inverse_sqrt" is the paper's, which has no end. All others come to zero
    after ``max_steps``, or when ``max_minutes`` are used: "linear", "cosine", or "one_minus_sqrt", which keeps the
    highest rate until the last 30 percent of the updates."""

    adam_beta1: Probability = 0.9
    adam_beta2: Probability = 0.98
    adam_epsilon: Annotated[float, Field(gt=0)] = 1e-9
    clip_norm: Annotated[float, Field(gt=0)] | None = 25.0
    """Gradients with a larger global norm are scaled down to it."""

    label_smoothing: Probability = 0.1
    subword_sampling: Annotated[float, Field(gt=0, lt=1)] | None = None
    """Subword regularisation: each time a sentence is learned from, its words are cut in other ways. Of a BPE model the
    probability that a merge is left out, 0.1 say; of a unigram model the power alpha, 0.2 say. ``batch_tokens`` counts
    the tokens of the ordinary cuts, which are fewer."""

    both_directions_steps: Annotated[int, Field(ge=0)] = 0
    """Updates at the beginning in which half of the batches are turned round: their targets are the sources (BiT, Ding
    et al. 2021). The languages must share one vocabulary."""

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
    compile: bool = False
    """Whether encoder and decoder go through ``torch.compile``, which takes minutes at the start: for GPUs. On a CPU
    the kernels that this program brings along are faster."""

    tensorboard: bool = False
    """Whether the metrics are written for TensorBoard as well, into ``tensorboard/`` of the run directory."""

    seed: Annotated[int, Field(ge=0, lt=2**31)] = 1


class RetrainingConfig(Section):
    """``[retraining]``: how a new version begins with the weights of the live one."""

    learning_rate: Annotated[float, Field(gt=0)] | None = None
    """Highest rate of such a training; left out: the schedule goes on from where the live model's training ended. A
    schedule with an end has a new one: the rate falls to zero again."""

    max_steps: Positive | None = None
    """Updates after which such a training ends; left out: ``training.max_steps``."""

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
