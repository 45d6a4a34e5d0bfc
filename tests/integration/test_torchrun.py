"""Several processes under ``torchrun`` train one model: what one would have trained, and never in vain.

Without dropout the number of processes changes nothing but the order in which float32 numbers are added.
"""

from __future__ import annotations

import itertools
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import ANY

import pytest

from tests.support.command_line import TIMEOUT_SECONDS, environment
from tests.support.small_runs import (
    UNTIL_STOPPED,
    copy_of,
    metrics_of,
    one_thread,
    steps_of_checkpoints,
    weights_of_version,
    write_small,
)
from tests.support.untrained_models import write_untrained
from transformer_cli import train, train_tokenizer
from transformer_cli.artifacts.run_directory import RunDirectory
from transformer_cli.data.splits.read import read_split
from transformer_cli.data.tokens.tokenizer import TokenizerPair
from transformer_cli.workflows.more_text.translate_texts import WINDOW

# Seen: 2e-7 after 24 updates.
TOLERANCE = 1e-5


@pytest.fixture(scope="module", autouse=True)
def _one_thread():
    with one_thread():
        yield


MORE_TEXT = ["back_translation.text=more.{target}", "back_translation.model=reverse", "back_translation.beam_size=1"]
MORE_TEXT += [f"cleaning.{rule}=false" for rule in ("length_ratio", "wrong_script", "non_text")]  # of nonsense


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """A folder with a recipe without dropout, its corpus, text and a model that translates it, and prepared data."""
    folder = tmp_path_factory.mktemp("torchrun")
    write_small(folder)
    recipe = (folder / "tfm.toml").read_text(encoding="utf-8")
    (folder / "tfm.toml").write_text(re.sub("dropout = 0.1", "dropout = 0.0", recipe), encoding="utf-8")
    train_tokenizer(folder / "tfm.toml", run_dir=folder / "prepared")
    tokenizers = TokenizerPair.load(folder / "prepared", shared=True)
    write_untrained(folder / "reverse", tokenizers, source="en", target="fr", seed=4)
    words = map("".join, itertools.product("aeiou", "bcdfghklmn", "aeiou", "pqrstvwxyz"))
    (folder / "more.en").write_text(
        "".join(f"the {word} sleeps\n" for word in itertools.islice(words, WINDOW + 100)), encoding="utf-8"
    )
    return folder


@pytest.fixture
def run(home, tmp_path):
    """A prepared run directory of one's own."""
    return copy_of(home / "prepared", tmp_path / "run")


@contextmanager
def torchrun(home: Path, run: Path, *options: object, restarts: int = 0) -> Iterator[subprocess.Popen[str]]:
    """Start a training in two processes; whatever is left of it after the block is killed."""
    launcher = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2", f"--max-restarts={restarts}"]
    command = ["-m", "transformer_cli", "train", str(home / "tfm.toml"), "--run-dir", str(run), *map(str, options)]
    process = subprocess.Popen(
        [sys.executable, *launcher, *command],
        cwd=home,
        env=environment(OMP_NUM_THREADS="1"),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            for worker in workers(process):
                os.kill(worker, signal.SIGKILL)
            process.kill()
            process.communicate()


def workers(process: subprocess.Popen[str]) -> list[int]:
    """Return the processes that ``torchrun`` has started, the first one first."""
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    ranks = {}
    for child in map(int, children):
        variables = dict(entry.split("=", 1) for entry in Path(f"/proc/{child}/environ").read_text().split("\0")[:-1])
        if "RANK" in variables:
            ranks[int(variables["RANK"])] = child
    return [ranks[rank] for rank in sorted(ranks)]


def wait_for_step(run: Path, step: int, process: subprocess.Popen[str]) -> None:
    metrics = run / "metrics.jsonl"
    while process.poll() is None and not (metrics.exists() and f'"step": {step},' in metrics.read_text()):
        time.sleep(0.005)
    assert process.poll() is None, process.communicate()


def test_two_processes_translate_and_learn_what_one_does_and_one_goes_on_where_two_stopped(
    home, run, tmp_path, messages
):
    # Twelve steps fit into any such time; the end is fixed by a measurement of the first three updates all the same,
    # and the processes agree on it although the first one's clock alone is looked at.
    ending = ["training.max_minutes=1000", "training.decay=linear", "training.warmup_steps=2", *MORE_TEXT]
    twelve, sixteen = (["training.max_steps=12", *ending], ["training.max_steps=16", *ending])
    alone = copy_of(home / "prepared", tmp_path / "alone")
    train(home / "tfm.toml", run_dir=alone, overrides=twelve)
    made = made_pairs(alone)
    assert made["translated"] > WINDOW  # so that the second process has a window as well

    with torchrun(home, run, *(word for each in twelve for word in ("--set", each))) as process:
        stdout, stderr = process.communicate(timeout=TIMEOUT_SECONDS)

    assert (process.returncode, stdout) == (0, "")
    assert stderr.count("the time suffices for 12 updates") == 1
    assert stderr.count("version 0001 is live") == 1
    assert "Traceback" not in stderr
    assert stderr.count("Warning") == 0
    assert metrics_of(run, kind="train")[-1]["learning_rate"] < 0.002
    assert made_pairs(run) == made
    assert rows_made(run) == rows_made(alone)
    assert_about_equal(metrics_of(run), metrics_of(alone))

    train(home / "tfm.toml", run_dir=run, overrides=sixteen)
    train(home / "tfm.toml", run_dir=alone, overrides=sixteen)

    assert "resuming from step 12" in messages.texts
    assert_about_equal(metrics_of(run), metrics_of(alone))


def made_pairs(run: Path) -> dict[str, Any]:
    counts: dict[str, Any] = json.loads((run / "prepare.json").read_text())["more_text"]["back_translation"]
    return counts


def rows_made(run: Path) -> list[tuple[str, str]]:
    corpus = read_split(RunDirectory(run).made_pairs("back_translation"), "train")
    return list(zip(corpus.sources, corpus.targets, strict=True))


def assert_about_equal(found: list[dict[str, Any]], expected: list[dict[str, Any]]) -> None:
    assert len(found) == len(expected)
    for record, other in zip(found, expected, strict=True):
        about = {
            key: pytest.approx(value, rel=TOLERANCE) if isinstance(value, float) else value
            for key, value in other.items()
        }
        assert record == {**about, "padding_share": ANY} if "padding_share" in record else about  # each pads its rows


@pytest.mark.slow
@pytest.mark.parametrize("rank", [0, 1])
def test_a_process_that_dies_ends_the_job_with_an_error(home, run, rank):
    with torchrun(home, run, *UNTIL_STOPPED) as process:
        wait_for_step(run, 12, process)
        os.kill(workers(process)[rank], signal.SIGKILL)
        _, stderr = process.communicate(timeout=TIMEOUT_SECONDS)

    assert process.returncode != 0
    own = [line for line in stderr.splitlines() if line.startswith("error: ")]
    assert set(own) <= {
        "error: another process of this training has died or does not answer; the same command goes on from the last "
        "checkpoint",
        f"error: stopped at step {steps_of_checkpoints(run)[-1]}, which is saved; the same command goes on from there",
    }
    assert 'File "' + str(Path(__file__).parents[2] / "transformer_cli") not in stderr
    assert steps_of_checkpoints(run)


@pytest.mark.slow
@pytest.mark.parametrize("to_all", [True, False])
def test_a_signal_to_torchrun_or_to_one_process_saves_and_stops_all(home, run, to_all):
    with torchrun(home, run, *UNTIL_STOPPED) as process:
        wait_for_step(run, 7, process)
        os.kill(process.pid if to_all else workers(process)[1], signal.SIGTERM)
        _, stderr = process.communicate(timeout=TIMEOUT_SECONDS)

    assert process.returncode != 0
    said = re.findall(r"^error: stopped at step (\d+), which is saved", stderr, flags=re.MULTILINE)
    assert {int(step) for step in said} == {steps_of_checkpoints(run)[-1]}


@pytest.mark.slow
def test_torchrun_starts_a_training_anew_after_a_death_and_it_ends_as_if_nothing_had_been(home, run, tmp_path):
    dropout = (
        "--set",
        "model.dropout=0.2",
        "--set",
        "training.max_steps=120",
        "--set",
        "training.validate_every=1000",
    )
    undisturbed = copy_of(home / "prepared", tmp_path / "undisturbed")
    with torchrun(home, undisturbed, *dropout) as process:
        _, stderr = process.communicate(timeout=TIMEOUT_SECONDS)
    assert process.returncode == 0, stderr

    with torchrun(home, run, *dropout, restarts=1) as process:
        wait_for_step(run, 12, process)
        os.kill(workers(process)[1], signal.SIGKILL)
        _, stderr = process.communicate(timeout=TIMEOUT_SECONDS)

    assert process.returncode == 0, stderr
    assert "resuming from step " in stderr
    assert weights_of_version(run) == weights_of_version(undisturbed)
