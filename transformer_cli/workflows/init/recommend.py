"""Recommends settings for given corpora and a machine, each with its reason. All functions are pure.

With little data, a smaller vocabulary, higher dropout, a smaller model with fewer heads and smaller batches are better
(Sennrich and Zhang 2019, "Revisiting Low-Resource Neural Machine Translation: A Case Study"; Araabi and Monz 2020,
"Optimizing Transformer for Low-Resource Neural Machine Translation"); with much data, the settings of the
Transformer paper.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from transformer_cli.config import ModelConfig
from transformer_cli.workflows.init.machine import Machine
from transformer_cli.workflows.init.survey import CorpusStatistics

_SPECIAL_PIECES = 260
_SCRIPT_WITHOUT_SPACES = 12.0
# Number of weights per second and core that tokens are multiplied with, derived from 5,000 target tokens a second of
# the tiny preset on two cores. It serves only for a time limit in minutes; the speed of a GPU is not estimated.
_PRODUCTS_PER_SECOND = 6.6e9
_FASTEST_TOKENS_PER_SECOND = 60_000.0
_NICE_MINUTES = (5, 10, 15, 20, 30, 45, 60, 90, 120, 180, 240, 360, 480, 600)
_A_NIGHT = 600

_Value = TypeVar("_Value")


@dataclass(frozen=True, slots=True)
class Setting:
    """A recommended value for a key of the recipe.

    Args:
        key: "section.key".
        value: The value as written in the recipe.
        reason: The reason in a few words.
    """

    key: str
    value: Any
    reason: str


def recommend(corpus: CorpusStatistics, machine: Machine) -> list[Setting]:
    """Return the settings that depend on the corpora or the machine."""
    preset = _preset(corpus.pairs, machine)
    tokenizer = _tokenizer_settings(corpus, preset)
    values = {setting.key: setting.value for setting in tokenizer}
    vocab_size = values["tokenizer.vocab_size"]
    tokens = corpus.pairs * tokens_per_target(corpus, vocab_size * (1 if values["tokenizer.shared"] else 2))
    model = _model_settings(corpus.pairs, preset, machine)
    shape = ModelConfig.model_validate({setting.key.partition(".")[2]: setting.value for setting in model})
    training = _training_settings(corpus, tokens, shape, vocab_size, machine)
    return [*tokenizer, *model, *training]


def held_out_sizes(corpus: CorpusStatistics, machine: Machine) -> tuple[int, int]:
    """Return the sizes in pairs of validation and test set: together at most a tenth of the distinct sources."""
    most = 500 if machine.gpu_gib is None else 1000
    return min(most, max(1, corpus.sources // 20)), min(1000, max(1, corpus.sources // 20))


def tokens_per_target(corpus: CorpusStatistics, joint_vocab_size: int) -> float:
    """Estimate the mean number of tokens of a target, with end of sentence; a larger vocabulary gives fewer tokens."""
    if corpus.target_word_characters > _SCRIPT_WITHOUT_SPACES:
        characters_of_a_token = 1.5
    else:
        characters_of_a_token = 2.5 + 0.45 * math.log2(joint_vocab_size / 1000)
    return corpus.target_characters / characters_of_a_token + 1


def _tokenizer_settings(corpus: CorpusStatistics, preset: str) -> list[Setting]:
    shared = corpus.shared_letters >= 0.3
    # Measured for 29,000 captions: 4,000 pieces lose 2 BLEU against 8,000 (docs/quality.md).
    wanted = _step(
        corpus.pairs, {0: 1000, 5000: 2000, 10_000: 4000, 20_000: 8000, 1_000_000: 16_000, 5_000_000: 32_000}
    )
    reason = "the fewer pairs, the fewer subwords are seen often enough (Sennrich & Zhang 2019)"
    if not shared:
        wanted //= 2
    if preset == "tiny" and wanted > 8000:
        wanted, reason = 8000, "with more, a tiny model would spend most of its time in the output layer"
    if 3 * corpus.common_characters + _SPECIAL_PIECES > wanted:
        wanted = _round_up(3 * corpus.common_characters + _SPECIAL_PIECES, 1000)
        reason = f"{corpus.common_characters} characters are common and need room"
    coverage = 1.0 if 2 * corpus.characters + _SPECIAL_PIECES <= wanted else 0.9995
    shared_reason = (
        "the languages share letters, and with them words and names"
        if shared
        else "they share few letters: a vocabulary each keeps the output layer small"
    )
    coverage_reason = (
        f"all {corpus.characters} characters have room"
        if coverage == 1
        else f"{corpus.characters} different characters: the rarest are spelled in bytes"
    )
    return [
        Setting("tokenizer.shared", shared, shared_reason),
        Setting("tokenizer.vocab_size", wanted, reason),
        Setting("tokenizer.character_coverage", coverage, coverage_reason),
    ]


def _preset(pairs: int, machine: Machine) -> str:
    if machine.gpu_gib is None:
        return "small" if machine.cores >= 16 and pairs >= 100_000 else "tiny"
    if pairs >= 10_000_000 and machine.gpu_gib >= 30:
        return "big"
    return _step(pairs, {0: "tiny", 50_000: "small", 1_000_000: "base"})


def _model_settings(pairs: int, preset: str, machine: Machine) -> list[Setting]:
    if preset == "tiny":
        why = (
            "what a processor trains in hours; a GPU takes larger ones"
            if pairs >= 50_000
            else "a small model learns more from little data (Araabi & Monz 2020)"
        )
        dropout = _step(pairs, {0: 0.4, 5000: 0.3, 50_000: 0.2, 100_000: 0.1})
    else:
        why = "as large as these data can teach" if machine.gpu_gib is not None else "enough cores for it"
        dropout = _step(pairs, {0: 0.3, 300_000: 0.2, 2_000_000: 0.1})
    settings = [Setting("model.preset", preset, why)]
    if preset == "tiny" and pairs < 10_000:
        fewer = "fewer layers and heads for so few pairs (Araabi & Monz 2020)"
        settings += [
            Setting("model.num_encoder_layers", 3, fewer),
            Setting("model.num_decoder_layers", 3, "as many as in the encoder"),
            Setting("model.num_heads", 2, "for the same reason"),
        ]
    little = "guards against learning little data by heart (Sennrich & Zhang 2019)"
    much = "so much data is hardly learned by heart by such a model"
    return [*settings, Setting("model.dropout", dropout, little if dropout > 0.1 else much)]


def _training_settings(
    corpus: CorpusStatistics, tokens: float, shape: ModelConfig, vocab_size: int, machine: Machine
) -> list[Setting]:
    preset, pairs = shape.preset, corpus.pairs
    if preset == "tiny":
        batch = _step(pairs, {0: 1024, 10_000: 2048})
        why_batch = "target tokens; small batches make more updates of little data or time"
    else:
        batch = 8192 if preset == "small" else 25_000
        why_batch = "target tokens, as in the paper" if batch == 25_000 else "target tokens"
    epochs = min(80.0, max(5.0, 20 * (2e6 / tokens) ** 0.5))
    steps = _round_up(math.ceil(epochs * tokens / batch), 500)
    limit, feasible = [], steps
    if machine.gpu_gib is None:
        speed = target_tokens_per_second(shape, vocab_size, machine.cores)
        limit = [time_limit(1.3 * steps * batch / speed / 60 + 2, speed)]
        feasible = min(steps, int(60 * limit[0].value * speed / batch))
    validate_every = _round_up(min(5000, max(100, feasible // 30)), 100)
    return [
        Setting("training.max_steps", steps, f"about {epochs:.0f} times through the corpus"),
        *limit,
        Setting("training.batch_tokens", batch, why_batch),
        *accumulation(batch, shape, vocab_size, machine),
        Setting(
            "training.learning_rate", {"tiny": 0.003, "small": 0.001}.get(preset, 0.0007), "the peak of its schedule"
        ),
        Setting("training.warmup_steps", _warmup(steps, preset), "updates until that peak"),
        Setting("training.decay", "linear", "to zero at the end, be it steps or minutes (docs/quality.md)"),
        Setting("training.validate_every", validate_every, "some thirty looks at the held-out pairs"),
        Setting("training.save_every", max(50, validate_every // 5), "what a power cut can cost, in updates"),
        Setting("training.average_checkpoints", 8, "the average of the last ones is better than the last"),
        stop_metric(corpus),
    ]


def stop_metric(corpus: CorpusStatistics) -> Setting:
    """Return the score that decides which checkpoint is the best."""
    if corpus.without_spaces:
        return Setting("training.stop_metric", "chrf", "it needs no words; the target is written without spaces")
    return Setting("training.stop_metric", "bleu", "the best checkpoint is the one that translates best")


def target_tokens_per_second(shape: ModelConfig, vocab_size: int, cores: int) -> float:
    """Estimate the speed of training on a CPU from the weights that each token is multiplied with."""
    d_model, feed_forward = shape.d_model, 2 * shape.d_model * shape.d_ff
    encoder = shape.num_encoder_layers * (4 * d_model * d_model + feed_forward)
    decoder = shape.num_decoder_layers * (8 * d_model * d_model + feed_forward)
    weights = encoder + decoder + d_model * vocab_size
    # With more cores, each core waits longer for the others.
    return min(_FASTEST_TOKENS_PER_SECOND, _PRODUCTS_PER_SECOND * math.pow(cores, 0.75) / weights)


def time_limit(minutes: float, speed: float) -> Setting:
    """Return a time limit for a training of ``minutes``: the next round number, at most a night."""
    limit = next((nice for nice in _NICE_MINUTES if minutes <= nice), _A_NIGHT)
    at = f"at about {_about(speed)} tokens a second"
    if minutes <= limit:
        return Setting("training.max_minutes", limit, f"ends it in any case; enough for these steps {at}")
    return Setting("training.max_minutes", limit, f"ends it early: all steps take {_about(minutes)} {at}")


def accumulation(batch: int, shape: ModelConfig, vocab_size: int, machine: Machine) -> list[Setting]:
    """Return the number of parts of an update of ``batch`` tokens, if it does not fit into memory at once."""
    layers = shape.num_encoder_layers + shape.num_decoder_layers
    # Activations kept for the backward pass: 34 vectors or so a layer (Korthikanti et al. 2022), three rows of logits.
    bytes_of_a_token = 4 * (34 * shape.d_model * layers + 3 * vocab_size)
    memory = machine.memory_gib if machine.gpu_gib is None else machine.gpu_gib
    parts = math.ceil(batch * bytes_of_a_token / (0.5 * memory * 2**30))
    if parts <= 1:
        return []
    return [Setting("training.accumulation", min(parts, batch // 512), "parts of an update, to fit into memory")]


def _warmup(steps: int, preset: str) -> int:
    return min({"tiny": 800, "small": 2000}.get(preset, 4000), max(100, steps // 8))


def _step(size: float, table: Mapping[int, _Value]) -> _Value:
    """Return the value of the highest threshold that ``size`` reaches."""
    return table[max(threshold for threshold in table if threshold <= max(size, 0))]


def _round_up(number: float, unit: int) -> int:
    return math.ceil(number / unit) * unit


def _about(number: float) -> str:
    """Return ``number`` rounded to two significant digits: 178,501 as 180,000."""
    digits = max(0, math.floor(math.log10(max(1.0, number))) - 1)
    return f"{round(number / 10**digits) * 10**digits:,}"
