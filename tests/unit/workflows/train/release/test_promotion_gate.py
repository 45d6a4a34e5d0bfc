from __future__ import annotations

import pytest

from transformer_cli.artifacts.model_manifest import ComparedScore
from transformer_cli.config import ReleaseConfig
from transformer_cli.metrics import MetricScore, Scores
from transformer_cli.workflows.train.release.promotion_gate import Decision, TestResult, decide

CONFIG = ReleaseConfig(significance=0.05, tolerance=0.5)


def result(
    name: str = "test", *, bleu: tuple[float, float] = (30, 30), chrf: tuple[float, float] = (50, 50), p: float = 1.0
) -> TestResult:
    """Return scores of the live version and of the new one, with one p-value for both metrics."""
    live, new = (
        Scores(MetricScore("BLEU", b, "sig-b", p_value=value), MetricScore("chrF2", c, "sig-c", p_value=value), None)
        for b, c, value in ((bleu[0], chrf[0], None), (bleu[1], chrf[1], p))
    )
    return TestResult(name, 100, new, live)


def judged(
    *results: TestResult, validation: tuple[float, float] | None = None, alignment: float | None = None
) -> Decision:
    return decide(results, CONFIG, validation=validation, alignment=alignment)


def test_the_first_version_has_nothing_to_be_compared_with():
    first = TestResult("test", 100, result().new, None)

    assert judged(first) == Decision(True, "there is no live version to compare with")


@pytest.mark.parametrize("better", [result(bleu=(30, 31), chrf=(50, 51), p=0.001), result()])
def test_a_better_and_an_equal_version_are_promoted(better):
    assert judged(better).passed


def test_the_reason_gives_the_scores():
    assert judged(result(bleu=(30, 31.256))).reason == "not worse than the live version: test BLEU 30.00 to 31.26"


@pytest.mark.parametrize("worse", [{"bleu": (30, 29.9)}, {"chrf": (50, 49.9)}])
def test_what_is_significantly_worse_by_either_metric_is_not_promoted(worse):
    decision = judged(result(p=0.049, **worse))

    assert not decision.passed
    assert decision.reason.startswith("significantly worse on test: ")
    assert "p = 0.0490" in decision.reason
    assert judged(result(p=0.05, **worse)).passed


def test_a_gain_in_one_set_does_not_hide_a_significant_loss_in_another():
    gain, loss = result("test", bleu=(30, 40), p=0.001), result("test-law", bleu=(30, 29.8), p=0.01)

    assert judged(gain).passed
    assert judged(gain, loss) == Decision(False, "significantly worse on test-law: BLEU 30.00 to 29.80, p = 0.0100")


@pytest.mark.parametrize("metric", ["bleu", "chrf"])
def test_small_losses_that_no_test_notices_may_not_add_up_in_the_mean(metric):
    def lost(points: float) -> TestResult:
        scores = (30.0, 30.0 - points)
        return result(p=0.4, bleu=scores) if metric == "bleu" else result(p=0.4, chrf=scores)

    assert judged(lost(0.75), lost(0.25)).passed
    decision = judged(lost(0.75), lost(0.3))
    assert (decision.passed, decision.reason.split(":")[0]) == (False, "worse in the mean of 2 test sets")


def test_a_training_that_made_its_start_worse_is_not_promoted():
    assert judged(result(), validation=(30, 29.5)).passed
    assert judged(result(), validation=(30, 29.4)) == Decision(
        False, "training made it no better: validation BLEU 30.00 to 29.40"
    )


def test_a_version_that_learned_from_misaligned_pairs_is_not_promoted_whatever_its_scores():
    better = result(bleu=(30, 31), p=0.001)

    assert judged(better, alignment=4.0).passed
    assert judged(better, alignment=3.9).reason.startswith("the new pairs are misaligned")


def test_the_record_holds_both_scores_the_p_value_and_the_signature():
    record = result(bleu=(30, 31), p=0.2).record()

    assert record.pairs == 100
    assert record.bleu == ComparedScore(score=31, confidence=None, signature="sig-b", live=30, p_value=0.2)
    assert TestResult("test", 1, result().new, None).record().chrf.live is None
