from __future__ import annotations

import pytest
from pydantic import ValidationError

from transformer_cli.config import (
    MODEL_PRESETS,
    CleaningConfig,
    DataConfig,
    DecodingConfig,
    LanguagesConfig,
    ModelConfig,
    Recipe,
    Section,
    TokenizerConfig,
    TrainingConfig,
)

SECTIONS = [
    LanguagesConfig(source="fr", target="en"),
    DataConfig.model_validate({"train": ["a.tsv"]}),
    CleaningConfig(),
    TokenizerConfig(),
    ModelConfig.model_validate({}),
    TrainingConfig(),
    DecodingConfig(),
]


def recipe(**sections) -> Recipe:
    minimal = {"name": "x", "languages": {"source": "fr", "target": "en"}, "data": {"train": "a.tsv"}}
    return Recipe.model_validate({**minimal, **sections})


# Encoder and decoder layers, d_model, d_ff, heads, dropout. Wu et al. 2021 (tiny); IWSLT14's custom (small); Vaswani et
# al. 2017, table 3; Bogoychev et al. 2020 (students)
@pytest.mark.parametrize(
    ("preset", "shape"),
    [
        ("tiny", (4, 4, 128, 256, 4, 0.3)),
        ("small", (6, 6, 512, 1024, 4, 0.3)),
        ("base", (6, 6, 512, 2048, 8, 0.1)),
        ("big", (6, 6, 1024, 4096, 16, 0.3)),
        ("student", (6, 2, 256, 1536, 8, 0.1)),
        ("student-base", (6, 2, 512, 2048, 8, 0.1)),
    ],
)
def test_a_preset_has_its_published_shape(preset, shape):
    model = ModelConfig.model_validate({"preset": preset})

    layers = model.num_encoder_layers, model.num_decoder_layers
    assert (*layers, model.d_model, model.d_ff, model.num_heads, model.dropout) == shape


def test_the_preset_is_tiny_unless_named():
    assert ModelConfig.model_validate({}) == ModelConfig.model_validate({"preset": "tiny"})


@pytest.mark.parametrize("preset", MODEL_PRESETS)
def test_a_value_beside_a_preset_overrides_that_value_alone(preset):
    plain = ModelConfig.model_validate({"preset": preset})
    changed = ModelConfig.model_validate({"preset": preset, "d_ff": 7})

    assert changed == plain.model_copy(update={"d_ff": 7})


@pytest.mark.parametrize("section", SECTIONS, ids=lambda section: type(section).__name__)
def test_a_section_cannot_be_changed(section: Section):
    name = next(iter(type(section).model_fields))

    with pytest.raises(ValidationError, match="frozen"):
        setattr(section, name, getattr(section, name))


@pytest.mark.parametrize("section", SECTIONS, ids=lambda section: type(section).__name__)
def test_a_section_refuses_a_name_it_does_not_have(section: Section):
    values = section.model_dump()

    assert type(section).model_validate(values) == section
    with pytest.raises(ValidationError, match="Extra inputs are not permitted"):
        type(section).model_validate({**values, "no_such_name": 1})


@pytest.mark.parametrize(
    ("section", "key", "value"),
    [
        ("model", "dropout", "0.3"),  # a string is no number
        ("model", "dropout", 1.0),
        ("model", "dropout", -0.1),
        ("model", "num_heads", 2.0),
        ("model", "num_heads", True),
        ("model", "tied_embeddings", 1),
        ("model", "num_encoder_layers", 0),
        ("model", "d_model", 33),
        ("model", "norm", "both"),
        ("model", "max_length", 7),
        ("tokenizer", "vocab_size", 299),
        ("tokenizer", "sample_pairs", 0),
        ("tokenizer", "user_symbols", ["two words"]),
        ("tokenizer", "user_symbols", [""]),
        ("tokenizer", "user_symbols", ["</s>"]),
        ("tokenizer", "user_symbols", ["<0x0A>"]),
        ("tokenizer", "user_symbols", ["a\u2581b"]),
        ("tokenizer", "shared", 1),
        ("tokenizer", "character_coverage", 0.97),
        ("tokenizer", "character_coverage", 1.1),
        ("tokenizer", "model_type", "word"),
        ("training", "max_steps", 0),
        ("training", "max_minutes", 0),
        ("training", "max_minutes", float("inf")),
        ("training", "learning_rate", float("nan")),
        ("training", "learning_rate", 0.0),
        ("training", "clip_norm", 0.0),
        ("training", "label_smoothing", 1.0),
        ("training", "patience", 0),
        ("training", "precision", "float64"),
        ("training", "seed", -1),
        ("training", "seed", 2**31),
        ("decoding", "beam_size", 0),
        ("decoding", "beam_size", 1001),
        ("decoding", "length_penalty", 10.5),
        ("distillation", "beam_size", 1001),
        ("decoding", "max_length_ratio", 0.0),
        ("decoding", "batch_tokens", 15),
        ("cleaning", "too_long", 0),
        ("cleaning", "length_ratio", 1.0),
        ("cleaning", "leakage", 1),
        ("languages", "source", ""),
    ],
)
def test_a_value_of_the_wrong_type_or_out_of_range_is_refused(section, key, value):
    values = recipe().model_dump()
    values[section][key] = value

    with pytest.raises(ValidationError) as caught:
        Recipe.model_validate(values)

    assert {tuple(error["loc"][:2]) for error in caught.value.errors()} == {(section, key)}


def test_a_whole_number_serves_where_a_fraction_may_stand():
    assert recipe(training={"max_minutes": 60}).training.max_minutes == 60.0


def test_the_heads_must_share_the_model_out_evenly():
    with pytest.raises(ValidationError, match=r"d_model \(128\) must be divisible by num_heads \(3\)"):
        ModelConfig.model_validate({"num_heads": 3})


def test_the_two_languages_must_differ():
    with pytest.raises(ValidationError, match="source and target are both 'fr'; they must differ"):
        LanguagesConfig(source="fr", target="fr")


def test_a_corpus_is_a_name_or_a_table_with_one():
    table = {"path": "a.csv", "weight": 2, "tag": "<law>", "source_column": "fr", "target_column": 3}

    first, second = recipe(data={"train": ["a.tsv", table]}).data.train

    assert (first.path, first.weight, first.tag) == ("a.tsv", 1.0, None)
    assert (second.path, second.weight, second.tag) == ("a.csv", 2.0, "<law>")
    assert (second.source_column, second.target_column) == ("fr", 3)
    assert recipe(data={"train": table}) == recipe(data={"train": [table]})


@pytest.mark.parametrize("key", ["train", "valid", "test"])
def test_two_files_of_any_names_are_a_corpus(key):
    table = {"source": "src.txt", "target": "tgt.txt"}

    data = recipe(data={"train": "a.tsv", key: table}).data
    corpus = data.train[0] if key == "train" else getattr(data, key)

    assert (corpus.aligned_files, str(corpus)) == (("src.txt", "tgt.txt"), "src.txt and tgt.txt")
    assert data.model_dump()[key] == ([table] if key == "train" else table)


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ({}, 'name the corpus: "path", or "source" and "target"'),
        ({"source": "a"}, 'give both, or "path" alone'),
        ({"target": "a"}, 'give both, or "path" alone'),
        ({"path": "a.tsv", "source": "a", "target": "b"}, '"path" is a whole corpus; give it alone'),
        ({"source": "a", "target": "a"}, "source and target are both 'a'; they must differ"),
    ],
)
@pytest.mark.parametrize("key", ["train", "valid"])
def test_a_corpus_is_either_a_path_or_two_files(key, table, message):
    with pytest.raises(ValidationError, match=message):
        recipe(data={"train": "a.tsv", key: table})


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("path", ""),
        ("weight", 0),
        ("weight", "2"),
        ("tag", "two words"),
        ("tag", "a\0"),
        ("tag", ""),
        ("size", 1),
        ("source_column", 1),
        ("target_column", "en"),
    ],
)
def test_a_corpus_that_makes_no_sense_is_refused(key, value):
    with pytest.raises(ValidationError):
        recipe(data={"train": [{"path": "a.csv", key: value}]})


def test_the_two_columns_must_differ():
    with pytest.raises(ValidationError, match="are both 2; they must differ"):
        recipe(data={"train": [{"path": "a.csv", "source_column": 2, "target_column": 2}]})


def test_one_corpus_may_be_named_without_a_list():
    assert recipe(data={"train": "a.tsv"}) == recipe(data={"train": ["a.tsv"]})


@pytest.mark.parametrize("name", ["", "../elsewhere", "a/b", ".hidden", "-d", "a b", "a" * 101, "é"])
def test_a_name_that_is_no_good_folder_name_is_refused(name):
    with pytest.raises(ValidationError):
        recipe(name=name)


def test_the_learning_rate_is_the_papers_for_model_and_warmup_unless_given():
    paper = recipe(model={"preset": "base"}, training={"warmup_steps": 4000})
    given = recipe(model={"preset": "base"}, training={"warmup_steps": 4000, "learning_rate": 0.002})

    # Section 5.3 of the paper: d_model**-0.5 * min(step**-0.5, step * warmup**-1.5), at step = warmup
    assert paper.peak_learning_rate() == pytest.approx(512**-0.5 * 4000**-0.5, rel=1e-12)
    assert given.peak_learning_rate() == 0.002
