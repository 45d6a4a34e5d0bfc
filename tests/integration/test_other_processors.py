"""The same run on another processor: one without fast bfloat16, which a process with less of this one imitates."""

from __future__ import annotations

import json
import os
import platform
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

from tests.support.command_line import run_here
from tests.support.other_process import OtherProcess, other_process
from tests.support.small_runs import steps_of_checkpoints, write_small
from transformer_cli import train
from transformer_cli.device import _bfloat16_cost, has_fast_bfloat16
from transformer_cli.errors import StoppedBySignalError
from transformer_cli.stopping import StopRequest
from transformer_cli.training.events import StepReport, TrainingEvent

POORER = {
    "ONEDNN_MAX_CPU_ISA": "SSE41" if os.environ.get("ONEDNN_MAX_CPU_ISA") == "AVX2" else "AVX2",
    "ATEN_CPU_CAPABILITY": "avx2",
}
"""Variables of oneDNN and PyTorch: with them an x86 processor multiplies as one with AVX2 and no more, or with less
where the tests themselves run so."""

pytestmark = pytest.mark.skipif(platform.machine() not in ("x86_64", "AMD64"), reason="other processors have no AVX2")


@pytest.fixture(scope="module")
def poorer() -> Iterator[OtherProcess]:
    """A process on such a processor."""
    with other_process(**POORER) as process:
        yield process


@pytest.fixture
def home(tmp_path):
    """A folder with a recipe that leaves the precision to the machine."""
    write_small(tmp_path)
    recipe = tmp_path / "tfm.toml"
    recipe.write_text(recipe.read_text().replace('precision = "float32"', 'precision = "auto"'))
    return tmp_path


def train_until(step: int, home: Path) -> None:
    stop = StopRequest()

    def interrupt(event: TrainingEvent) -> None:
        if isinstance(event, StepReport) and event.step == step:
            stop.signal_number = signal.SIGTERM

    with pytest.raises(StoppedBySignalError):
        train(home / "tfm.toml", run_dir=home / "run", stop=stop, on_event=interrupt)


def state_of(home: Path, step: int) -> tuple[Path, dict[str, Any]]:
    path = home / "run" / "checkpoints" / f"step-{step:08d}" / "state.json"
    return path, json.loads(path.read_text())


def about_bfloat16(stderr: str) -> list[str]:
    return [line for line in stderr.splitlines() if "bfloat16" in line]


def test_a_training_that_began_in_bfloat16_goes_on_in_float32_where_that_is_slow_and_says_so_once(home, poorer):
    train_until(6, home)
    path, document = state_of(home, 6)
    document["state"]["precision"] = "bfloat16"  # as it is already where this machine has it
    path.write_text(json.dumps(document))

    moved = poorer.run("train", "tfm.toml", "-d", "run", "--set", "training.max_steps=12", cwd=home)

    assert moved.code == 0, moved.stderr
    assert "resuming from step 6" in moved.stderr
    assert "threads, float32" in moved.stderr
    [line] = about_bfloat16(moved.stderr)
    assert line.endswith(
        "warning: the training began in bfloat16, which is slow on this machine; it goes on in float32, and ends in "
        "other weights than it would have where it began"
    )
    assert steps_of_checkpoints(home / "run")[-1] == 12
    assert state_of(home, 12)[1]["state"]["precision"] == "float32"


def test_a_training_asked_to_be_slow_is_and_says_so_once(home, poorer):
    slow = poorer.run(
        *("train", "tfm.toml", "-d", "run", "--set", "training.max_steps=2", "--set", "training.precision=bfloat16"),
        cwd=home,
    )

    assert slow.code == 0, slow.stderr
    warning, opened = about_bfloat16(slow.stderr)
    assert warning.endswith('warning: bfloat16 is slow on this machine; training.precision = "auto" takes float32 here')
    assert opened.endswith(" threads, bfloat16")


def test_a_translation_asked_to_be_slow_is_and_says_so_once(toy, poorer):
    lines = b"".join((toy.folder / "toy.fr").read_bytes().splitlines(keepends=True)[:70])
    options = ("translate", "-m", toy.model, "--engine", "torch")

    slow, by_itself = (
        poorer.run(*options, *more, cwd=toy.folder, stdin=lines) for more in (("--precision", "bfloat16"), ())
    )

    assert (slow.code, slow.stdout.count(b"\n")) == (0, 70)
    assert slow.stderr == "warning: bfloat16 is slow on this machine; --precision auto takes float32 here\n"
    assert (by_itself.code, by_itself.stderr) == (0, "")


def test_an_exported_engine_is_compared_once_on_another_processor_and_its_record_counts_from_then_on(
    toy, tmp_path, poorer
):
    model = shutil.copytree(toy.model, tmp_path / "model")
    record, lines = model / "ctranslate2" / "compared.json", (toy.folder / "toy.fr").read_bytes()
    translate = ("translate", "-m", model, "--engine", "ctranslate2")
    exported = run_here("export", "--to", "ctranslate2", "-m", model, "--quantization", "int8")
    assert exported.code == 0, exported.stderr
    here = json.loads(record.read_bytes())

    first = poorer.run(*translate, cwd=tmp_path, stdin=lines)
    there = json.loads(record.read_bytes())
    second = poorer.run(*translate, cwd=tmp_path, stdin=lines)
    [kind] = there.keys() - here.keys()
    record.write_text(json.dumps({**there, kind: 9.0}))
    off, at_home = poorer.run(*translate, cwd=tmp_path, stdin=lines), run_here(*translate, stdin=lines)

    assert (first.code, first.stdout.count(b"\n")) == (0, 192)
    assert second == first
    assert (off.code, off.stdout.count(b"\n")) == (0, 192)
    assert off.stderr == (
        "warning: with 8 bits the exported engine is 9.00 nats a token off on this processor; it computes in float32 "
        "here\n"
    )
    assert (at_home.code, at_home.stderr) == (0, "")


def measured_and_what_became_of_the_threads() -> tuple[bool, bool]:
    _bfloat16_cost.cache_clear()
    threads = torch.get_num_threads()
    return has_fast_bfloat16(torch.device("cpu")), torch.get_num_threads() == threads


def test_whether_bfloat16_is_fast_is_measured_within_the_limits_that_the_library_below_was_given(poorer):
    assert poorer.call(measured_and_what_became_of_the_threads) == (False, True)
