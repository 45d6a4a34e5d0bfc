from __future__ import annotations

import pytest

from tests.support.inspections import inspection
from tests.support.tiny_models import talkative_model, tiny_tokenizers
from transformer_cli.inspection.sentence_report import (
    SentenceResult,
    best_sentences,
    most_changed_sentences,
    quality_by_length,
    tie_words,
    worst_sentences,
)


def result(chrf: float, *, words: int = 3, before: float | None = None, translation: str = "x") -> SentenceResult:
    return SentenceResult(" ".join(["w"] * words), "reference", translation, chrf, "y" if before else None, before)


def test_the_worst_are_the_farthest_from_the_reference_and_never_the_reference_itself():
    results = [result(50), result(10), result(0, translation="reference"), result(30)]

    assert [each.chrf for each in worst_sentences(results, count=2)] == [10, 30]


def test_the_best_are_the_nearest_and_of_equals_the_longest():
    results = [result(100, words=2), result(90), result(100, words=9)]

    assert [(each.chrf, len(each.source.split())) for each in best_sentences(results, count=2)] == [(100, 9), (100, 2)]


def test_the_most_changed_rose_or_fell_most():
    results = [result(50, before=60), result(50, before=5), result(70, before=70), result(80)]

    assert [each.change for each in most_changed_sentences(results)] == [45, -10]


def test_sentences_are_gathered_by_their_length():
    results = [result(10, words=1), result(30, words=5), result(50, words=6), result(70, words=60)]

    found = quality_by_length(results)

    assert found["rows"] == [
        {"words": "1–5", "sentences": 2, "chrf": 20},
        {"words": "6–10", "sentences": 1, "chrf": 50},
        {"words": "51+", "sentences": 1, "chrf": 70},
    ]
    assert len(found["chart"]["series"][0]["points"]) == 4


def test_words_are_tied_as_an_inspection_of_the_pair_ties_them():
    document = inspection("Je suis là.", target="We eat bread.").document()

    tied = tie_words(talkative_model(seed=3, max_length=64), tiny_tokenizers(), "Je suis là.", "We eat bread.")

    assert tied["source_words"] == [word["text"] for word in document["source"]["words"]]
    assert tied["target_words"] == [word["text"] for word in document["target"]["words"]]
    assert list(enumerate(tied["links"])) == [(target, source) for source, target in document["alignment"]["links"]]


@pytest.mark.parametrize(("source", "target"), [("Je", ""), ("Je " * 80, "I")])
def test_what_the_model_cannot_take_is_not_tied(source, target):
    tied = tie_words(talkative_model(max_length=64), tiny_tokenizers(), source, target)

    assert tied == {"source_words": [], "target_words": [], "links": []}
