"""Quality of translations: BLEU, chrF and TER, each computed by sacreBLEU and kept with its signature.

Scores without signatures cannot be compared (Post, 2018, "A Call for Clarity in Reporting BLEU
Scores"), so this module never returns a number alone.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import cast

from sacrebleu.metrics.base import Metric
from sacrebleu.metrics.bleu import BLEU
from sacrebleu.metrics.chrf import CHRF
from sacrebleu.metrics.ter import TER
from sacrebleu.significance import PairedTest, Result

from transformer_cli.errors import DataError, UsageError

# sacreBLEU holds all resampled statistics at once. With chrF they are 18 float32 numbers for each
# line of each resample, so this number of lines takes about 1 GB.
MAX_RESAMPLED_LINES = 12_000_000
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
    """

    name: str
    value: float
    signature: str
    confidence: tuple[float, float] | None = None
    p_value: float | None = None


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
    tokenize: str = "13a",
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
    tokenize: str = "13a",
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
    tokenize: str = "13a",
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
    metrics += [TER()] if with_ter else []
    if samples is None:
        columns = [[_corpus_score(metric, system, references) for system in systems.values()] for metric in metrics]
    else:
        columns = _paired_scores(metrics, systems, references, samples, seed)
    rows = zip(*columns, strict=True)
    return {
        name: Scores(bleu, chrf, ter[0] if ter else None)
        for name, (bleu, chrf, *ter) in zip(systems, rows, strict=True)
    }


def affordable_resamples(wanted: int, lines: int, *, at_most: int = MAX_RESAMPLED_LINES) -> int | None:
    """Return the number of bootstrap resamples of a corpus that fit into memory.

    Args:
        wanted: The number of resamples for a small corpus.
        lines: The number of lines in the corpus.
        at_most: The most lines that all resamples may have together.

    Returns:
        ``wanted``, or the largest number that fits, or ``None`` if that is too small for an interval.
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
    return MetricScore(score.name, float(score.score), str(metric.get_signature()))


def _paired_scores(
    metrics: list[Metric],
    systems: Mapping[str, Sequence[str]],
    references: Sequence[Sequence[str]],
    samples: int,
    seed: int,
) -> list[list[MetricScore]]:
    """Score all systems by each metric; the outer list has one entry per metric, the inner one per system."""
    with _resampling(samples, seed):
        signatures, results = PairedTest(
            list(systems.items()),
            {type(metric).__name__: metric for metric in metrics},
            references,
            test_type="bs",
            n_samples=samples,
            n_jobs=1,  # more would fork a process that may hold threads of torch
        )()
    return [
        _compared(metric, str(signature), cast("list[Result]", results[metric]))
        for metric, signature in signatures.items()
    ]


def _compared(metric: str, signature: str, results: list[Result]) -> list[MetricScore]:
    baseline = results[0]
    scores = []
    for result in results:
        p_value = None
        if result is not baseline:
            p_value = 1.0 if result.score == baseline.score else result.p_value
        mean, half_width = float(result.mean or 0), float(result.ci or 0)  # never None here
        interval = (mean - half_width, mean + half_width)
        scores.append(MetricScore(metric, float(result.score), signature, interval, p_value))
    return scores


@contextmanager
def _resampling(samples: int, seed: int) -> Iterator[None]:
    """Check both numbers and set the seed; sacreBLEU takes it only from an environment variable."""
    if samples < 2:
        raise UsageError(f"{samples} bootstrap resamples give no interval; take 1000, or none")
    if seed < 1:
        raise UsageError(f"the bootstrap seed is {seed} but must be at least 1")
    before = os.environ.get("SACREBLEU_SEED")
    os.environ["SACREBLEU_SEED"] = str(seed)
    try:
        yield
    finally:
        if before is None:
            del os.environ["SACREBLEU_SEED"]
        else:
            os.environ["SACREBLEU_SEED"] = before


def _check_aligned(name: str, hypotheses: Sequence[str], references: Sequence[Sequence[str]]) -> None:
    if any(isinstance(reference, str) for reference in references):
        raise TypeError("references is a list of references; wrap a single one: [lines]")
    if not references or not references[0]:
        raise DataError("the reference has no lines; there is nothing to score")
    for number, reference in enumerate(references, start=1):
        which = f"reference {number}" if len(references) > 1 else "the reference"
        if len(hypotheses) != len(reference):
            raise DataError(f"{name} has {len(hypotheses)} lines but {which} has {len(reference)}; the two must align")
