"""The promotion gate: decides whether a new version may replace the live one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from transformer_cli.artifacts.model_manifest import ComparedScore, ScoredSet
from transformer_cli.config import ReleaseConfig
from transformer_cli.metrics import MetricScore, Scores

_ALIGNED = 4.0
"""Limit in standard errors: unrelated pairs reach it by chance once in 30,000 times; translations reach ten or more."""


@dataclass(frozen=True, slots=True)
class TestResult:
    """The results of a new version and of the live one on one test set.

    Args:
        name: Name of the set in the prepared data.
        pairs: Number of pairs in the set.
        new: Scores of the new version, with p-values if there is a live one.
        live: Scores of the live version on the same sentences, or None if there is none to compare with.
    """

    __test__ = False  # pytest must not collect this class because of its name

    name: str
    pairs: int
    new: Scores
    live: Scores | None

    def record(self) -> ScoredSet:
        """Return the scores in the form of a record."""
        live = self.live
        return ScoredSet(
            pairs=self.pairs,
            bleu=_compared_score(self.new.bleu, live.bleu if live else None),
            chrf=_compared_score(self.new.chrf, live.chrf if live else None),
        )


@dataclass(frozen=True, slots=True)
class Decision:
    """The decision whether a version may be promoted, with a short reason."""

    passed: bool
    reason: str


def decide(
    results: Sequence[TestResult],
    config: ReleaseConfig,
    *,
    validation: tuple[float, float] | None,
    alignment: float | None,
) -> Decision:
    """Compare a new version with the live one.

    The new version passes on two conditions. It is not significantly worse on any test set by BLEU or chrF. In the mean
    of all sets, and on the validation set, it is at most as much worse as the recipe tolerates.

    Args:
        results: The result on each test set.
        config: ``[release]``.
        validation: BLEU on the validation set before the first update and at the end, if the new version began with the
            live one's weights.
        alignment: How much likelier new pairs are than mixed up ones by the live model, in standard errors.
    """
    if any(result.live is None for result in results):
        return Decision(True, "there is no live version to compare with")
    if alignment is not None and alignment < _ALIGNED:
        return Decision(False, "the new pairs are misaligned: their targets might as well belong to other sources")
    for result in results:
        for live, new in _compared(result):
            if new.value < live.value and new.p_value is not None and new.p_value < config.significance:
                return Decision(False, f"significantly worse on {result.name}: {_difference(live, new)}")
    for index, metric in enumerate(("BLEU", "chrF")):
        pairs = [_compared(result)[index] for result in results]
        mean = sum(new.value - live.value for live, new in pairs) / len(pairs)
        if mean < -config.tolerance:
            return Decision(False, f"worse in the mean of {len(pairs)} test sets: {metric} {mean:+.2f}")
    if validation is not None and validation[1] < validation[0] - config.tolerance:
        before, after = validation
        return Decision(False, f"training made it no better: validation BLEU {before:.2f} to {after:.2f}")
    return Decision(True, f"not worse than the live version: {'; '.join(_summary(result) for result in results)}")


def _compared(result: TestResult) -> list[tuple[MetricScore, MetricScore]]:
    """Return the scores of the live version and of the new one by BLEU and by chrF."""
    live = result.live or result.new
    return [(live.bleu, result.new.bleu), (live.chrf, result.new.chrf)]


def _difference(live: MetricScore, new: MetricScore) -> str:
    return f"{new.name} {live.value:.2f} to {new.value:.2f}, p = {new.p_value:.4f}"


def _summary(result: TestResult) -> str:
    live, new = _compared(result)[0]
    return f"{result.name} BLEU {live.value:.2f} to {new.value:.2f}"


def _compared_score(new: MetricScore, live: MetricScore | None) -> ComparedScore:
    # sacreBLEU resamples in float32, so the digits from the seventh on are noise.
    low_and_high = new.confidence and (round(new.confidence[0], 4), round(new.confidence[1], 4))
    return ComparedScore(
        score=new.value,
        confidence=low_and_high,
        signature=new.signature,
        live=None if live is None else live.value,
        p_value=new.p_value,
    )
