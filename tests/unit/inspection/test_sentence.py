from __future__ import annotations

import json
import math
import re
from typing import Any

import pytest
import torch

import transformer_cli.inspection as inspection_package
from tests.support.inspections import LANGUAGES, SENTENCE, inspection
from tests.support.tiny_models import talkative_model, tiny_config, tiny_tokenizers
from transformer_cli.config import DecodingConfig
from transformer_cli.decoding.line_translator import LineTranslator
from transformer_cli.decoding.pytorch.torch_engine import TorchEngine
from transformer_cli.inspection.sentence import inspect_sentence
from transformer_cli.model.transformer import Transformer
from transformer_cli.special_tokens import BOS_ID, EOS_ID


def direct_log_probs(document: dict[str, Any]) -> torch.Tensor:
    """Compute the log-probabilities (T, V) of the target with the model alone."""
    model = talkative_model(seed=3)
    source = torch.tensor([document["source"]["ids"]])
    target = torch.tensor([[BOS_ID, *document["target"]["ids"][:-1]]])
    mask = torch.ones(1, 1, 1, source.size(1), dtype=torch.bool)
    with torch.no_grad():
        logits: torch.Tensor = model(source, mask, target)
    return logits[0].log_softmax(dim=-1)


def test_the_translation_and_its_score_are_the_translator_s():
    config = DecodingConfig(beam_size=3, max_length_ratio=1.0, max_length_extra=2)
    translator = LineTranslator(TorchEngine(talkative_model(seed=3), config), tiny_tokenizers())
    (translation,) = translator.translate([SENTENCE])

    document = inspection().document()

    assert document["search"]["score"] == pytest.approx(translation.score, abs=1e-6)
    assert document["score"]["score"] == pytest.approx(translation.score, abs=1e-5)
    assert document["target"]["pieces"] == (*translation.tokens, "</s>")
    best = [node for node in document["search"]["nodes"] if node["is_best"]]
    assert tuple(node["piece"] for node in best[1:]) == document["target"]["pieces"]


@pytest.mark.parametrize("target", [None, "We eat bread."])
def test_every_probability_is_the_model_s(target):
    document = inspection(target=target).document()
    log_probs = direct_log_probs(document)

    for step, row, token in zip(document["steps"], log_probs, document["target"]["ids"], strict=True):
        assert step["log_prob"] == pytest.approx(float(row[token]), abs=1e-5)
        assert step["probability"] == pytest.approx(math.exp(row[token]), abs=1e-6)
        assert step["rank"] == 1 + sum(value > row[token] for value in row)
        shown = {candidate["id"]: candidate["probability"] for candidate in step["candidates"]}
        best = row.exp().sort(descending=True)
        assert list(shown) == best.indices[:8].tolist()
        assert list(shown.values()) == pytest.approx(best.values[:8].tolist(), abs=1e-6)
        assert sum(shown.values()) + step["others"] == pytest.approx(1, abs=1e-5)
    total = sum(float(row[token]) for row, token in zip(log_probs, document["target"]["ids"], strict=True))
    assert document["score"]["log_prob"] == pytest.approx(total, abs=1e-4)
    assert document["score"]["length"] == len(log_probs)
    assert document["score"]["perplexity"] == pytest.approx(math.exp(-total / len(log_probs)), rel=1e-4)


def test_positions_equal_the_formula_and_sums_are_what_the_encoder_reads():
    document = inspection().document()
    model = talkative_model(seed=3)
    embedding, size = document["embedding"], model.config.d_model

    def formula(position: int, dimension: int) -> float:
        angle = position / 10000 ** ((dimension - dimension % 2) / size)
        return math.cos(angle) if dimension % 2 else math.sin(angle)

    assert embedding["dimensions"] == tuple(range(size))
    for position, row in enumerate(document["position_table"]["values"]):
        assert row == pytest.approx([formula(position, dimension) for dimension in range(size)], abs=1e-5)
    assert embedding["positions"] == document["position_table"]["values"][: len(document["source"]["ids"])]
    with torch.no_grad():
        read = model.source_embedding(torch.tensor([document["source"]["ids"]]))[0].tolist()
    for row, tokens, positions, sums in zip(
        read, embedding["tokens"], embedding["positions"], embedding["sums"], strict=True
    ):
        assert sums == pytest.approx(row, abs=1e-5)
        assert [a + b for a, b in zip(tokens, positions, strict=True)] == pytest.approx(row, abs=1e-4)


def test_of_many_dimensions_pairs_at_equal_distances_are_shown():
    wide = tiny_config(d_model=384)
    found = inspect_sentence(
        Transformer(wide, 330).eval(),
        tiny_tokenizers(),
        "Je",
        languages=LANGUAGES,
        decoding=DecodingConfig(beam_size=1),
    )
    shown = found.document()["embedding"]["dimensions"]

    assert shown[:4] == (0, 1, 6, 7)
    assert len(shown) == 128


def test_rows_of_attention_sum_to_one_and_masked_cells_are_zero_in_the_document():
    document = inspection().document()

    for kind, layers in document["attention"].items():
        for head in (head for layer in layers for head in layer):
            for place, row in enumerate(head):
                assert sum(row) == pytest.approx(1, abs=1e-4)
                if kind == "decoder":
                    assert row[place + 1 :] == [0.0] * (len(row) - place - 1)


def test_a_given_translation_is_looked_at_and_the_model_s_own_is_kept():
    own, forced = inspection().document(), inspection(target="We eat bread.").document()

    assert forced["is_forced"]
    assert forced["target"]["text"] == "We eat bread."
    assert forced["target"]["ids"] == (*tiny_tokenizers().target.encode("We eat bread."), EOS_ID)
    assert forced["search"] == own["search"]
    assert forced["score"]["score"] < own["score"]["score"]


def test_words_point_at_their_pieces_and_links_at_the_largest_weights():
    document = inspection(target="I am a student.").document()

    for side in ("source", "target"):
        for word in document[side]["words"]:
            pieces = document[side]["pieces"][word["first"] : word["last"] + 1]
            assert "<" in "".join(pieces) or "".join(pieces).replace("\u2581", "") == word["text"]
    alignment = document["alignment"]
    mean = torch.tensor(document["attention"]["cross"]).mean(dim=(0, 1))
    for (source, target), weights in zip(alignment["links"], alignment["weights"], strict=True):
        rows = document["target"]["words"][target]
        for word, weight in zip(document["source"]["words"], weights, strict=True):
            block = mean[rows["first"] : rows["last"] + 1, word["first"] : word["last"] + 1]
            assert weight == pytest.approx(float(block.sum(dim=1).mean()), abs=1e-4)
        assert weights[source] == max(weights)


def test_the_document_can_be_written_as_json_and_has_the_parts_that_are_described():
    document = json.loads(json.dumps(inspection().document(), allow_nan=False))

    described = re.findall(r"^    (\w+(?:, \w+)*) {2,}", inspection_package.__doc__ or "", flags=re.MULTILINE)
    assert list(document) == [key for keys in described for key in keys.split(", ")]
