"""Makes a version from a finished training: chooses weights, compares them with the live ones, writes, switches."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Literal

from torch import Tensor

from transformer_cli.artifacts import fingerprints
from transformer_cli.artifacts.checkpoint.checkpoint import average_weights, load_weights, read_weights
from transformer_cli.artifacts.checkpoint.state import read_state
from transformer_cli.artifacts.model_directory import open_model, save_model_directory
from transformer_cli.artifacts.model_manifest import Candidate, ModelManifest, Origin, ValidationGain
from transformer_cli.artifacts.report.translation_cache import keep_test_translations
from transformer_cli.artifacts.tokenizer_record import TokenizerRecord
from transformer_cli.artifacts.version_history import now
from transformer_cli.data.splits.read import Corpus, read_split
from transformer_cli.decoding.source_forms import rules_of
from transformer_cli.errors import DamagedFileError, TfmError
from transformer_cli.metrics import compare_systems
from transformer_cli.text.languages import same_language
from transformer_cli.training.events import StopReason, ValidationScores
from transformer_cli.version import __version__
from transformer_cli.workflows.train.evaluate import Evaluator
from transformer_cli.workflows.train.release.model_card import model_card
from transformer_cli.workflows.train.release.promotion_gate import Decision, TestResult, decide
from transformer_cli.workflows.train.session import TrainingSession
from transformer_cli.workflows.train.starting_point import remember_pairs

logger = logging.getLogger(__name__)


def write_version(session: TrainingSession, reason: StopReason) -> Path:
    """Make a new version from a finished training, and test whether it may be promoted.

    The version gets the average of the last checkpoints, or the best checkpoint if that validates better.

    Args:
        session: The training.
        reason: The limit that ended it.

    Returns:
        The version's folder.
    """
    run, recipe = session.located.run, session.located.recipe
    weights_name, weights, bleu = _choose_weights(session)
    load_weights(session.evaluator.model, weights, where=run.checkpoints)
    live = run.live_version()  # read once: a switch during the tests is found afterwards
    results = _test(session, live)
    validation = None if session.bleu_before is None else (session.bleu_before, bleu)
    decision = _switched_meanwhile(session, live) or _other_direction(session, live)
    decision = decision or decide(results, recipe.release, validation=validation, alignment=session.alignment)
    version, learned = run.next_version(), TokenizerRecord.read_from(run.tokenizer_report)
    candidate = _candidate(session, results, decision, validation, live=live)
    remember_pairs(run.seen_pairs(version.name), session.train_pairs)
    save_model_directory(
        version,
        weights=weights,
        tokenizers=session.tokenizers,
        model=recipe.model,
        languages=recipe.languages,
        decoding=session.evaluator.decoding,
        text=session.evaluator.rules.profile,
        made_from=Origin(
            version=fingerprints.of_version(recipe, session.data_fingerprint),
            training=fingerprints.of_training(recipe, session.data_fingerprint),
            data=session.data_fingerprint,
            start=session.start.version,
            steps=session.start.steps + session.step,
            program=__version__,
            tokenizer=learned.settings if learned else None,
            limit=(reason.key, getattr(session.ending.config, reason.key)),
        ),
        candidate=candidate,
        card=model_card(session, version.name, weights=weights_name, results=results, candidate=candidate),
    )
    return version


def _switched_meanwhile(session: TrainingSession, live: str | None) -> Decision | None:
    """Refuse to put a version into service whose beginning has been taken out of service during the training."""
    if session.start.version is None or live in (None, session.start.version):
        return None
    manifest = ModelManifest.of(session.located.run.versions / live)
    if manifest and manifest.made_from and manifest.made_from.training == session.training:
        return None  # this training made it before it went on
    return Decision(False, f"version {live} was put into service during its training")


def _other_direction(session: TrainingSession, live: str | None) -> Decision | None:
    """Refuse to put a version into service for one that translates between other languages."""
    manifest = None if live is None else ModelManifest.of(session.located.run.versions / live)
    own = session.located.recipe.languages
    other = own if manifest is None else manifest.languages
    if all(same_language(*pair) for pair in ((own.source, other.source), (own.target, other.target))):
        return None
    return Decision(
        False, f"the live version translates {other.source} to {other.target}, not {own.source} to {own.target}"
    )


def _candidate(
    session: TrainingSession,
    results: list[TestResult],
    decision: Decision,
    validation: tuple[float, float] | None,
    *,
    live: str | None,
) -> Candidate:
    return Candidate(
        time=now(),
        passed=decision.passed,
        reason=decision.reason,
        replaces=live,
        steps=session.step,
        seconds=round(session.elapsed_seconds(), 1),
        train_pairs=len(session.train_pairs),
        new_pairs=session.new_pairs,
        alignment=session.alignment,
        valid_pairs=len(session.valid),
        valid_bleu=validation and ValidationGain(before=validation[0], after=validation[1]),
        tests={result.name: result.record() for result in results},
    )


def _choose_weights(session: TrainingSession) -> tuple[str, Mapping[str, Tensor], float]:
    """Return the name, values and BLEU of the training's weights that validate best."""
    run = session.located.run
    folders = run.checkpoints_by_step()[-session.located.recipe.training.average_checkpoints :]
    folders = [folder for folder in folders if _is_whole(folder)]
    candidates: dict[str, Mapping[str, Tensor]] = {}
    candidates[f"average of the last {len(folders)} checkpoints"] = average_weights(folders)
    best, best_step = run.best_checkpoint, session.state.loop.tracker.best_step
    # A training that was killed and went on from further back may have left a best checkpoint that it has not reached.
    if best.is_dir() and _is_whole(best) and _step_of(best) == best_step:
        candidates[f"best checkpoint, step {best_step}"] = read_weights(best)
    scored = {name: _validation_scores(session, weights) for name, weights in candidates.items()}
    words = [f"{name}: {_described(scores)}" for name, scores in scored.items()]
    if session.bleu_before is not None:
        words.insert(0, f"before the first step: BLEU {session.bleu_before:.2f}")
    logger.info(f"on the validation set: {'; '.join(words)}")
    metric: Literal["bleu", "chrf"] = "chrf" if session.located.recipe.training.stop_metric == "chrf" else "bleu"
    chosen = max(scored, key=lambda name: scored[name].quality(metric))
    return chosen, candidates[chosen], scored[chosen].bleu


def _described(scores: ValidationScores) -> str:
    if scores.is_blind:
        return f"chrF {scores.chrf:.2f}, next to no four words in a row for BLEU"
    return f"BLEU {scores.bleu:.2f}, chrF {scores.chrf:.2f}"


def _is_whole(checkpoint: Path) -> bool:
    try:
        read_weights(checkpoint)
    except DamagedFileError as error:
        logger.warning(f"{error}; it is left out of the choice of weights")
        return False
    return True


def _step_of(checkpoint: Path) -> int | None:
    with suppress(DamagedFileError):
        return read_state(checkpoint).step
    return None


def _validation_scores(session: TrainingSession, weights: Mapping[str, Tensor]) -> ValidationScores:
    load_weights(session.evaluator.model, weights, where=session.located.run.checkpoints)
    return session.evaluator.scores(session.valid, shown=0)


def _test(session: TrainingSession, version: str | None) -> list[TestResult]:
    """Translate all test sets with the new weights and with the live version, and score both."""
    located = session.located
    live = None if version is None else _live_evaluator(session, version)
    results = []
    for name in ("test", *located.recipe.data.named_tests()):
        corpus = read_split(located.run.data, name)
        systems = {} if live is None else {"live": live.translate(corpus)}
        systems["new"] = session.evaluator.translate(corpus)
        if name == "test":
            _keep_for_report(session, version, corpus, systems)
        scores = compare_systems(
            systems,
            [corpus.targets],
            tokenize=session.evaluator.bleu_tokenizer,
            samples=located.recipe.release.resamples,
            with_ter=False,
        )
        results.append(TestResult(name, len(corpus), scores["new"], scores.get("live")))
    return results


def _keep_for_report(
    session: TrainingSession, live: str | None, corpus: Corpus, systems: Mapping[str, list[str]]
) -> None:
    run = session.located.run
    versions = {"new": run.next_version().name, "live": live}
    for name, translations in systems.items():
        with suppress(TfmError):  # the report can make them again
            keep_test_translations(run, versions[name] or "", dict(zip(corpus.sources, translations, strict=True)))


def _live_evaluator(session: TrainingSession, version: str) -> Evaluator | None:
    try:
        live = open_model(session.located.run.versions / version, session.state.device)
    except DamagedFileError as error:
        logger.warning(f"{error}; the new version cannot be compared with it")
        return None
    rules = rules_of(live.text, live.languages, live.tokenizers.source)
    return Evaluator(live.model, live.tokenizers, live.decoding, session.evaluator.bleu_tokenizer, rules)
