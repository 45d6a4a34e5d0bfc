from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from sacrebleu.metrics.chrf import CHRF

from transformer_cli.decoding.line_translator import Translation
from transformer_cli.decoding.minimum_bayes_risk import by_agreement, chrf, ngrams_by_length

TEXTS = st.text("abAé .", max_size=12)


def candidates(*texts: str) -> Translation:
    """Return a translation and its alternatives, the k-th with the score -k."""
    best, *others = (Translation(text, -float(rank), 1) for rank, text in enumerate(texts))
    return Translation(best.text, best.score, 1, alternatives=tuple(others))


def texts_of(translation: Translation) -> list[str]:
    return [translation.text, *(other.text for other in translation.alternatives)]


@given(TEXTS, TEXTS)
@example("", "")
@example("a", "aa")
@example("the cat the cat", "the the cat")
def test_chrf_is_that_of_sacrebleu(hypothesis, reference):
    expected = CHRF().sentence_score(hypothesis, [reference]).score

    assert 100 * chrf(ngrams_by_length(hypothesis), ngrams_by_length(reference)) == pytest.approx(expected, abs=1e-9)


def test_the_candidate_that_resembles_the_others_comes_first():
    found = by_agreement(candidates("something else", "a cat sleeps here", "a cat sleeps", "a cat slept here"))

    assert (texts_of(found)[0], texts_of(found)[-1]) == ("a cat sleeps here", "something else")
    assert found.score == -1.0
    assert all(not other.alternatives for other in found.alternatives)


def test_a_candidate_drawn_often_counts_as_often_and_comes_once():
    once, often = candidates("ab cd", "xy zw"), candidates("ab cd", "xy zw", "xy zw")

    assert texts_of(by_agreement(once)) == ["ab cd", "xy zw"]
    assert texts_of(by_agreement(often)) == ["xy zw", "ab cd"]
    assert by_agreement(often).score == -1.0


@given(st.lists(TEXTS, min_size=1, max_size=6))
def test_the_order_is_that_of_the_mean_agreement_with_all_candidates(texts):
    metric = CHRF()

    def agreement(text: str) -> float:
        return sum(100.0 if text == other else metric.sentence_score(text, [other]).score for other in texts)

    found = texts_of(by_agreement(candidates(*texts)))

    assert sorted(found) == sorted(set(texts))
    agreements = [agreement(text) for text in found]
    assert agreements == pytest.approx(sorted(agreements, reverse=True), abs=1e-9)
