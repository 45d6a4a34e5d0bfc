"""The ``tfm report`` workflow: writes a page about a run with its course, its scores and its errors."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from transformer_cli.artifacts.metrics_log import MetricsLine, MetricsLog, TestLine
from transformer_cli.artifacts.model_directory import LoadedModel, open_model
from transformer_cli.artifacts.model_manifest import Candidate, ModelManifest
from transformer_cli.artifacts.preparation_report import PreparationRecord
from transformer_cli.artifacts.report.newest_version import mark_of_newest
from transformer_cli.artifacts.report.robustness import RobustnessRecord
from transformer_cli.artifacts.report.translation_cache import (
    forget_removed_versions,
    keep_test_translations,
    kept_test_translations,
)
from transformer_cli.artifacts.run_directory import RunDirectory
from transformer_cli.artifacts.version_history import Release, VersionHistory
from transformer_cli.data.splits.read import Corpus, read_split
from transformer_cli.decoding.line_translator import LineTranslator
from transformer_cli.decoding.pytorch.torch_engine import TorchEngine
from transformer_cli.decoding.source_forms import rules_of
from transformer_cli.device import choose_device
from transformer_cli.errors import DamagedFileError, ModelNotFoundError, TfmError
from transformer_cli.files.atomic import write_atomically
from transformer_cli.files.os_errors import explain_os_errors
from transformer_cli.inspection.learning_curves import learning_curves
from transformer_cli.inspection.page import report_page
from transformer_cli.inspection.sentence_report import (
    SentenceResult,
    best_sentences,
    most_changed_sentences,
    quality_by_length,
    tie_words,
    worst_sentences,
)
from transformer_cli.metrics import sentence_chrf
from transformer_cli.text.normalization import normalize
from transformer_cli.workflows.locate.model import require_version

logger = logging.getLogger(__name__)

_HARMLESS = 0.99
"""Share of translations that stay the same, from which a change of the test set is not shown in a row of its own."""


@dataclass(frozen=True, slots=True)
class _Versions:
    """The live version and the previous version."""

    live: Path
    previous: Path | None


def write_report(
    run: RunDirectory,
    *,
    output: Path | None = None,
    device: str = "auto",
    at_most: int = 1000,
) -> Path:
    """Write the report page of a run.

    The test set is translated by the live version and the previous one. The translations are kept in ``report/`` of the
    run directory, so each version translates the test set only once.

    Args:
        run: The run directory.
        output: The path of the page; None: ``report.html`` in the run directory.
        device: "auto", "cpu", "cuda" ...
        at_most: The maximum number of test sentences to choose the examples from.

    Returns:
        The path of the page.

    Raises:
        ModelNotFoundError: The run has no version yet, its live version has been deleted, or it was imported and has no
            test set.
        TfmError: The page cannot be written, or the run's data or model are damaged.
    """
    versions = _versions(run)
    _require_test_set(run, versions.live)
    loaded = open_model(versions.live, choose_device(device))
    test = _sample(read_split(run.data, "test"), at_most)
    translations = _translate(run, versions.live, test, lambda: loaded)
    previous: list[str] | None = None
    if versions.previous is not None:
        folder = versions.previous
        try:
            previous = _translate(run, folder, test, lambda: open_model(folder, choose_device(device)))
        except TfmError as error:
            logger.info(f"the version before cannot be shown: {error}")
    page = report_page(_document(run, versions, loaded, test, translations, previous))
    path = output or run.report
    write_atomically(path, page.encode())
    forget_removed_versions(run)
    return path


def report_after_training(run: RunDirectory) -> None:
    """Write the page at the end of a training; an error is logged and does not stop the training."""
    try:
        logger.info(f"the report of this run lies in {write_report(run)}")
    except (TfmError, OSError, ValueError, LookupError, TypeError, RuntimeError) as error:
        logger.info(f"the report could not be written: {error}")


def _versions(run: RunDirectory) -> _Versions:
    live = require_version(run)
    earlier = [folder for folder in run.version_folders() if int(folder.name) < int(live)]
    return _Versions(run.versions / live, earlier[-1] if earlier else None)


def _require_test_set(run: RunDirectory, version: Path) -> None:
    manifest = ModelManifest.of(version)
    if manifest is not None and manifest.candidate is None and not (run.data / "test").exists():
        raise ModelNotFoundError(
            f"{run.path} has no test set to report on, for version {version.name} was imported and not trained here; "
            "translate a test set of yours with it, and give both to `tfm score`"
        )


def _sample(corpus: Corpus, at_most: int) -> Corpus:
    """Return at most ``at_most`` pairs of the corpus, at equal distances."""
    count = min(len(corpus), at_most)
    indices = [number * len(corpus) // count for number in range(count)]
    return Corpus([corpus.sources[index] for index in indices], [corpus.targets[index] for index in indices])


def _translate(run: RunDirectory, version: Path, test: Corpus, load: Callable[[], LoadedModel]) -> list[str]:
    """Return a version's translations of ``test``; missing ones are translated now and kept."""
    known = kept_test_translations(run, version.name)
    missing = [source for source in dict.fromkeys(test.sources) if source not in known]
    if missing:
        logger.info(f"translating {len(missing)} test sentences with version {version.name}")
        loaded = load()
        rules = rules_of(loaded.text, loaded.languages, loaded.tokenizers.source)
        translator = LineTranslator(TorchEngine(loaded.model, loaded.decoding), loaded.tokenizers, rules)
        known |= {source: found.text for source, found in zip(missing, translator.translate(missing), strict=True)}
        keep_test_translations(run, version.name, known)
    return [known[source] for source in test.sources]


def _document(
    run: RunDirectory,
    versions: _Versions,
    loaded: LoadedModel,
    test: Corpus,
    translations: list[str],
    previous: list[str] | None,
) -> dict[str, Any]:
    manifest, lines = ModelManifest.load(versions.live), MetricsLog(run.metrics).lines()
    results = _results(test, translations, previous)
    shown = {
        "worst": worst_sentences(results),
        "changed": most_changed_sentences(results),
        "best": best_sentences(results),
    }
    return {
        "name": run.path.resolve().name,
        "mark": mark_of_newest(run),
        "languages": loaded.languages.model_dump(),
        "version": versions.live.name,
        "previous": versions.previous and versions.previous.name,
        **_scores(manifest.candidate),
        "versions": _version_rows(run, lines),
        "robustness": _robustness(run, versions.live.name),
        "charts": [chart.drawing() for chart in learning_curves(lines)],
        "data": _data(run),
        "sentences": {
            kind: [
                {**asdict(result), **tie_words(loaded.model, loaded.tokenizers, result.source, result.translation)}
                for result in chosen
            ]
            for kind, chosen in shown.items()
        },
        "lengths": quality_by_length(results),
        "recipe": _text(run.recipe),
    }


def _results(test: Corpus, translations: Sequence[str], previous: Sequence[str] | None) -> list[SentenceResult]:
    quality = sentence_chrf(translations, test.targets)
    rows = zip(test.sources, test.targets, translations, quality, strict=True)
    results = [SentenceResult(normalize(source), target, text, chrf) for source, target, text, chrf in rows]
    if previous is None:
        return results
    earlier = zip(results, previous, sentence_chrf(previous, test.targets), strict=True)
    return [replace(result, previous=text, previous_chrf=chrf) for result, text, chrf in earlier]


def _scores(candidate: Candidate | None) -> dict[str, Any]:
    """Return the test-set scores recorded when the version was created."""
    test = candidate.tests.get("test") if candidate else None
    if test is None:
        return {"test_pairs": None, "scores": []}
    named = {"BLEU": test.bleu, "chrF": test.chrf}
    return {"test_pairs": test.pairs, "scores": [{"name": name, **score.model_dump()} for name, score in named.items()]}


def _robustness(run: RunDirectory, version: str) -> dict[str, Any] | None:
    """Return the results of ``recipes/benchmarks/robustness.py`` in short, or None if the version has none."""
    record = RobustnessRecord.read_from(run.robustness(version))
    if record is None:
        return None
    harmful = [way for way in record.ways if min(way.unchanged, way.kept or 1.0) < _HARMLESS]
    harmful.sort(key=lambda way: (way.bleu or 0.0) - (way.clean_bleu or 0.0))
    return {
        "source": record.source,
        "lines": record.lines,
        "rows": [way.model_dump(exclude={"examples"}) for way in harmful],
        "harmless": [way.name for way in record.ways if way not in harmful],
    }


def _version_rows(run: RunDirectory, lines: Sequence[MetricsLine]) -> list[dict[str, Any]]:
    """Return a row for each release, from ``versions.jsonl`` if it exists, else from the metrics."""
    events = VersionHistory(run.version_events).events()
    releases = {event.version: event for event in events if isinstance(event, Release)}
    tests = {line.version: line for line in lines if isinstance(line, TestLine)}
    rows = []
    for name in dict.fromkeys([*releases, *tests]):
        release, test = releases.get(name), tests.get(name)
        rows.append(
            {
                "version": name,
                "time": release.time[:16].replace("T", " ") if release else "",
                "promoted": release and release.promoted,
                "reason": release.reason if release else "",
                "bleu": test and test.bleu,
                "chrf": test and test.chrf,
            }
        )
    return rows


def _data(run: RunDirectory) -> dict[str, Any]:
    """Return the counts of ``prepare.json``: for each corpus, text and section that makes pairs."""
    prepared = PreparationRecord.read_from(run.prepare_report)
    if prepared is None:
        return {"rules": [], "rows": [], "valid": None, "test": None}
    corpora = [
        *prepared.corpora.items(),
        ("total", prepared.total),
        *((f"text {name}", counts) for name, counts in prepared.texts.items()),
        *((f"pairs by {section}", made.counts()) for section, made in prepared.more_text.items()),
    ]
    rules = dict.fromkeys(rule for _, counts in corpora for rule in counts.dropped)
    return {
        "rules": list(rules),
        "rows": [
            {
                "name": name,
                "read": counts.read,
                "kept": counts.kept,
                "dropped": [counts.dropped.get(rule, 0) for rule in rules],
            }
            for name, counts in corpora
        ],
        "valid": prepared.valid,
        "test": prepared.test,
    }


def _text(path: Path) -> str:
    with explain_os_errors(path, "read", DamagedFileError):
        return path.read_text(encoding="utf-8", errors="replace") if path.is_file() else ""
