from __future__ import annotations

import importlib.util
import struct
from pathlib import Path

import pytest
from tensorboardX.proto.event_pb2 import Event

from tests.support.small_runs import write_small
from transformer_cli import train
from transformer_cli.errors import TfmError, UsageError
from transformer_cli.training.events import (
    IntervalReport,
    RunOpened,
    SessionOpened,
    TrainingEvent,
    ValidationReport,
    ValidationScores,
)
from transformer_cli.training.tensorboard import events_for_tensorboard


def opened(step: int) -> SessionOpened:
    fields = dict.fromkeys(SessionOpened.__slots__)
    return SessionOpened(**{**fields, "step": step})  # type: ignore[arg-type]


def interval(step: int) -> IntervalReport:
    return IntervalReport(
        step=step,
        loss=2.5,
        target_tokens_per_second=4000.0,
        learning_rate=0.25,
        gradient_norm=0.5,
        padding_share=0.125,
        epoch=3,
        elapsed_seconds=60.0,
    )


def events_of(folder: Path) -> list[Event]:
    """Read the records of all files: length, its checksum, an event, its checksum."""
    events = []
    for path in sorted(folder.glob("events.*")):
        content = path.read_bytes()
        while content:
            length = struct.unpack("<Q", content[:8])[0]
            events.append(Event.FromString(content[12 : 12 + length]))
            content = content[16 + length :]
    return events


def test_curves_and_samples_are_written_and_events_passed_on(tmp_path):
    seen: list[TrainingEvent] = []
    scores = ValidationScores(31.5, 55.0, ("un *chat*", "a cat", "one cat"))
    events: list[TrainingEvent] = [
        RunOpened(tmp_path / "log"),
        opened(0),
        interval(50),
        ValidationReport(50, 2.0, scores, is_best=True),
    ]

    with events_for_tensorboard(seen.append, tmp_path) as on_event:
        for event in events:
            on_event(event)

    assert seen == events
    values = [(event.step, value) for event in events_of(tmp_path) for value in event.summary.value]
    curves = {value.tag: (step, value.simple_value) for step, value in values if value.HasField("simple_value")}
    assert curves["train/loss"] == (50, 2.5)
    assert curves["train/learning_rate"] == (50, 0.25)
    assert curves["train/gradient_norm"] == (50, 0.5)
    assert curves["valid/loss"] == (50, 2.0)
    assert curves["valid/bleu"] == (50, 31.5)
    assert curves["valid/chrf"] == (50, 55.0)
    [text] = [value.tensor.string_val[0].decode() for _, value in values if value.HasField("tensor")]
    assert text == "    source       un *chat*\n    translation  a cat\n    reference    one cat"


def test_a_resumed_training_voids_what_was_written_after_the_checkpoint(tmp_path):
    for step in (0, 40):
        with events_for_tensorboard(lambda _: None, tmp_path) as on_event:
            on_event(opened(step))

    assert [event.step for event in events_of(tmp_path) if event.HasField("session_log")] == [1, 41]


def test_nothing_is_written_before_a_training_begins(tmp_path):
    with events_for_tensorboard(lambda _: None, tmp_path / "tensorboard") as on_event:
        on_event(RunOpened(tmp_path / "log"))

    assert not (tmp_path / "tensorboard").exists()


def test_a_folder_that_cannot_be_written_is_an_error(tmp_path):
    (tmp_path / "tensorboard").write_text("in the way")

    with events_for_tensorboard(lambda _: None, tmp_path / "tensorboard") as on_event, pytest.raises(TfmError):
        on_event(opened(0))


def test_a_training_that_wants_it_says_at_once_that_the_package_is_missing(tmp_path, monkeypatch):
    write_small(tmp_path)
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)

    with pytest.raises(UsageError, match=r"needs the package tensorboardX.*transformer-cli\[tensorboard\]"):
        train(tmp_path / "tfm.toml", run_dir=tmp_path / "run", overrides=["training.tensorboard=true"])

    assert not (tmp_path / "run").exists()
