"""From a finished training to a version in service: choose the weights, test them, write them, go live."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from pathlib import Path

from torch import Tensor

from transformer_cli import __version__
from transformer_cli.checkpoint import WEIGHTS_FILE, average_weights, load_weights, read_tensors, weights_of
from transformer_cli.data.prepared import Corpus, read_split
from transformer_cli.metrics import Scores, corpus_bleu, score_corpus
from transformer_cli.workflows import fingerprints
from transformer_cli.workflows.model_directory import save_model_directory
from transformer_cli.workflows.model_export import export_after_training
from transformer_cli.workflows.training_session import TrainingSession

_RESAMPLES = 1000


def release(session: TrainingSession, report: Callable[[object], None]) -> tuple[Path, str]:
    """Make a new version out of a finished training and put it into service.

    The average of the last checkpoints is released, or the best checkpoint if that validates better.

    Returns:
        The version's folder and one line that sums up.
    """
    chosen, weights = _choose_weights(session, report)
    load_weights(session.evaluator.model, weights, where=session.located.run.checkpoints)
    test = read_split(session.located.run.data, "test")
    scores = _test(session, test)
    version = session.located.run.next_version()
    save_model_directory(
        version,
        weights=weights,
        tokenizers=session.tokenizers,
        model=session.located.recipe.model,
        languages=session.located.recipe.languages,
        decoding=session.located.recipe.decoding,
        made_from={
            "version": fingerprints.of_version(session.located.recipe, session.data_fingerprint),
            "data": session.data_fingerprint,
            "program": __version__,
        },
        card=_card(session, version.name, chosen, scores, len(test)),
    )
    session.metrics.write(
        kind="test",
        version=version.name,
        bleu=scores.bleu.value,
        chrf=scores.chrf.value,
        signature=scores.bleu.signature,
        chrf_signature=scores.chrf.signature,
        elapsed_seconds=session.elapsed_seconds(),
    )
    session.located.run.make_live(version)
    export_after_training(version, report)
    minutes = session.elapsed_seconds() / 60
    return version, (
        f"version {version.name} is live after {session.step} steps and {minutes:.1f} minutes: "
        f"BLEU {scores.bleu.value:.2f}, chrF {scores.chrf.value:.2f} on {len(test)} test pairs "
        f"({scores.bleu.signature}); it lies in {version}"
    )


def _choose_weights(session: TrainingSession, report: Callable[[object], None]) -> tuple[str, Mapping[str, Tensor]]:
    folders = session.located.run.checkpoints_by_step()[-session.located.recipe.training.average_checkpoints :]
    candidates: dict[str, Mapping[str, Tensor]] = {}
    candidates[f"average of the last {len(folders)} checkpoints"] = average_weights(folders)
    if session.located.run.best_checkpoint.is_dir():
        best = f"best checkpoint, step {session.state.loop.tracker.best_step}"
        candidates[best] = read_tensors(session.located.run.best_checkpoint / WEIGHTS_FILE)
    scored = {name: _validation_bleu(session, weights) for name, weights in candidates.items()}
    chosen = max(scored, key=scored.__getitem__)
    report("on the validation set: " + "; ".join(f"{name}: BLEU {bleu:.2f}" for name, bleu in scored.items()))
    return chosen, candidates[chosen]


def _validation_bleu(session: TrainingSession, weights: Mapping[str, Tensor]) -> float:
    load_weights(session.evaluator.model, weights, where=session.located.run.checkpoints)
    return corpus_bleu(_translate(session, session.valid), [session.valid.targets]).value


def _test(session: TrainingSession, test: Corpus) -> Scores:
    return score_corpus(_translate(session, test), [test.targets], bootstrap=_RESAMPLES, with_ter=False)


def _translate(session: TrainingSession, corpus: Corpus) -> list[str]:
    # Signals are no longer deferred here, so that it never returns None.
    return session.evaluator.translate(corpus) or []


def _card(session: TrainingSession, version: str, chosen: str, scores: Scores, test_pairs: int) -> str:
    recipe = session.located.recipe
    languages, model = recipe.languages, recipe.model
    low, high = scores.bleu.confidence or (scores.bleu.value, scores.bleu.value)
    parameters = sum(weight.numel() for weight in weights_of(session.evaluator.model).values())
    tokenizers = session.tokenizers
    vocabulary = f"{tokenizers.target.vocab_size} SentencePiece pieces"
    if not tokenizers.is_shared:
        vocabulary = f"{vocabulary}, {tokenizers.source.vocab_size} of the source"
    return f"""# {recipe.name}, version {version}

Translates {languages.source} to {languages.target}, one sentence a line.

    tfm translate --model . < input.txt > output.txt

| | |
| --- | --- |
| made | {time.strftime("%Y-%m-%d")} by tfm {__version__}: `{session.located.command}` |
| model | Transformer, {model.num_encoder_layers}+{model.num_decoder_layers} layers, d_model {model.d_model}, \
d_ff {model.d_ff}, {model.num_heads} heads, {model.norm}-norm, {parameters:,} parameters |
| vocabulary | {vocabulary} |
| training data | {len(session.state.stream.corpus)} pairs of {", ".join(recipe.data.train_paths)} |
| training | {session.step} steps, {session.elapsed_seconds() / 60:.1f} minutes |
| weights | {chosen} |
| BLEU | {scores.bleu.value:.2f} [{low:.2f}, {high:.2f}] on {test_pairs} test pairs, `{scores.bleu.signature}` |
| chrF | {scores.chrf.value:.2f}, `{scores.chrf.signature}` |
"""
