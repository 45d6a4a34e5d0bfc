"""Scores of a corpus and of its sentences, and comparisons of systems."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from sacrebleu.metrics.base import Metric, Score
from sacrebleu.metrics.bleu import BLEU, BLEUScore
from sacrebleu.metrics.chrf import CHRF
from sacrebleu.metrics.ter import TER

from transformer_cli.errors import DataError, UsageError
from transformer_cli.metrics.resampling import interval, p_value, resampled_scores
from transformer_cli.metrics.tokenizers import FOR_TEXT_WITHOUT_SPACES, USUAL

MAX_RESAMPLED_LINES = 1_000_000_000
"""The most lines that all resamples have together: to draw them takes about ten seconds."""

FEW_MATCHES = 5
"""With fewer matching n-grams of the longest kind than this, BLEU is smoothing and says nothing about translations."""

_FEWEST_RESAMPLES = 100


@dataclass(frozen=True, slots=True)
class MetricScore:
    """The score of one corpus by one metric.

    Attributes:
        name: The metric's name in sacreBLEU: ``"BLEU"``, ``"chrF2"``, ``"TER"``.
        value: The score, in percent; higher is better, except for TER.
        signature: sacreBLEU's record of the settings that the score was computed with.
        confidence: The 95 % interval (low, high) by bootstrap resampling, if requested.
        p_value: Probability of a difference at least this large from the first system if the two
            are equally good. Only set for the second and later systems of a comparison.
        matches: Number of n-grams of the longest kind, 4 words, that translations and references share; BLEU alone.
    """

    name: str
    value: float
    signature: str
    confidence: tuple[float, float] | None = None
    p_value: float | None = None
    matches: int | None = None

    @property
    def is_blind(self) -> bool:
        """Whether this is BLEU of texts that share next to no four words in a row (`FEW_MATCHES`)."""
        return self.matches is not None and self.matches < FEW_MATCHES


@dataclass(frozen=True, slots=True)
class Scores:
    """The scores of one corpus; ``ter`` is ``None`` if it was not requested."""

    bleu: MetricScore
    chrf: MetricScore
    ter: MetricScore | None


def corpus_bleu(
    hypotheses: Sequence[str],
    references: Sequence[Sequence[str]],
    *,
    tokenize: str = USUAL,
    lowercase: bool = False,
) -> MetricScore:
    """Compute BLEU (Papineni et al., 2002) without a confidence interval, for validations.

    Arguments and exceptions are those of ``score_corpus``.
    """
    _check_aligned("the hypothesis", hypotheses, references)
    return _corpus_score(_bleu(tokenize, lowercase), hypotheses, references)


def corpus_chrf(
    hypotheses: Sequence[str], references: Sequence[Sequence[str]], *, lowercase: bool = False
) -> MetricScore:
    """Compute chrF (Popović, 2015) without a confidence interval, for validations.

    Arguments and exceptions are those of ``score_corpus``.
    """
    _check_aligned("the hypothesis", hypotheses, references)
    return _corpus_score(CHRF(lowercase=lowercase), hypotheses, references)


def sentence_chrf(hypotheses: Sequence[str], references: Sequence[str]) -> list[float]:
    """Compute chrF of each single sentence, 0 to 100; unlike BLEU it can be compared between sentences.

    Args:
        hypotheses: Translations.
        references: One reference for each translation.
    """
    metric = CHRF()
    pairs = zip(hypotheses, references, strict=True)
    return [metric.sentence_score(hypothesis, [reference]).score for hypothesis, reference in pairs]


def score_corpus(
    hypotheses: Sequence[str],
    references: Sequence[Sequence[str]],
    *,
    tokenize: str = USUAL,
    lowercase: bool = False,
    bootstrap: int | None = 1000,
    seed: int = 12345,
    with_ter: bool = True,
) -> Scores:
    """Compute all metrics of one system, with confidence intervals.

    Args:
        hypotheses: One translation a line.
        references: One list of lines for each set of references; ``[lines]`` for a single set.
        tokenize: The tokeniser of BLEU; ``"none"`` for tokenised text.
        lowercase: Whether BLEU and chrF ignore case; TER always does.
        bootstrap: The number of resamples for the confidence intervals, more than 1, or ``None``
            for no intervals.
        seed: The seed of the resampling, at least 1.
        with_ter: Whether TER, by far the slowest of the three, is computed.

    Returns:
        The scores.

    Raises:
        DataError: There are no lines, or the numbers of hypotheses and references differ.
        UsageError: There is no such tokeniser, or a number is out of its range.
    """
    name = "the hypothesis"
    return compare_systems(
        {name: hypotheses},
        references,
        tokenize=tokenize,
        lowercase=lowercase,
        samples=bootstrap,
        seed=seed,
        with_ter=with_ter,
    )[name]


def compare_systems(
    systems: Mapping[str, Sequence[str]],
    references: Sequence[Sequence[str]],
    *,
    tokenize: str = USUAL,
    lowercase: bool = False,
    samples: int | None = 1000,
    seed: int = 12345,
    with_ter: bool = True,
) -> dict[str, Scores]:
    """Compare systems with the first one by paired bootstrap resampling (Koehn, 2004).

    Args:
        systems: The hypotheses of each system under its name; the first one is the baseline.
        references: One list of lines for each set of references; ``[lines]`` for a single set.
        tokenize: The tokeniser of BLEU, as for ``score_corpus``.
        lowercase: Whether BLEU and chrF ignore case.
        samples: The number of resamples, or ``None`` for no intervals and no p-values.
        seed: The seed of the resampling.
        with_ter: Whether TER is computed.

    Returns:
        The scores of each system under its name, in the given order. All systems but the first
        have a ``p_value``. It is 1 if the score equals the baseline's: sacreBLEU's test assumes
        that systems differ, and would give two equal systems its smallest value.

    Raises:
        DataError: A system and the references differ in length, or there are no lines.
        UsageError: There is no such tokeniser, no system, or a number is out of its range.
    """
    if not systems:
        raise UsageError("no system to score; give at least one")
    for name, hypotheses in systems.items():
        _check_aligned(name, hypotheses, references)
    metrics = [_bleu(tokenize, lowercase), CHRF(lowercase=lowercase)]
    if with_ter:
        is_split = tokenize in FOR_TEXT_WITHOUT_SPACES  # TER would take a line without spaces for one word
        metrics.append(TER(normalized=is_split, asian_support=is_split))
    if samples is None:
        columns = [[_corpus_score(metric, system, references) for system in systems.values()] for metric in metrics]
    else:
        _check_resampling(samples, seed)
        columns = [_compared(metric, systems, references, samples, seed) for metric in metrics]
    rows = zip(*columns, strict=True)
    return {
        name: Scores(bleu, chrf, ter[0] if ter else None)
        for name, (bleu, chrf, *ter) in zip(systems, rows, strict=True)
    }


def affordable_resamples(wanted: int, lines: int, *, at_most: int = MAX_RESAMPLED_LINES) -> int | None:
    """Return the number of bootstrap resamples of a corpus that take no more than some seconds.

    Args:
        wanted: The number of resamples for a small corpus.
        lines: The number of lines in the corpus.
        at_most: The most lines that all resamples may have together.

    Returns:
        ``wanted``, or the largest number that is within ``at_most``, or ``None`` if that is too small for an interval.
    """
    affordable = min(wanted, at_most // max(lines, 1))
    return affordable if affordable >= min(wanted, _FEWEST_RESAMPLES) else None


def _bleu(tokenize: str, lowercase: bool) -> BLEU:
    if tokenize not in BLEU.TOKENIZERS:
        known = ", ".join(BLEU.TOKENIZERS)
        raise UsageError(f'unknown tokenizer "{tokenize}"; choose one of: {known}')
    try:
        # Forced, because sacreBLEU would log a warning about tokenised text; callers log their own.
        return BLEU(tokenize=tokenize, lowercase=lowercase, force=True)
    except (ImportError, RuntimeError, OSError) as error:
        reason = " ".join(str(error).split())
        raise UsageError(f'tokenizer "{tokenize}" cannot be used here: {reason}') from error


def _corpus_score(metric: Metric, hypotheses: Sequence[str], references: Sequence[Sequence[str]]) -> MetricScore:
    score = metric.corpus_score(hypotheses, references)
    return MetricScore(score.name, float(score.score), str(metric.get_signature()), matches=_matches(score))


def _compared(
    metric: Metric,
    systems: Mapping[str, Sequence[str]],
    references: Sequence[Sequence[str]],
    samples: int,
    seed: int,
) -> list[MetricScore]:
    """Score all systems by one metric, with intervals, and with p-values against the first."""
    statistics = [metric._extract_corpus_statistics(system, references) for system in systems.values()]
    found = [metric._aggregate_and_compute(lines) for lines in statistics]
    arrays = [np.array(lines, dtype=np.float64) for lines in statistics]
    resampled = resampled_scores(metric, arrays, samples=samples, seed=seed)
    signature = metric.get_signature()
    signature.update("seed", str(seed))
    signature.update("bs", samples)
    scores = []
    for score, own in zip(found, resampled, strict=True):
        value, p = float(score.score), None
        if score is not found[0]:
            difference = abs(value - float(found[0].score))
            p = p_value(resampled[0], own, difference) if difference else 1.0
        scores.append(MetricScore(score.name, value, str(signature), interval(own, value), p, _matches(score)))
    return scores


def _matches(score: Score) -> int | None:
    return score.counts[-1] if isinstance(score, BLEUScore) else None


def _check_resampling(samples: int, seed: int) -> None:
    if samples < 2:
        raise UsageError(f"{samples} bootstrap resamples give no interval; take 1000, or none")
    if seed < 1:
        raise UsageError(f"the bootstrap seed is {seed} but must be at least 1")


def _check_aligned(name: str, hypotheses: Sequence[str], references: Sequence[Sequence[str]]) -> None:
    if any(isinstance(reference, str) for reference in references):
        raise TypeError("references is a list of references; wrap a single one: [lines]")
    if not references or not references[0]:
        raise DataError("the reference has no lines; there is nothing to score")
    for number, reference in enumerate(references, start=1):
        which = f"reference {number}" if len(references) > 1 else "the reference"
        if len(hypotheses) != len(reference):
            raise DataError(f"{name} has {len(hypotheses)} lines but {which} has {len(reference)}; the two must align")
