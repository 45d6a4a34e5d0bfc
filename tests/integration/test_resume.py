"""A training that was interrupted, in whatever way, ends in the same weights as one that was not, bit for bit.

The recipe has all in it that could differ: dropout in three places, words cut anew, R-Drop, a moving average of the
weights, accumulation, early stopping, an average of checkpoints, several epochs, and steps at which checkpoints,
validations and the end do not fall together.
"""

from __future__ import annotations

import random
import re
import shutil
import signal
import subprocess
import sys
import time
from contextlib import ExitStack
from functools import cache
from pathlib import Path

import pytest
import torch

from tests.support.command_line import environment, finish, start
from tests.support.format_1 import checkpoint_as_format_1
from tests.support.hostile_machine import disk_full_after
from tests.support.messages import Messages, logged
from tests.support.small_runs import (
    copy_of,
    metrics_of,
    one_thread,
    steps_of_checkpoints,
    weights_of_version,
    write_small,
)
from tests.support.toy_corpus import pairs, write_corpus
from transformer_cli import train, train_tokenizer
from transformer_cli.errors import StoppedBySignalError, TfmError
from transformer_cli.stopping import StopRequest
from transformer_cli.training.events import StepReport, TrainingEvent, ValidationReport

LAST_STEP = 12
# Programs that stop at an update, on however busy a machine.
KILLED = """
import os, signal, sys
from pathlib import Path
from transformer_cli import train
from transformer_cli.training.events import StepReport

def kill(event):
    if isinstance(event, StepReport) and event.step == 6:  # the update after the first checkpoint
        os.kill(os.getpid(), signal.SIGKILL)

train(Path(sys.argv[1]), run_dir=Path(sys.argv[2]), on_event=kill)
"""
TERMINATED = """
import io, os, signal, sys

class Stderr(io.TextIOWrapper):
    def write(self, text):
        if "step 1: " in text:
            os.kill(os.getpid(), signal.SIGTERM)
        return super().write(text)

sys.stderr = Stderr(sys.stderr.buffer, line_buffering=True)
from transformer_cli.cli.app import main
main()
"""
ONE_THREAD = {"OMP_NUM_THREADS": "1"}
"""For what another process goes on with: what dropout draws depends on the number of threads."""


@pytest.fixture(scope="module", autouse=True)
def _one_thread():
    with one_thread():
        yield


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """A folder with recipe, corpus, a prepared run directory, and one in which a training was never interrupted."""
    folder = tmp_path_factory.mktemp("resume")
    write_small(folder)
    write_corpus(folder, "toy", pairs()[:75])
    recipe = (folder / "tfm.toml").read_text(encoding="utf-8")
    for old, new in (
        ("[training]", "[training]\nr_drop = 1.0\nema_decay = 0.8\nsubword_sampling = 0.2"),
        ("max_steps = 24", f"max_steps = {LAST_STEP}"),
        ("warmup_steps = 8", "warmup_steps = 4"),
        ("validate_every = 8", "validate_every = 4"),
    ):
        assert recipe.count(old) == 1
        recipe = recipe.replace(old, new)
    (folder / "tfm.toml").write_text(recipe, encoding="utf-8")
    train_tokenizer(folder / "tfm.toml", run_dir=folder / "prepared")
    return folder


@pytest.fixture(scope="module")
def looks(home):
    """Train without an interruption; return at which look for a signal something noteworthy happens."""
    stop = StopAtLook(None)
    numbers = {"before the first step": 1}

    def take(event: TrainingEvent) -> None:
        if isinstance(event, ValidationReport):
            numbers.setdefault("in a validation", stop.looks)

    with logged() as messages:
        train(home / "tfm.toml", run_dir=copy_of(home / "prepared", home / "uninterrupted"), stop=stop, on_event=take)
    (home / "warnings").write_text("\n".join(messages.warnings))
    numbers["after a validation"] = numbers["in a validation"] + 1
    numbers["after the last step"] = stop.looks
    return numbers


@pytest.fixture(scope="module")
def stopped_after(home, looks, tmp_path_factory):
    """Of an update, the run directory of a training that was stopped after it; not to be changed."""

    @cache
    def stopped(step: int) -> Path:
        folder = copy_of(home / "prepared", tmp_path_factory.mktemp("stopped") / "run")
        stop = StopAtSteps(step)
        train_until_stopped(home, folder, stop.request, stop)
        return folder

    return stopped


@pytest.fixture
def run(home, looks, tmp_path):
    """A prepared run directory of one's own."""
    return copy_of(home / "prepared", tmp_path / "run")


class StopAtSteps:
    """Takes the events of trainings, and asks them to stop after certain updates."""

    def __init__(self, *steps: int) -> None:
        self.request = StopRequest()
        self._steps = steps

    def __call__(self, event: TrainingEvent) -> None:
        if isinstance(event, StepReport) and event.step in self._steps:
            self.request.signal_number = signal.SIGTERM


class StopAtLook(StopRequest):
    """Counts how often it is looked at, and is asked to stop from a certain look on."""

    def __init__(self, number: int | None) -> None:
        super().__init__()
        self.looks = 0
        self._number = number

    @property
    def is_asked(self) -> bool:
        self.looks += 1
        return self._number is not None and self.looks >= self._number


def train_until_stopped(home: Path, run: Path, stop: StopRequest, on_event=lambda _: None) -> None:
    with pytest.raises(StoppedBySignalError):
        train(home / "tfm.toml", run_dir=run, stop=stop, on_event=on_event)


def finish_training(home: Path, run: Path) -> Messages:
    with logged() as messages:
        train(home / "tfm.toml", run_dir=run)
    return messages


def assert_same_as_uninterrupted(home: Path, run: Path) -> None:
    assert metrics_of(run) == metrics_of(home / "uninterrupted")
    assert weights_of_version(run) == weights_of_version(home / "uninterrupted")
    for checkpoint in ("best", f"step-{LAST_STEP:08d}"):
        for name in ("model.safetensors", "training.safetensors"):
            path = Path("checkpoints", checkpoint, name)
            assert (run / path).read_bytes() == (home / "uninterrupted" / path).read_bytes()


# The recipe validates after 4, 8 and 12 updates and saves after 5, 10 and the last; an epoch has 3.
@pytest.mark.parametrize("step", [1, 4, 9])
def test_a_training_that_was_stopped_once_ends_as_if_it_had_not_been(home, stopped_after, tmp_path, step):
    run = copy_of(stopped_after(step), tmp_path / "run")
    assert steps_of_checkpoints(run)[-1] == step

    messages = finish_training(home, run)

    assert f"resuming from step {step}" in messages.texts
    assert_same_as_uninterrupted(home, run)


def test_a_training_that_was_stopped_again_and_again_ends_as_if_it_had_not_been(home, run):
    for step in (2, 3, 6, 11):
        stop = StopAtSteps(step)
        train_until_stopped(home, run, stop.request, stop)

    finish_training(home, run)

    assert_same_as_uninterrupted(home, run)


def test_a_training_that_was_stopped_when_parameters_had_other_names_ends_as_if_it_had_not_been(
    home, stopped_after, tmp_path
):
    run = copy_of(stopped_after(9), tmp_path / "run")
    for folder in (run / "checkpoints").iterdir():
        checkpoint_as_format_1(folder)

    messages = finish_training(home, run)

    assert "resuming from step 9" in messages.texts
    assert_same_as_uninterrupted(home, run)


def test_a_training_in_two_threads_that_was_stopped_ends_as_if_it_had_not_been(home, tmp_path):
    undisturbed, stopped = (copy_of(home / "prepared", tmp_path / name) for name in ("undisturbed", "stopped"))
    overrides = ["training.max_steps=5", "training.validate_every=5"]
    torch.set_num_threads(2)
    try:
        train(home / "tfm.toml", run_dir=undisturbed, overrides=overrides)
        stop = StopAtSteps(3)
        with pytest.raises(StoppedBySignalError):
            train(home / "tfm.toml", run_dir=stopped, overrides=overrides, stop=stop.request, on_event=stop)
        train(home / "tfm.toml", run_dir=stopped, overrides=overrides)
    finally:
        torch.set_num_threads(1)

    assert metrics_of(stopped) == metrics_of(undisturbed)
    assert weights_of_version(stopped) == weights_of_version(undisturbed)


@pytest.mark.parametrize(
    "moment", ["before the first step", "in a validation", "after a validation", "after the last step"]
)
def test_a_training_stopped_wherever_it_looks_for_a_signal_ends_as_if_it_had_not_been(home, looks, run, moment):
    train_until_stopped(home, run, StopAtLook(looks[moment]))

    finish_training(home, run)

    assert_same_as_uninterrupted(home, run)


def wait_for_step(run: Path, step: int, process) -> None:
    """Return when a training in another process has logged an update, or has ended."""
    metrics = run / "metrics.jsonl"
    while process.poll() is None and not (metrics.exists() and f'"step": {step},' in metrics.read_text()):
        time.sleep(0.002)


def test_a_training_that_was_killed_ends_as_if_it_had_not_been(home, run):
    command = [sys.executable, "-c", KILLED, home / "tfm.toml", run]
    killed = subprocess.run(command, env=environment(**ONE_THREAD), check=False)
    assert killed.returncode == -signal.SIGKILL
    assert steps_of_checkpoints(run)
    assert not (run / "model").exists()

    messages = finish_training(home, run)

    assert any(text.startswith("resuming from step ") for text in messages.texts)
    assert_same_as_uninterrupted(home, run)


def test_a_training_that_a_signal_stopped_goes_on_at_the_next_command(home, run):
    command = [sys.executable, "-c", TERMINATED, "train", home / "tfm.toml", "--run-dir", run]
    stopped = subprocess.run(command, env=environment(**ONE_THREAD), stderr=subprocess.PIPE, text=True, check=False)

    said = re.search(r"stopped at step (\d+), which is saved; the same command goes on from there\n\Z", stopped.stderr)
    assert stopped.returncode == 128 + signal.SIGTERM
    assert said

    messages = finish_training(home, run)

    assert f"resuming from step {said[1]}" in messages.texts
    assert_same_as_uninterrupted(home, run)


@pytest.mark.slow
def test_a_training_that_was_killed_again_and_again_at_any_moment_ends_as_if_it_had_not_been(home, tmp_path):
    overrides = ["training.max_steps=400", "training.patience=1000", "training.validate_every=60"]
    undisturbed, run = (copy_of(home / "prepared", tmp_path / name) for name in ("undisturbed", "run"))
    train(home / "tfm.toml", run_dir=undisturbed, overrides=overrides)
    command = ["train", home / "tfm.toml", "--run-dir", run, *(word for each in overrides for word in ("--set", each))]
    chance = random.Random(7)

    for kill in range(8):
        process = start(*command, cwd=home, env=ONE_THREAD)
        # Every other time while it starts, reads and resumes; else somewhere in its updates, saves and validations.
        if kill % 2:
            wait_for_step(run, last_step(run) + chance.randint(1, 90), process)
        time.sleep(chance.uniform(0.0, 0.05 if kill % 2 else 5.0))
        process.kill()
        finish(process)
    train(home / "tfm.toml", run_dir=run, overrides=overrides)

    assert metrics_of(run) == metrics_of(undisturbed)
    assert weights_of_version(run) == weights_of_version(undisturbed)


def last_step(run: Path) -> int:
    records = metrics_of(run, kind="train") if (run / "metrics.jsonl").exists() else []
    return int(records[-1]["step"]) if records else 0


# Damage


def flip_a_bit(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)


def cut_short(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1000])


@pytest.mark.parametrize(
    ("name", "damage", "finding"),
    [
        ("training.safetensors", flip_a_bit, "not as it was written"),
        ("model.safetensors", cut_short, "not as it was written"),
        ("state.json", cut_short, "missing or damaged"),
    ],
)
def test_a_damaged_checkpoint_costs_the_steps_after_the_one_before_and_nothing_else(
    home, stopped_after, tmp_path, name, damage, finding
):
    run = copy_of(stopped_after(9), tmp_path / "run")
    newest = run / "checkpoints" / "step-00000009" / name
    damage(newest)

    messages = finish_training(home, run)

    usual = (home / "warnings").read_text().splitlines()  # of the export: a model of 12 updates may not end
    assert messages.warnings == [f"{newest} is {finding}; going back to the checkpoint before", *usual]
    assert "resuming from step 5" in messages.texts
    assert_same_as_uninterrupted(home, run)


def test_damaged_older_checkpoints_are_left_out_of_the_average_and_that_is_said(home, run):
    stop = StopAtSteps(11)
    train_until_stopped(home, run, stop.request, stop)
    damaged = [run / "checkpoints" / name / "model.safetensors" for name in ("step-00000010", "best")]
    for path in damaged:
        flip_a_bit(path)

    messages = finish_training(home, run)

    assert messages.warnings[0] == f"{damaged[0]} is not as it was written; it is left out of the choice of weights"
    assert any("average of the last 2 checkpoints" in text for text in messages.texts)


def test_a_disk_that_fills_up_ends_the_training_with_an_error_and_costs_the_steps_since_the_checkpoint(home, run):
    with ExitStack() as full_disk:

        def fill_the_disk(event: TrainingEvent) -> None:
            if isinstance(event, StepReport) and event.step == 7:
                full_disk.enter_context(disk_full_after(20_000))

        with pytest.raises(TfmError, match=r"^cannot write .*/checkpoints/"):
            train(home / "tfm.toml", run_dir=run, on_event=fill_the_disk)
    assert steps_of_checkpoints(run) == [5]

    messages = finish_training(home, run)

    assert "resuming from step 5" in messages.texts
    assert_same_as_uninterrupted(home, run)


def test_where_no_checkpoint_is_whole_the_training_starts_anew(home, stopped_after, tmp_path):
    run = copy_of(stopped_after(9), tmp_path / "run")
    for folder in (run / "checkpoints").iterdir():
        (folder / "state.json").unlink()

    messages = finish_training(home, run)

    assert any(text.endswith("training starts anew") for text in messages.texts)
    assert weights_of_version(run) == weights_of_version(home / "uninterrupted")


def test_a_killed_preparation_is_done_again(home, tmp_path):
    # As after a kill between the data and its report, which is written last.
    run = copy_of(home / "prepared", tmp_path / "run")
    (run / "prepare.json").unlink()
    shutil.rmtree(run / "data" / "test")

    finish_training(home, run)

    assert_same_as_uninterrupted(home, run)
