"""``[training]``, ``[retraining]`` and ``[release]``: from a model that knows nothing to the version in service."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from transformer_cli.config.section import Positive, Probability, Section

Decay = Literal["inverse_sqrt", "linear", "cosine", "one_minus_sqrt"]
"""How the learning rate falls after the warm-up."""


class TrainingConfig(Section):
    """``[training]``: batches, learning rate, regularisation, and when training ends."""

    start_from: Annotated[str, Field(min_length=1)] | None = None
    """A model directory or a run directory, relative to the recipe's folder. A run without versions begins with a copy
    of this model as version 0001, and keeps its tokenizer. ``[model]`` must have its shape; ``tfm init --start-from``
    writes such a recipe. Left out: random weights."""

    max_steps: Positive = 100_000
    """Number of updates after which training ends, unless another limit comes first."""

    max_minutes: Annotated[float, Field(gt=0)] | None = None
    """Wall-clock minutes for the whole command, evaluation and averaging included. At least half of them are for the
    training, however long preparation takes; waiting for another run does not count. Left out: no limit."""

    batch_tokens: Annotated[int, Field(ge=16)] = 4096
    """Number of target tokens in an update, padding included."""

    accumulation: Positive = 1
    """Number of parts in which an update is computed. More parts need less memory; the update is the same."""

    learning_rate: Annotated[float, Field(gt=0)] | None = None
    """Highest learning rate, at the end of the warm-up. Left out: the paper's, ``(d_model * warmup_steps) ** -0.5``."""

    warmup_steps: Positive = 1000
    """Number of updates until the highest rate. The paper has 4,000, with batches six times as large as the default
    here."""

    decay: Decay = "inverse_sqrt"
    """How the rate falls after the warm-up. ``"inverse_sqrt"`` is the paper's, and has no end. The others reach zero at
    ``max_steps``, or when ``max_minutes`` are used up: ``"linear"``, ``"cosine"``, and ``"one_minus_sqrt"``, which
    keeps the highest rate until the last 30 % of the updates."""

    adam_beta1: Probability = 0.9
    """Adam's decay rate of the mean of gradients."""

    adam_beta2: Probability = 0.98
    """Adam's decay rate of the mean of squared gradients."""

    adam_epsilon: Annotated[float, Field(gt=0)] = 1e-9
    """Adam's epsilon."""

    clip_norm: Annotated[float, Field(gt=0)] | None = 25.0
    """Scale gradients down to this global norm if theirs is larger."""

    label_smoothing: Probability = 0.1
    """Share of the probability that is spread over the whole vocabulary in the target distribution."""

    subword_sampling: Annotated[float, Field(gt=0, lt=1)] | None = None
    """Subword regularisation: cut words differently each time. For BPE the probability of leaving out a merge (BPE
    dropout), for example 0.1; for unigram the exponent alpha, for example 0.2. Left out: off."""

    r_drop: Annotated[float, Field(gt=0)] | None = None
    """Weight of R-Drop (Liang et al. 2021): compute each batch twice with different dropout masks, and add the
    divergence of the two outputs to the loss. It takes about twice the time; the paper has 5 for small corpora. Left
    out: off."""

    ema_decay: Annotated[float, Field(gt=0, lt=1)] | None = None
    """Decay of an exponential moving average of the weights; the average is evaluated and released. Left out: off."""

    patience: Positive | None = 10
    """Number of validations without improvement after which training ends."""

    stop_metric: Literal["loss", "bleu", "chrf"] = "loss"
    """Validation score that ``patience`` watches and that decides which checkpoint is the best. ``"bleu"`` looks at
    chrF as long as next to no four words in a row match the references."""

    validate_every: Positive = 500
    """Number of updates between validations."""

    save_every: Positive = 500
    """Number of updates between checkpoints."""

    log_every: Positive = 50
    """Number of updates between lines of ``metrics.jsonl``."""

    average_checkpoints: Positive = 5
    """Number of last checkpoints to average. The average is released, unless the best checkpoint validates better."""

    precision: Literal["auto", "float32", "bfloat16", "float16"] = "auto"
    """Type of matrix products; weights and sums stay float32. ``"auto"``: bfloat16 where this machine multiplies faster
    in it, else float32."""

    compile: bool = False
    """Whether to compile encoder and decoder with ``torch.compile``, which takes minutes at the start. For GPUs; on a
    CPU this program's own kernels are faster."""

    tensorboard: bool = False
    """Whether to write the metrics for TensorBoard as well, to ``tensorboard/`` in the run directory. Needs the extra
    ``tensorboard``."""

    seed: Annotated[int, Field(ge=0, lt=2**31)] = 1
    """Seed of the random numbers of training."""


class RetrainingConfig(Section):
    """``[retraining]``: a training that begins with the weights of the live version."""

    learning_rate: Annotated[float, Field(gt=0)] | None = None
    """Highest learning rate. Left out: the schedule goes on where the training of the live version ended. If the
    schedule has an end, the rate stays there after the warm-up and falls to zero at the end of this training."""

    max_steps: Positive | None = None
    """Number of updates after which such a training ends. Left out: ``training.max_steps``."""

    warmup_steps: Positive = 100
    """Number of updates until that rate. Adam starts anew, so its first steps must be small."""

    new_weight: Annotated[float, Field(ge=1)] = 4.0
    """How many times more often to sample pairs that the live version has not seen."""


class ReleaseConfig(Section):
    """``[release]``: when a new version replaces the live one, and how many versions are kept."""

    significance: Annotated[float, Field(gt=0, lt=1)] = 0.05
    """A version is worse on a test set if its BLEU or chrF is lower and p of the paired bootstrap is below this
    value."""

    tolerance: Annotated[float, Field(ge=0)] = 0.2
    """How much lower the mean of BLEU or of chrF over all test sets may be, and BLEU on the validation set."""

    resamples: Annotated[int, Field(ge=100)] = 1000
    """Number of resamples of the paired bootstrap."""

    keep: Annotated[int, Field(ge=2)] = 5
    """Number of versions to keep. Older ones are deleted, but never the live version or the one before it."""
