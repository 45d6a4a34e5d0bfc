from __future__ import annotations

import json

import pytest
import torch

from tests.support.messages import logged
from tests.support.small_runs import one_thread, write_small
from transformer_cli import train
from transformer_cli.artifacts.model_directory import open_model
from transformer_cli.data.splits.read import read_split
from transformer_cli.decoding.line_translator import Translation
from transformer_cli.metrics import corpus_bleu
from transformer_cli.workflows.train.evaluate import Evaluator
from transformer_cli.workflows.train.release.search_tuning import reranked


def translation(text: str, log_prob: float, tokens: int, *, segments: int = 1) -> Translation:
    return Translation(text, 0.0, segments, log_prob=log_prob, tokens=("x",) * tokens)


@pytest.mark.parametrize(
    ("length_penalty", "best"),
    [
        pytest.param(0.0, "short", id="the most probable"),
        pytest.param(1.0, "middle", id="the most probable a token, the end counted"),  # -2/2, -3.6/4, -8/8
        pytest.param(2.0, "long", id="a long one"),
    ],
)
def test_hypotheses_are_ranked_by_their_probability_and_their_length(length_penalty, best):
    hypotheses = [translation("short", -2.0, 1), translation("middle", -3.6, 3), translation("long", -8.0, 7)]

    assert reranked([hypotheses, hypotheses[::-1]], length_penalty) == [best, best]


def test_each_piece_of_a_long_line_has_an_end_that_counts():
    one, two = translation("one", -6.0, 2), translation("two", -7.0, 2, segments=2)  # -6/3, -7/4

    assert reranked([[one, two]], 1.0) == ["two"]


@pytest.fixture(scope="module")
def tuned(tmp_path_factory):
    """The run directory of a recipe whose search settings could hardly be worse, and what its training said."""
    folder = tmp_path_factory.mktemp("tuned")
    write_small(folder)
    overrides = ["training.max_steps=90", "training.patience=100", "training.validate_every=45", "data.valid=40"]
    overrides += ["decoding.beam_size=8", "decoding.length_penalty=-10.0", "decoding.tune=true"]
    with one_thread(), logged() as messages:
        train(folder / "tfm.toml", run_dir=folder / "run", overrides=overrides)
    return folder / "run", messages.texts


def bleu_of(run, split: str) -> float:
    """Translate a split with the model and the settings that it was saved with."""
    saved = open_model(run / "model", torch.device("cpu"))
    corpus = read_split(run / "data", split)
    translations = Evaluator(saved.model, saved.tokenizers, saved.decoding).translate(corpus)
    return corpus_bleu(translations, [corpus.targets]).value


def test_a_model_is_saved_with_the_settings_that_suit_the_validation_set(tuned):
    run, texts = tuned
    config = json.loads((run / "model" / "config.json").read_text("utf-8"))
    search = config["candidate"]["search"]

    assert search["valid_bleu"]["after"] > search["valid_bleu"]["before"] + 0.1
    assert search["length_penalty"] > 0
    assert {key: config["decoding"][key] for key in ("beam_size", "length_penalty")} == {
        key: search[key] for key in ("beam_size", "length_penalty")
    }
    assert not config["decoding"]["tune"]
    settings = f"beam size {search['beam_size']}, length penalty {search['length_penalty']:g}"
    assert f"| search | {settings}, tuned on the validation set |" in (run / "model" / "README.md").read_text("utf-8")
    assert search["valid_bleu"]["after"] == pytest.approx(bleu_of(run, "valid"))
    assert any(text.startswith("search tuned on the validation set: beam size ") for text in texts)


def test_the_release_is_judged_by_the_translations_of_those_settings(tuned):
    run, _ = tuned
    release = json.loads((run / "model" / "config.json").read_text("utf-8"))["candidate"]

    assert release["tests"]["test"]["bleu"]["score"] == pytest.approx(bleu_of(run, "test"))
