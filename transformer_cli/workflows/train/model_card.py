"""The model card: what a version is, what made it and how good it is, as Markdown beside its weights."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any

from transformer_cli.metrics import MetricScore
from transformer_cli.version import __version__
from transformer_cli.workflows.train.promotion_gate import TestResult
from transformer_cli.workflows.train.session import TrainingSession


def model_card(
    session: TrainingSession, version: str, *, weights: str, results: Sequence[TestResult], release: Mapping[str, Any]
) -> str:
    """Write the card of a version.

    Args:
        session: The training it comes from.
        version: Its name.
        weights: Which weights of the training were chosen.
        results: On the test sets.
        release: The release's record.
    """
    recipe = session.located.recipe
    languages, model = recipe.languages, recipe.model
    tokenizers = session.tokenizers
    vocabulary = f"{tokenizers.target.vocab_size} SentencePiece pieces"
    if not tokenizers.is_shared:
        vocabulary = f"{vocabulary}, {tokenizers.source.vocab_size} of the source"
    parameters = sum(parameter.numel() for parameter in session.evaluator.model.parameters())
    scores = "\n".join(_row(metric, result) for result in results for metric in (result.new.bleu, result.new.chrf))
    start = f"with the weights of version {release['start']}" if release["start"] else "with random weights"
    new = "" if release["new_pairs"] is None else f", {release['new_pairs']} of them new to version {release['start']}"
    decision = f"{'promoted' if release['promoted'] else 'not promoted'}: {release['reason']}"
    return f"""# {recipe.name}, version {version}

Translates {languages.source} to {languages.target}, one sentence a line.

    tfm translate --model . < input.txt > output.txt

| | |
| --- | --- |
| made | {time.strftime("%Y-%m-%d")} by tfm {__version__}: `{session.located.command}` |
| model | Transformer, {model.num_encoder_layers}+{model.num_decoder_layers} layers, d_model {model.d_model}, \
d_ff {model.d_ff}, {model.num_heads} heads, {model.norm}-norm, {parameters:,} parameters |
| vocabulary | {vocabulary} |
| training data | {release["train_pairs"]} pairs of {", ".join(recipe.data.train_paths)}{new} |
| training | {session.step} steps, {session.elapsed_seconds() / 60:.1f} minutes, begun {start} |
| weights | {weights} |
{scores}
| decision | {decision} |
"""


def _row(metric: MetricScore, result: TestResult) -> str:
    low, high = metric.confidence or (metric.value, metric.value)
    name = "BLEU" if metric.name == "BLEU" else "chrF"
    live = result.live and (result.live.bleu if metric is result.new.bleu else result.live.chrf)
    against = f", {live.value:.2f} by the live version, p = {metric.p_value:.4f}" if live else ""
    pairs = f"on {result.pairs} {result.name} pairs"
    return f"| {name} | {metric.value:.2f} [{low:.2f}, {high:.2f}] {pairs}{against}, `{metric.signature}` |"
