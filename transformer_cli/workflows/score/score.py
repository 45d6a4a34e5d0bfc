"""Scores translations against references and compares several systems, as ``tfm score`` does."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from transformer_cli.errors import UsageError
from transformer_cli.metrics import (
    MAX_RESAMPLED_LINES,
    MetricScore,
    Scores,
    affordable_resamples,
    compare_systems,
)
from transformer_cli.text.lines import Line, read_text_lines
from transformer_cli.workflows.score.doubts import Text, blindness, check_texts, doubts
from transformer_cli.workflows.score.language import fitting_tokenizer

TextSource = Path | str | Iterable[Line | str]
"""A source of lines: the path of a file, compressed or not, or the lines themselves."""


@dataclass(frozen=True, slots=True)
class SystemScores:
    """The scores of one hypothesis file, and the name given to it."""

    name: str
    scores: Scores


@dataclass(frozen=True, slots=True)
class ScoreReport:
    """The scores of all systems, with warnings about doubtful scores.

    Attributes:
        systems: One entry for each hypothesis, in the order given. If there are several, all but the first
            have p-values against the first.
        warnings: Warnings of one line each.
    """

    systems: tuple[SystemScores, ...]
    warnings: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """Return the document that ``tfm score --json`` prints.

        Returns:
            For one hypothesis, ``bleu``, ``chrf`` and ``ter``, each with ``score``, ``signature`` and ``confidence``.
            For several, a list of such entries under ``systems``; each has a ``name``, and for each metric a
            ``p_value``, ``None`` for the first system. A metric or an interval that was not computed is ``None``.
        """
        if len(self.systems) == 1:
            return _scores_to_json(self.systems[0].scores, compared=False)
        return {
            "systems": [
                {"name": system.name, **_scores_to_json(system.scores, compared=True)} for system in self.systems
            ]
        }


def score(
    references: Sequence[TextSource],
    hypotheses: Sequence[tuple[str, TextSource]],
    *,
    tokenize: str | None = None,
    language: str | None = None,
    lowercase: bool = False,
    bootstrap: int | None = 1000,
    seed: int = 12345,
    with_ter: bool = True,
    max_resampled_lines: int = MAX_RESAMPLED_LINES,
) -> ScoreReport:
    """Score each hypothesis against the references, and compare the others with the first.

    Args:
        references: One source of lines for each reference; usually there is one.
        hypotheses: A name and a source of lines for each hypothesis.
        tokenize: The tokenizer of BLEU; ``"none"`` for text that is already tokenized. None: the one that fits the
            language.
        language: The language of the references. None: that of a file's name, as in ``test.zh``, else the one that the
            script suggests, with a warning if it changes the tokenizer.
        lowercase: Whether BLEU and chrF ignore case; TER always does.
        bootstrap: The number of resamples for confidence intervals and p-values, or ``None`` to omit both. A corpus
            that is too long for this number gets fewer, with a warning.
        seed: The seed of the resampling, at least 1.
        with_ter: Whether to compute TER, by far the slowest metric.
        max_resampled_lines: The maximum number of lines in all resamples together; the default takes about ten
            seconds.

    Returns:
        The scores and the warnings.

    Raises:
        DataError: A file cannot be read, is empty, is no plain text, or has a different number of lines.
        UsageError: There is nothing to score, the tokenizer is unknown, or a number is out of its range.
    """
    if not references or not hypotheses:
        raise UsageError("nothing to score; give a reference and at least one hypothesis")
    warnings: list[str] = []
    expected = [
        _read(_reference_name(source, number), source, warnings) for number, source in enumerate(references, start=1)
    ]
    given = [_read(name, source, warnings) for name, source in _with_unique_names(hypotheses)]
    check_texts(expected, given)
    if tokenize is None:
        tokenize = fitting_tokenizer(language, references, expected[0], warnings)
    warnings += doubts(expected, given, is_tokenized=tokenize == "none", is_lowercased=lowercase)
    scores = compare_systems(
        {text.name: text.lines for text in given},
        [text.lines for text in expected],
        tokenize=tokenize,
        lowercase=lowercase,
        samples=_resamples(bootstrap, len(expected[0].lines), max_resampled_lines, warnings),
        seed=seed,
        with_ter=with_ter,
    )
    if not any(own.bleu.matches for own in scores.values()):
        warnings += blindness(expected[0], tokenize)
    systems = tuple(SystemScores(text.name, scores[text.name]) for text in given)
    return ScoreReport(systems, tuple(warnings))


def _read(name: str, source: TextSource, warnings: list[str]) -> Text:
    lines = read_text_lines(Path(source)) if isinstance(source, str | Path) else source
    texts = []
    broken = []
    for line in lines:
        if isinstance(line, str):
            texts.append(line)
            continue
        texts.append(line.text)
        if line.had_invalid_bytes:
            broken.append(line.number)
    if broken:
        warnings.append(
            f"{name} holds bytes that are not UTF-8 in {len(broken)} lines, the first of them line "
            f"{broken[0]}; they were read as U+FFFD"
        )
    return Text(name, tuple(texts))


def _reference_name(source: TextSource, number: int) -> str:
    return str(source) if isinstance(source, str | Path) else f"reference {number}"


def _with_unique_names(
    hypotheses: Sequence[tuple[str, TextSource]],
) -> Iterable[tuple[str, TextSource]]:
    """Number repeated names, so that each system keeps its own scores."""
    used: set[str] = set()
    for name, source in hypotheses:
        unique, number = name, 1
        while unique in used:
            number += 1
            unique = f"{name} ({number})"
        used.add(unique)
        yield unique, source


def _resamples(wanted: int | None, lines: int, at_most: int, warnings: list[str]) -> int | None:
    if wanted is None:
        return None
    affordable = affordable_resamples(wanted, lines, at_most=at_most)
    if affordable is None:
        warnings.append(f"{lines} lines are too many for bootstrap resampling; no confidence intervals")
    elif affordable < wanted:
        warnings.append(
            f"confidence intervals come from {affordable} resamples instead of {wanted}: "
            f"more of a text of {lines} lines would take minutes"
        )
    return affordable


def _scores_to_json(scores: Scores, *, compared: bool) -> dict[str, object]:
    metrics = {"bleu": scores.bleu, "chrf": scores.chrf, "ter": scores.ter}
    return {name: score and _metric_to_json(score, compared) for name, score in metrics.items()}


def _metric_to_json(score: MetricScore, compared: bool) -> dict[str, object]:
    # sacreBLEU resamples in float32, so digits from the seventh on are noise.
    result: dict[str, object] = {
        "score": round(score.value, 4),
        "signature": score.signature,
        "confidence": score.confidence and [round(bound, 4) for bound in score.confidence],
    }
    if compared:
        result["p_value"] = score.p_value
    return result
