"""Bootstrap resampling of a test set: confidence intervals (Koehn, 2004) and p-values of differences."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from sacrebleu.metrics.base import Metric

Values = npt.NDArray[np.float64]

_AT_ONCE = 4_000_000  # numbers of drawn lines in memory


def resampled_scores(metric: Metric, statistics: Sequence[Values], *, samples: int, seed: int) -> list[Values]:
    """Return the scores of each system on resampled test sets; all systems get the same resamples.

    The resamples of a seed are those of sacreBLEU, which keeps all of them in memory.

    Args:
        metric: Computes a score from summed statistics.
        statistics: For each system, the statistics of each line, as an array of shape (lines, statistics).
        samples: Number of resamples.
        seed: Seed of the draws.

    Returns:
        For each system, the ``samples`` scores in the order of the resamples.
    """
    lines = len(statistics[0])
    generator = np.random.default_rng(seed)
    at_once = max(1, _AT_ONCE // lines)
    sums: list[list[Values]] = [[] for _ in statistics]
    for first in range(0, samples, at_once):
        drawn = generator.choice(lines, size=(min(at_once, samples - first), lines), replace=True)
        times = np.stack([np.bincount(row, minlength=lines) for row in drawn]).astype(np.float64)
        for own_sums, own in zip(sums, statistics, strict=True):
            own_sums.append(times @ own)
    return [np.array([metric._compute_score_from_stats(row).score for row in np.concatenate(own)]) for own in sums]


def interval(scores: Values, observed: float) -> tuple[float, float]:
    """Return the 95 % interval: the 2.5 % and 97.5 % percentiles of resampled scores, widened to hold the observed one.

    Resamples of a few lines can all score lower than the lines themselves, for example if only one line is good.
    """
    ordered = np.sort(scores)
    outside = len(ordered) // 40
    low, high = float(ordered[outside]), float(ordered[len(ordered) - outside - 1])
    return min(low, observed), max(high, observed)


def p_value(baseline: Values, system: Values, difference: float) -> float:
    """Return the probability of a difference at least this large between two equally good systems.

    The differences on the resamples, less their mean, stand for those of equally good systems; the test is sacreBLEU's.

    Args:
        baseline: Resampled scores of one system.
        system: Scores of the other on the same resamples.
        difference: Absolute difference of their scores on the test set.
    """
    differences = np.abs(system - baseline)
    larger = int(np.sum(differences - differences.mean() > difference))
    return (larger + 1) / (len(differences) + 1)
