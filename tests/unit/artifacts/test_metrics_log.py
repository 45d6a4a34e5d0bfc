from __future__ import annotations

import json
import math
from pathlib import Path

import pytest

from tests.support.hostile_machine import disk_full_after
from transformer_cli.artifacts.metrics_log import MetricsLine, MetricsLog, TestLine, TrainingLine, ValidationLine
from transformer_cli.errors import TfmError


def trained(step: int, *, loss: float = 0.1 + 0.2) -> TrainingLine:
    return TrainingLine(
        step=step,
        loss=loss,
        target_tokens_per_second=1000.0,
        learning_rate=0.1,
        gradient_norm=1.0,
        padding_share=0.25,
        epoch=0,
        elapsed_seconds=float(step),
    )


def validated(step: int) -> ValidationLine:
    return ValidationLine(step=step, loss=2.0, bleu=1.0, chrf=2.0, elapsed_seconds=float(step))


TESTED = TestLine(
    version="0001", set="test-é\u2028\n", bleu=12.0, chrf=30.0, signature="s", chrf_signature="c", elapsed_seconds=9.0
)


@pytest.fixture
def path(tmp_path) -> Path:
    return Path(tmp_path / "metrics.jsonl")


def test_metrics_are_one_json_object_a_line_in_the_order_of_writing(path):
    log = MetricsLog(path)
    written: list[MetricsLine] = [trained(1), validated(1), TESTED]

    for line in written:
        log.write(line)

    lines = path.read_bytes().split(b"\n")
    assert [json.loads(line) for line in lines[:-1]] == [line.model_dump() for line in written]
    assert lines[-1] == b""
    assert log.lines() == written


def test_a_resumed_training_finds_the_metrics_as_they_were_at_its_checkpoint(path):
    log = MetricsLog(path)
    assert (log.size(), log.lines()) == (0, [])
    log.write(trained(1))
    log.write(validated(1))
    size, content = log.size(), path.read_bytes()

    log.write(trained(2))
    log.write(validated(2))
    path.write_bytes(path.read_bytes() + b'{"kind": "train", "st')  # a line that a kill has cut short
    log.rewind(size)

    assert path.read_bytes() == content
    log.write(trained(2))
    assert log.lines() == [trained(1), validated(1), trained(2)]


@pytest.mark.parametrize("order", [1, -1])
def test_the_test_scores_of_versions_that_exist_outlive_a_rewind_in_whatever_order_their_keys_are(path, order):
    log = MetricsLog(path)
    log.write(trained(1))
    size = log.size()
    log.write(validated(2))
    with path.open("a") as file:
        file.write(json.dumps(dict(list(TESTED.model_dump().items())[::order])) + "\n")
    log.write(trained(3))

    log.rewind(size)

    assert log.lines() == [trained(1), TESTED]


def test_a_rewind_to_a_size_the_file_has_not_reached_changes_nothing(path):
    log = MetricsLog(path)
    log.rewind(100)
    assert not path.exists()

    log.write(trained(1))
    content = path.read_bytes()
    log.rewind(len(content))
    log.rewind(len(content) + 1)

    assert path.read_bytes() == content


def test_a_line_that_was_cut_short_does_not_spoil_the_next(path):
    path.write_bytes(b'{"kind": "train", "st')
    log = MetricsLog(path)

    log.write(trained(2))
    log.write(trained(3))

    assert log.lines() == [trained(2), trained(3)]


@pytest.mark.parametrize(
    "content", [b"", b"\n", b"{", b"[1]\n", b"\xff", b'{"kind": "train", "step": 1}', b'{"kind": 3}']
)
def test_what_is_no_line_of_metrics_is_left_out(path, content):
    path.write_bytes(content)

    assert MetricsLog(path).lines() == []


def test_a_loss_that_is_no_number_is_read_back(path):
    log = MetricsLog(path)
    log.write(trained(1, loss=math.nan))

    [line] = log.lines()

    assert isinstance(line, TrainingLine)
    assert math.isnan(line.loss)


def test_metrics_that_cannot_be_written_are_an_error(path):
    with disk_full_after(10), pytest.raises(TfmError, match=r"^cannot write .*metrics\.jsonl: "):
        MetricsLog(path).write(trained(1))
