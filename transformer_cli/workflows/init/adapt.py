"""Recommends settings for adapting a model to new corpora, each with its reason."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from transformer_cli.artifacts.model_manifest import ModelManifest
from transformer_cli.config import DecodingConfig, LanguagesConfig, ModelConfig, NamedCorpus
from transformer_cli.data.cleaning.match_keys import fold
from transformer_cli.errors import UsageError
from transformer_cli.files.atomic import write_atomically
from transformer_cli.workflows.init.machine import Machine
from transformer_cli.workflows.init.named_corpora import path_from
from transformer_cli.workflows.init.recommend import (
    Setting,
    accumulation,
    stop_metric,
    target_tokens_per_second,
    time_limit,
    tokens_per_target,
)
from transformer_cli.workflows.init.survey import CorpusStatistics, CorpusSurvey, sample_pairs
from transformer_cli.workflows.starting_model import read_starting_model

_TEST_PAIRS = 500
_FEWEST_TEST_PAIRS = 200
_MOST_GENERAL_PAIRS = 100_000
_BATCH_TOKENS = 1024
_THE_MODELS = "as the model has it"


@dataclass(frozen=True, slots=True)
class Adaptation:
    """A model to start from, and pairs of the kind that it translates well: to test it on, and to train it on further.

    Trained on new texts alone, a model forgets how to translate others.

    Args:
        model: Path of the model as the user gave it.
        manifest: The model's record.
        general: Such pairs to test on.
        replay: Such pairs to train on, in no order.
        test: Pairs of the new corpora to test on; none: they are held out by their number, or named.
    """

    model: Path
    manifest: ModelManifest
    general: Sequence[tuple[str, str]]
    replay: Sequence[tuple[str, str]]
    test: Sequence[tuple[str, str]] = ()

    @classmethod
    def of(cls, model: Path, languages: LanguagesConfig, general: NamedCorpus | None) -> Adaptation:
        """Read the record of a model, and a sample of a corpus.

        Raises:
            UsageError: The model has other languages.
            TfmError: The model or the corpus cannot be used.
        """
        _, manifest = read_starting_model(model)
        has = manifest.languages
        if has != languages:
            raise UsageError(
                f"{model} translates {has.source} to {has.target}; give --from {has.source} --to {has.target}, or "
                "another model"
            )
        pairs = [] if general is None else sample_pairs(general, languages, Path(), _MOST_GENERAL_PAIRS)
        tested = min(_TEST_PAIRS, max(_FEWEST_TEST_PAIRS, len(pairs) // 10))
        return cls(model, manifest, pairs[:tested], pairs[tested:])

    def fitted(self, survey: CorpusSurvey, settings: Sequence[Setting]) -> Adaptation:
        """Return an adaptation that trains on no more general pairs than new ones.

        Args:
            survey: The new corpora.
            settings: Those of ``[data]``. If the test set is a number of pairs, they are chosen from the new corpora
                here, because general pairs would be held out with them.
        """
        test = next(setting.value for setting in settings if setting.key == "data.test")
        by_source = {fold(source): (source, target) for source, target in survey.sample}
        held_out = list(by_source.values())[:test] if self.replay and isinstance(test, int) else []
        return replace(self, replay=self.replay[: survey.statistics.pairs], test=held_out)

    def files(self, recipe: Path) -> dict[Path, Sequence[tuple[str, str]]]:
        """Return the files to be written beside a recipe, and the pairs in each."""
        parts = {"test": self.test, "general": self.general, "replay": self.replay}
        return {recipe.with_name(f"{recipe.stem}-{name}.jsonl"): pairs for name, pairs in parts.items() if pairs}

    def write_files(self, recipe: Path) -> None:
        """Write the files."""
        for path, pairs in self.files(recipe).items():
            records = ({"source": source, "target": target} for source, target in pairs)
            lines = (json.dumps(record, ensure_ascii=False) + "\n" for record in records)
            write_atomically(path, "".join(lines).encode())

    def data_settings(self, settings: Sequence[Setting], recipe: Path) -> list[Setting]:
        """Return the settings of ``[data]`` with those files."""
        changed = {setting.key: setting for setting in settings}
        train, stem = changed["data.train"], recipe.stem
        if self.replay:
            reason = f"{train.reason}, and {len(self.replay):,} that keep the model from forgetting"
            changed[train.key] = Setting(train.key, [*train.value, f"{stem}-replay.jsonl"], reason)
        if self.test:
            reason = f"{len(self.test)} pairs of the new corpora"
            changed["data.test"] = Setting("data.test", f"{stem}-test.jsonl", reason)
        if self.general:
            reason = f"{len(self.general)} pairs that show what the model forgets"
            changed["data.tests"] = Setting("data.tests", {"general": f"{stem}-general.jsonl"}, reason)
        return list(changed.values())


def adapting_settings(
    corpus: CorpusStatistics, machine: Machine, adaptation: Adaptation, recipe: Path
) -> list[Setting]:
    """Return the settings that take the place of those of `recommend`.

    Args:
        corpus: Properties of the new corpora.
        machine: The machine that trains.
        adaptation: The model, and the pairs that show what it forgets.
        recipe: The path of the recipe.
    """
    manifest, shape = adaptation.manifest, adaptation.manifest.model
    joint = manifest.vocab_size + (manifest.source_vocab_size or 0)
    tokens = corpus.pairs * tokens_per_target(corpus, joint) + sum(
        tokens_per_target(replace(corpus, target_characters=len(target)), joint) for _, target in adaptation.replay
    )
    updates = math.ceil(tokens / _BATCH_TOKENS)
    validate_every = max(20, min(500, math.ceil(updates / 10)))
    model = path_from(recipe.parent, adaptation.model)
    return [
        *_shape_settings(manifest),
        Setting("training.start_from", model, "version 0001 is this model, and its tokenizer stays"),
        Setting("training.max_steps", updates, "about once through the corpora"),
        *_time_limit(updates, shape, manifest, machine),
        Setting("training.batch_tokens", _BATCH_TOKENS, "target tokens; small batches make more updates"),
        *accumulation(_BATCH_TOKENS, shape, manifest.vocab_size, machine),
        Setting("training.decay", "linear", "the rate falls to zero at the end of each training"),
        Setting("training.validate_every", validate_every, "some ten looks at the held-out pairs"),
        Setting("training.save_every", validate_every, "what a power cut can cost, in updates"),
        Setting("training.average_checkpoints", 2, "the last weights have the lowest rate"),
        stop_metric(corpus),
        Setting("retraining.learning_rate", _rate(shape), "lower: it forgets less; higher: it learns more"),
        Setting("retraining.warmup_steps", min(100, math.ceil(updates / 10)), "updates until that rate"),
        *_search_settings(manifest.decoding),
    ]


def _rate(shape: ModelConfig) -> float:
    return 2e-5 if shape.d_model >= 512 else 1e-4


def _shape_settings(manifest: ModelManifest) -> list[Setting]:
    preset = manifest.model.preset
    usual = ModelConfig.model_validate({"preset": preset})
    settings = [Setting("model.preset", preset, "with the keys below the shape of the model")]
    if manifest.source_vocab_size is not None:
        settings.insert(0, Setting("tokenizer.shared", False, _THE_MODELS))
    values = manifest.model.model_dump()
    return settings + [
        Setting(f"model.{key}", value, _THE_MODELS) for key, value in values.items() if value != getattr(usual, key)
    ]


def _search_settings(decoding: DecodingConfig) -> list[Setting]:
    values = decoding.model_dump(exclude_defaults=True, exclude_none=True)
    return [Setting(f"decoding.{key}", value, _THE_MODELS) for key, value in values.items()]


def _time_limit(updates: int, shape: ModelConfig, manifest: ModelManifest, machine: Machine) -> list[Setting]:
    if machine.gpu_gib is not None:
        return []
    speed = target_tokens_per_second(shape, manifest.vocab_size, machine.cores)
    return [time_limit(1.3 * updates * _BATCH_TOKENS / speed / 60 + 2, speed)]
