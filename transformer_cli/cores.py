"""What the operating system lets this process use: how many cores, and what only Linux has. No torch.

Every part of the program that needs to know either asks here.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

CGROUPS = Path("/sys/fs/cgroup")
_OWN_CGROUP = Path("/proc/self/cgroup")


def has_linux(environment: Mapping[str, str] = os.environ) -> bool:
    """Say whether to use what only Linux has: affinity and quotas, settings of glibc's allocator, workers by fork.

    Without it the program does the same, more slowly. ``TFM_PLAIN=1`` has it do without on Linux as well.

    Args:
        environment: Environment variables.
    """
    return sys.platform == "linux" and environment.get("TFM_PLAIN", "") in ("", "0")


def available_cores(
    *,
    environment: Mapping[str, str] = os.environ,
    cgroups: Path = CGROUPS,
    own_cgroup: Path = _OWN_CGROUP,
) -> int:
    """Return the number of threads that can compute at the same time, at least 1.

    It is the number of cores that the process may run on. ``OMP_NUM_THREADS`` lowers it, where the user has set that;
    else the quota of a container, a batch system or a systemd unit does, a part of a core being rounded up.

    Args:
        environment: Environment variables.
        cgroups: Where Linux shows its control groups; where there are none, there is no quota.
        own_cgroup: Names the control group of this process.
    """
    if has_linux(environment):
        allowed = len(os.sched_getaffinity(0))
        quota = min(_quotas(cgroups, own_cgroup), default=allowed)
    else:
        allowed = quota = os.cpu_count() or 1
    return max(1, min(allowed, threads_asked_for(environment) or quota))


def threads_asked_for(environment: Mapping[str, str] = os.environ) -> int | None:
    """Return the value of ``OMP_NUM_THREADS``, or None if it is no number; of a list the first counts."""
    threads = environment.get("OMP_NUM_THREADS", "").partition(",")[0].strip()
    return int(threads) if threads.isdecimal() and int(threads) else None


def _quotas(cgroups: Path, own_cgroup: Path) -> Iterator[int]:
    """Yield the quotas, in cores, of the control groups that hold this process: its own and all above it.

    In a container the root of the tree is the container's own group.
    """
    for line in _read(own_cgroup).splitlines():
        _, controllers, path = line.split(":", 2)
        if controllers and "cpu" not in controllers.split(","):
            continue
        root = cgroups / "cpu" if controllers else cgroups
        own = root / path.lstrip("/")
        for folder in (own, *own.parents) if ".." not in own.parts else (root,):
            quota, _, period = _read(folder / "cpu.max").partition(" ")  # the second version of control groups
            if controllers:
                quota, period = (_read(folder / f"cpu.cfs_{name}_us") for name in ("quota", "period"))
            if quota.strip().isdecimal() and period.strip().isdecimal() and int(period):
                yield -(-int(quota) // int(period))
            if folder == root:
                break


def _read(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:
        return ""
