"""The model card: a version's description, origin and quality, as Markdown beside its weights."""

from __future__ import annotations

import time
from collections.abc import Sequence

from transformer_cli.artifacts.model_manifest import Candidate
from transformer_cli.metrics import MetricScore
from transformer_cli.version import __version__
from transformer_cli.workflows.train.release.promotion_gate import TestResult
from transformer_cli.workflows.train.session import TrainingSession


def model_card(
    session: TrainingSession, version: str, *, weights: str, results: Sequence[TestResult], candidate: Candidate
) -> str:
    """Write the card of a version.

    Args:
        session: The training that made the version.
        version: Name of the version.
        weights: Name of the chosen weights of the training.
        results: Results on the test sets.
        candidate: The record of training and tests.
    """
    recipe = session.located.recipe
    languages, model = recipe.languages, recipe.model
    tokenizers = session.tokenizers
    vocabulary = f"{tokenizers.target.vocab_size} SentencePiece pieces"
    if not tokenizers.is_shared:
        vocabulary = f"{vocabulary}, {tokenizers.source.vocab_size} of the source"
    parameters = sum(parameter.numel() for parameter in session.evaluator.model.parameters())
    scores = "\n".join(_row(metric, result) for result in results for metric in (result.new.bleu, result.new.chrf))
    begun_with = session.start.version
    start = "with random weights" if begun_with is None else f"with the weights of version {begun_with}"
    new = "" if candidate.new_pairs is None else f", {candidate.new_pairs} of them new to version {begun_with}"
    made = _made_pairs(session)
    gate = f"{'passed' if candidate.passed else 'not passed'}: {candidate.reason}"
    return f"""# {recipe.name}, version {version}

Translates {languages.source} to {languages.target}, one sentence a line.

    tfm translate --model . < input.txt > output.txt

| | |
| --- | --- |
| made | {time.strftime("%Y-%m-%d")} by tfm {__version__}: `{session.located.command}` |
| model | Transformer, {model.num_encoder_layers}+{model.num_decoder_layers} layers, d_model {model.d_model}, \
d_ff {model.d_ff}, {model.num_heads} heads, {model.norm}-norm, {parameters:,} parameters |
| vocabulary | {vocabulary} |
| training data | {candidate.train_pairs} pairs of {", ".join(recipe.data.train_paths)}{made}{new} |
| training | {session.step} steps, {session.elapsed_seconds() / 60:.1f} minutes, begun {start} |
| weights | {weights} |
{scores}
| gate | {gate} |
"""


def _made_pairs(session: TrainingSession) -> str:
    """Return the numbers of pairs that models made from text, as words that follow the corpora."""
    origins, first = session.train_pairs.origins, len(session.located.recipe.data.train)
    if origins is None:
        return ""
    words = ("distilled from a teacher", "back-translated")
    counts = [int((origins == first + number).sum()) for number in range(len(words))]
    return "".join(f", {count} of them {word}" for count, word in zip(counts, words, strict=True) if count)


def _row(metric: MetricScore, result: TestResult) -> str:
    low, high = metric.confidence or (metric.value, metric.value)
    name = "BLEU" if metric.name == "BLEU" else "chrF"
    live = result.live and (result.live.bleu if metric is result.new.bleu else result.live.chrf)
    against = f", {live.value:.2f} by the live version, p = {metric.p_value:.4f}" if live else ""
    pairs = f"on {result.pairs} {result.name} pairs"
    return f"| {name} | {metric.value:.2f} [{low:.2f}, {high:.2f}] {pairs}{against}, `{metric.signature}` |"
