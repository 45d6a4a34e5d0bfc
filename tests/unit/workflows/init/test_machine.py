from __future__ import annotations

import importlib.metadata
import os
from pathlib import Path

import pytest

from transformer_cli.workflows.init import machine
from transformer_cli.workflows.init.machine import Machine, look_at_machine


@pytest.fixture
def cgroup(tmp_path: Path, monkeypatch) -> Path:
    monkeypatch.setattr(machine, "_CGROUP", tmp_path)
    return tmp_path


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


def test_without_limits_it_is_what_the_system_has(cgroup):
    found = look_at_machine()

    assert found.cores == len(os.sched_getaffinity(0))
    assert 0.1 < found.memory_gib < 100_000


def test_the_limits_of_a_container_count(cgroup):
    (cgroup / "cpu.max").write_text("50000 100000\n")
    (cgroup / "memory.max").write_text(f"{1 << 28}\n")

    assert (look_at_machine().cores, look_at_machine().memory_gib) == (1, 0.25)


def test_part_of_a_core_is_rounded_up(cgroup):
    (cgroup / "cpu.max").write_text("150000 100000\n")

    assert look_at_machine().cores == min(2, len(os.sched_getaffinity(0)))


def test_no_limit_is_written_as_max(cgroup):
    unlimited = look_at_machine()
    (cgroup / "cpu.max").write_text("max 100000\n")
    (cgroup / "memory.max").write_text("max\n")

    assert look_at_machine() == unlimited


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
