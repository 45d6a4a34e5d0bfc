"""What the machine has to train with, seen without importing torch."""

from __future__ import annotations

import importlib.metadata
import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

_GIB = 1 << 30
_SECONDS_FOR_AN_ANSWER = 20
_CGROUP = Path("/sys/fs/cgroup")


@dataclass(frozen=True, slots=True)
class Machine:
    """What this process may use.

    Args:
        cores: Processor cores.
        memory_gib: Main memory in GiB.
        gpu_gib: Memory in GiB of the first GPU that the installed PyTorch can compute on; None: there is none.
    """

    cores: int
    memory_gib: float
    gpu_gib: float | None = None

    def __str__(self) -> str:
        gpu = "no GPU" if self.gpu_gib is None else f"a GPU of {self.gpu_gib:.0f} GiB"
        return f"{self.cores} core{'s' * (self.cores > 1)}, {self.memory_gib:.0f} GiB of memory, {gpu}"


def look_at_machine() -> Machine:
    """Return what there is, within the limits that a container or a batch system has set."""
    return Machine(_cores(), _memory_gib(), _gpu_gib())


def _cores() -> int:
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    quota, _, period = _read(_CGROUP / "cpu.max").partition(" ")
    if quota.isdecimal() and period.strip().isdecimal():
        allowed = min(allowed, -(-int(quota) // int(period)))
    return max(1, allowed)


def _memory_gib() -> float:
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    limit = _read(_CGROUP / "memory.max").strip()
    return (min(memory, int(limit)) if limit.isdecimal() else memory) / _GIB


def _read(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:
        return ""


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
