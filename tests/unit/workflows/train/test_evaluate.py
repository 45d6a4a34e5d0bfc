"""The scores of validations: which tokenizer a run has, and what ranks translations."""

from __future__ import annotations

from pathlib import Path

import pytest

from transformer_cli.artifacts.metrics_log import MetricsLog, ValidationLine
from transformer_cli.data.splits.read import Corpus
from transformer_cli.training.events import ValidationScores
from transformer_cli.workflows.train.evaluate import bleu_tokenizer

VALID = Corpus(["We go."], ["私たちは行きます。"])
BY_BLEU = [
    ValidationScores(0.0, 12.0, ("", "", ""), is_blind=True),
    ValidationScores(0.4, 60.0, ("", "", ""), is_blind=True),
    ValidationScores(0.0, 90.0, ("", "", ""), is_blind=True),
    ValidationScores(0.0, 5.0, ("", "", "")),
    ValidationScores(1.5, 4.0, ("", "", "")),
]
"""Scores in the order of quality by BLEU."""


def log_with(folder: Path, *tokenizers: str | None, language: str | None = None) -> MetricsLog:
    log, rest = MetricsLog(folder / "metrics.jsonl"), {"loss": 1, "bleu": 2, "chrf": 3, "elapsed_seconds": 4}
    for step, tokenizer in enumerate(tokenizers, start=1):
        log.write(ValidationLine.model_validate({"step": step, "tokenizer": tokenizer, "language": language, **rest}))
    return log


def test_a_run_begins_with_what_fits_its_language_and_keeps_what_it_had(tmp_path, caplog):
    assert bleu_tokenizer(log_with(tmp_path), "zh", VALID) == "zh"
    assert bleu_tokenizer(log_with(tmp_path), "xx", VALID) == bleu_tokenizer(log_with(tmp_path), "ja", VALID)
    assert bleu_tokenizer(log_with(tmp_path, None), "th", VALID) == "char"  # validated by an older release
    assert bleu_tokenizer(log_with(tmp_path, "intl", "13a"), "th", VALID) == "13a"
    assert caplog.messages == []


def test_a_run_whose_target_language_was_corrected_does_not_keep_the_tokenizer_of_the_other_one(tmp_path, caplog):
    assert bleu_tokenizer(log_with(tmp_path, "13a", language="de"), "zh", VALID) == "zh"
    assert bleu_tokenizer(log_with(tmp_path, "char", language="zh"), "zh", VALID) == "char"
    assert caplog.messages == []


def test_a_tokenizer_that_is_not_installed_any_more_is_replaced_with_a_warning(tmp_path, caplog):
    assert bleu_tokenizer(log_with(tmp_path, "not-there"), "my", VALID) == "char"
    [message] = caplog.messages
    assert message.startswith('BLEU of this run was that of the tokenizer "not-there", which is not installed here')


@pytest.mark.parametrize(("metric", "expected"), [("bleu", BY_BLEU), ("chrf", sorted(BY_BLEU, key=lambda s: s.chrf))])
def test_translations_that_bleu_cannot_see_rank_by_chrf_below_all_that_it_can(metric, expected):
    mixed = [BY_BLEU[number] for number in (2, 4, 0, 3, 1)]

    assert sorted(mixed, key=lambda scores: scores.quality(metric)) == expected
