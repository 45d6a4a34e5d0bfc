from __future__ import annotations

import importlib.metadata
import os
from pathlib import Path

import pytest

from transformer_cli.cores import available_cores
from transformer_cli.workflows.init.machine import Machine, look_at_machine


@pytest.fixture
def nvidia_smi(tmp_path: Path, monkeypatch) -> Path:
    """A program of that name in front of all others, which says nothing; and a PyTorch for GPUs."""
    (tmp_path / "bin").mkdir()
    program = tmp_path / "bin" / "nvidia-smi"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:{os.environ['PATH']}")
    monkeypatch.setattr(importlib.metadata, "version", lambda _: "2.13.0")
    return program


def test_without_limits_it_is_what_the_system_has(tmp_path):
    machine = look_at_machine(tmp_path)

    assert machine.cores == available_cores(cgroups=tmp_path)
    assert 0.1 < machine.memory_gib < 100_000


def test_the_memory_that_a_container_may_have_counts(tmp_path):
    for group, folder, name in (
        ("0::/", "", "memory.max"),
        ("0::/slurm/job_1", "slurm/job_1", "memory.max"),
        ("0::/slurm/job_1/step_0", "slurm/job_1", "memory.max"),
        ("9:memory:/docker/0123", "memory/docker/0123", "memory.limit_in_bytes"),
    ):
        here = tmp_path / group.replace("/", "_")
        (here / folder).mkdir(parents=True)
        (here / folder / name).write_text(f"{1 << 28}\n")
        (here / "own").write_text(f"{group}\n")

        assert look_at_machine(here, here / "own").memory_gib == 0.25


def test_no_limit_is_written_as_max(tmp_path):
    (tmp_path / "own").write_text("0::/\n")
    unlimited = look_at_machine(tmp_path, tmp_path / "own")
    (tmp_path / "memory.max").write_text("max\n")

    assert look_at_machine(tmp_path, tmp_path / "own") == unlimited


@pytest.mark.parametrize(
    ("script", "gib"),
    [
        ("echo 81920; echo 40960", 80.0),
        ("echo 'No devices were found'", None),
        ("true", None),
        ("echo 81920; exit 9", None),
    ],
)
def test_the_gpu_is_what_its_driver_says(nvidia_smi, script, gib):
    nvidia_smi.write_text(f"#!/bin/sh\n{script}\n")

    assert look_at_machine().gpu_gib == gib


def test_a_gpu_counts_for_nothing_where_pytorch_is_built_without(nvidia_smi, monkeypatch):
    nvidia_smi.write_text("#!/bin/sh\necho 81920\n")
    monkeypatch.setattr(importlib.metadata, "version", lambda _: "2.13.0+cpu")

    assert look_at_machine().gpu_gib is None


def test_a_machine_is_told_in_words():
    assert str(Machine(1, 3.9)) == "1 core, 4 GiB of memory, no GPU"
    assert str(Machine(16, 128, 79.6)) == "16 cores, 128 GiB of memory, a GPU of 80 GiB"
