"""Finds the cores, memory and GPU available for training, without importing torch."""

from __future__ import annotations

import importlib.metadata
import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from transformer_cli.cores import CGROUPS, OWN_CGROUP, available_cores, memory_limit

_GIB = 1 << 30
_SECONDS_FOR_AN_ANSWER = 20


@dataclass(frozen=True, slots=True)
class Machine:
    """The hardware that this process may use.

    Args:
        cores: Number of processor cores.
        memory_gib: Main memory in GiB.
        gpu_gib: Memory in GiB of the first GPU that the installed PyTorch supports, or None without one.
    """

    cores: int
    memory_gib: float
    gpu_gib: float | None = None

    def __str__(self) -> str:
        gpu = "no GPU" if self.gpu_gib is None else f"a GPU of {self.gpu_gib:.0f} GiB"
        return f"{self.cores} core{'s' * (self.cores > 1)}, {self.memory_gib:.0f} GiB of memory, {gpu}"


def look_at_machine(cgroups: Path = CGROUPS, own_cgroup: Path = OWN_CGROUP) -> Machine:
    """Return the available hardware, within the limits set by a container or a batch system.

    Args:
        cgroups: The folder where Linux lists its control groups.
        own_cgroup: The file that names the control group of this process.
    """
    cores = available_cores(cgroups=cgroups, own_cgroup=own_cgroup)
    return Machine(cores, _memory_gib(cgroups, own_cgroup), _gpu_gib())


def _memory_gib(cgroups: Path, own_cgroup: Path) -> float:
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    limit = memory_limit(cgroups=cgroups, own_cgroup=own_cgroup)
    return (memory if limit is None else min(memory, limit)) / _GIB


def _gpu_gib() -> float | None:
    program = shutil.which("nvidia-smi")
    if program is None or importlib.metadata.version("torch").endswith("+cpu"):
        return None
    command = [program, "--query-gpu=memory.total", "--format=csv,noheader,nounits"]
    try:
        answer = subprocess.run(command, capture_output=True, text=True, check=True, timeout=_SECONDS_FOR_AN_ANSWER)
        return float(answer.stdout.splitlines()[0]) / 1024
    except (OSError, subprocess.SubprocessError, ValueError, IndexError):
        return None
