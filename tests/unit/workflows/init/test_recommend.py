from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from transformer_cli.config import MODEL_PRESETS, Recipe
from transformer_cli.workflows.init.machine import Machine
from transformer_cli.workflows.init.recommend import (
    held_out_sizes,
    recommend,
    target_tokens_per_second,
    tokens_per_target,
)
from transformer_cli.workflows.init.survey import CorpusStatistics

PRESETS = list(MODEL_PRESETS)  # smallest first
LAPTOP = Machine(cores=4, memory_gib=16)
GPU = Machine(cores=8, memory_gib=64, gpu_gib=24)
ENGLISH = CorpusStatistics(
    pairs=150_000,
    sources=120_000,
    target_characters=50,
    target_word_characters=5.5,
    characters=200,
    common_characters=80,
    shared_letters=0.9,
)

SIZES = st.integers(1, 50_000_000)
CORPORA = st.builds(
    lambda pairs, share, characters, common, **rest: CorpusStatistics(
        pairs=pairs,
        sources=max(1, int(pairs * share)),
        characters=characters,
        common_characters=max(1, int(characters * common)),
        **rest,
    ),
    pairs=SIZES,
    share=st.floats(0.1, 1),
    characters=st.integers(1, 20_000),
    common=st.floats(0, 1),
    target_characters=st.floats(1, 1000),
    target_word_characters=st.floats(1, 1000),
    shared_letters=st.floats(0, 1),
)
PROCESSORS = st.builds(Machine, cores=st.integers(1, 256), memory_gib=st.floats(0.25, 2048))
MACHINES = PROCESSORS | st.builds(replace, PROCESSORS, gpu_gib=st.floats(2, 192))


def values(corpus: CorpusStatistics, machine: Machine) -> dict[str, Any]:
    return {setting.key: setting.value for setting in recommend(corpus, machine)}


def recipe(corpus: CorpusStatistics, machine: Machine) -> Recipe:
    sections: dict[str, dict[str, Any]] = {}
    for key, value in values(corpus, machine).items():
        section, _, name = key.partition(".")
        sections.setdefault(section, {})[name] = value
    languages = {"source": "fr", "target": "en"}
    return Recipe.model_validate({"name": "x", "languages": languages, "data": {"train": "a.tsv"}, **sections})


@given(corpus=CORPORA, machine=MACHINES)
def test_whatever_the_corpus_and_the_machine_the_settings_make_a_recipe(corpus, machine):
    made = recipe(corpus, machine)

    assert made.training.accumulation <= made.training.batch_tokens // 512
    assert made.training.warmup_steps < made.training.max_steps
    assert made.training.save_every <= made.training.validate_every <= made.training.max_steps


@given(corpus=CORPORA, machine=MACHINES)
def test_a_target_without_spaces_is_watched_by_a_score_that_needs_no_words(corpus, machine):
    chinese, english = (replace(corpus, without_spaces=value) for value in (True, False))

    assert values(chinese, machine)["training.stop_metric"] == "chrf"
    assert values(english, machine)["training.stop_metric"] == "bleu"


@given(corpus=CORPORA, machine=MACHINES)
def test_each_setting_stands_once_and_has_its_reason_in_one_line(corpus, machine):
    settings = recommend(corpus, machine)

    assert len({setting.key for setting in settings}) == len(settings)
    assert all(0 < len(setting.reason) <= 85 and setting.reason.isprintable() for setting in settings)


@given(corpus=CORPORA, more=SIZES, machine=MACHINES)
def test_more_data_never_means_a_smaller_vocabulary_model_or_batch_or_more_dropout(corpus, more, machine):
    larger = replace(corpus, pairs=corpus.pairs + more, sources=corpus.sources + more)
    one, other = recipe(corpus, machine), recipe(larger, machine)
    presets = [PRESETS.index(each.model.preset) for each in (one, other)]

    assert (one.tokenizer.vocab_size or 0) <= (other.tokenizer.vocab_size or 0)
    assert one.training.batch_tokens <= other.training.batch_tokens
    assert presets[0] <= presets[1]
    assert presets[0] != presets[1] or one.model.dropout >= other.model.dropout
    assert presets[0] != presets[1] or one.model.num_heads <= other.model.num_heads
    pairs = zip(held_out_sizes(corpus, machine), held_out_sizes(larger, machine), strict=True)
    assert all(size <= size_of_larger for size, size_of_larger in pairs)


@given(corpus=CORPORA, machine=MACHINES, more=st.integers(1, 64))
def test_a_faster_machine_never_gets_a_smaller_model_nor_a_longer_budget_for_the_same(corpus, machine, more):
    one, other = recipe(corpus, machine), recipe(corpus, replace(machine, cores=machine.cores + more))

    assert PRESETS.index(one.model.preset) <= PRESETS.index(other.model.preset)
    if one.model.preset == other.model.preset:
        assert (one.training.max_minutes or 0) >= (other.training.max_minutes or 0)
        assert one.training.max_steps == other.training.max_steps


@given(corpus=CORPORA, machine=PROCESSORS)
def test_on_a_processor_the_steps_fit_into_the_minutes_unless_these_are_a_night(corpus, machine):
    made = recipe(corpus, machine)
    minutes = made.training.max_minutes or 0
    speed = target_tokens_per_second(made.model, made.tokenizer.vocab_size or 0, machine.cores)

    if minutes < 600:
        assert made.training.max_steps * made.training.batch_tokens / speed <= 60 * minutes
    assert 5 <= minutes <= 600


@given(corpus=CORPORA)
def test_on_a_gpu_whose_speed_is_unknown_the_steps_are_the_only_limit(corpus):
    made = recipe(corpus, GPU)

    assert made.training.max_minutes is None
    assert made.training.max_steps >= 5 * made.training.validate_every


@given(corpus=CORPORA, machine=PROCESSORS)
def test_there_are_several_validations_within_steps_and_minutes(corpus, machine):
    made = recipe(corpus, machine)
    speed = target_tokens_per_second(made.model, made.tokenizer.vocab_size or 0, machine.cores)
    in_time = 60 * (made.training.max_minutes or 0) * speed / made.training.batch_tokens

    wanted = 5 if in_time > 500 else 0  # a model hopelessly large for the machine is not recommended
    assert min(made.training.max_steps, in_time) / made.training.validate_every >= wanted


@given(corpus=CORPORA, machine=MACHINES)
def test_less_memory_means_more_parts_of_an_update(corpus, machine):
    less = replace(machine, memory_gib=machine.memory_gib / 4, gpu_gib=machine.gpu_gib and machine.gpu_gib / 4)
    one, other = recipe(corpus, machine), recipe(corpus, less)

    assert one.model.preset != other.model.preset or one.training.accumulation <= other.training.accumulation


@given(corpus=CORPORA, machine=MACHINES)
def test_what_is_held_out_is_at_least_a_pair_each_and_at_most_a_tenth(corpus, machine):
    valid, test = held_out_sizes(corpus, machine)

    assert 1 <= valid <= test <= 1000
    assert corpus.sources < 20 or valid + test <= corpus.sources / 10


@given(corpus=CORPORA)
def test_the_vocabulary_has_room_for_the_characters_it_must_hold(corpus):
    made = recipe(corpus, LAPTOP)
    must = corpus.characters if made.tokenizer.character_coverage == 1 else corpus.common_characters

    assert (made.tokenizer.vocab_size or 0) > 260 + must


def test_two_scripts_get_a_vocabulary_each_and_one_script_shares_it():
    russian = replace(ENGLISH, shared_letters=0.02)

    assert values(ENGLISH, LAPTOP)["tokenizer.shared"]
    assert not values(russian, LAPTOP)["tokenizer.shared"]
    assert 2 * values(russian, LAPTOP)["tokenizer.vocab_size"] == values(ENGLISH, LAPTOP)["tokenizer.vocab_size"]


def test_a_tiny_model_gets_no_more_subwords_than_it_can_be_fast_with():
    corpus = replace(ENGLISH, pairs=5_000_000)

    assert values(corpus, LAPTOP)["tokenizer.vocab_size"] == 8000
    assert values(corpus, GPU)["tokenizer.vocab_size"] == 32_000


def test_few_pairs_get_what_the_findings_for_little_data_say():
    little, much = (values(replace(ENGLISH, pairs=pairs), LAPTOP) for pairs in (3000, 300_000))

    assert little["tokenizer.vocab_size"] < much["tokenizer.vocab_size"]
    assert little["model.dropout"] > much["model.dropout"]
    assert little["training.batch_tokens"] < much["training.batch_tokens"]
    assert little["model.num_encoder_layers"] < MODEL_PRESETS["tiny"]["num_encoder_layers"]
    assert little["model.num_heads"] < MODEL_PRESETS["tiny"]["num_heads"]


@pytest.mark.parametrize(
    ("machine", "pairs", "preset"),
    [
        (Machine(2, 8), 10_000_000, "tiny"),
        (Machine(32, 128), 200_000, "small"),
        (GPU, 20_000, "tiny"),
        (GPU, 200_000, "small"),
        (GPU, 4_000_000, "base"),
        (GPU, 40_000_000, "base"),
        (replace(GPU, gpu_gib=80), 40_000_000, "big"),
    ],
)
def test_the_model_is_as_large_as_data_and_machine_allow(machine, pairs, preset):
    assert values(replace(ENGLISH, pairs=pairs), machine)["model.preset"] == preset


def test_a_token_of_a_script_without_spaces_stands_for_fewer_characters():
    chinese = replace(ENGLISH, target_word_characters=30)

    assert tokens_per_target(chinese, 8000) > 2 * tokens_per_target(ENGLISH, 8000)
    assert tokens_per_target(ENGLISH, 1000) > tokens_per_target(ENGLISH, 32_000)
