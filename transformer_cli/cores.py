"""Resources that the operating system gives this process: the number of cores, and Linux-only features. No torch.

Every part of the program gets both from this module.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

CGROUPS = Path("/sys/fs/cgroup")
OWN_CGROUP = Path("/proc/self/cgroup")


def has_linux(environment: Mapping[str, str] = os.environ) -> bool:
    """Return whether to use Linux-only features: affinity and quotas, settings of glibc's allocator, forked workers.

    Without them the program gives the same results, more slowly. ``TFM_PLAIN=1`` turns them off on Linux too.

    Args:
        environment: Environment variables.
    """
    return sys.platform == "linux" and environment.get("TFM_PLAIN", "") in ("", "0")


def available_cores(
    *,
    environment: Mapping[str, str] = os.environ,
    cgroups: Path = CGROUPS,
    own_cgroup: Path = OWN_CGROUP,
) -> int:
    """Return the number of threads that can compute at the same time, at least 1.

    The number is that of the cores that the process may run on. ``OMP_NUM_THREADS`` lowers it if the user has set it.
    Otherwise the quota of a container, a batch system or a systemd unit lowers it; a part of a core is rounded up.

    Args:
        environment: Environment variables.
        cgroups: The folder in which Linux shows its control groups; without it there is no quota.
        own_cgroup: The file that names the control group of this process.
    """
    if has_linux(environment):
        allowed = len(os.sched_getaffinity(0))
        quota = min(_quotas(cgroups, own_cgroup), default=allowed)
    else:
        allowed = quota = os.cpu_count() or 1
    return max(1, min(allowed, threads_asked_for(environment) or quota))


def threads_asked_for(environment: Mapping[str, str] = os.environ) -> int | None:
    """Return the value of ``OMP_NUM_THREADS`` (the first number of a list), or None if it is not a number."""
    threads = environment.get("OMP_NUM_THREADS", "").partition(",")[0].strip()
    return int(threads) if threads.isdecimal() and int(threads) else None


def memory_limit(*, cgroups: Path = CGROUPS, own_cgroup: Path = OWN_CGROUP) -> int | None:
    """Return the bytes of memory that a container or a batch system allows the process, or None for no limit."""
    limits = (
        _read(folder / ("memory.limit_in_bytes" if is_first else "memory.max")).strip()
        for folder, is_first in _groups("memory", cgroups, own_cgroup)
    )
    return min((int(limit) for limit in limits if limit.isdecimal()), default=None)


def _quotas(cgroups: Path, own_cgroup: Path) -> Iterator[int]:
    """Yield the quotas of the process in cores."""
    for folder, is_first in _groups("cpu", cgroups, own_cgroup):
        quota, _, period = _read(folder / "cpu.max").partition(" ")
        if is_first:
            quota, period = (_read(folder / f"cpu.cfs_{name}_us") for name in ("quota", "period"))
        if quota.strip().isdecimal() and period.strip().isdecimal() and int(period):
            yield -(-int(quota) // int(period))


def _groups(controller: str, cgroups: Path, own_cgroup: Path) -> Iterator[tuple[Path, bool]]:
    """Yield the folders of the control groups that hold this process: its own group and all above it.

    In a container the root of the tree is the container's own group.

    Yields:
        The folder, and whether it is one of the first version of control groups.
    """
    for line in _read(own_cgroup).splitlines():
        _, controllers, path = line.split(":", 2)
        if controllers and controller not in controllers.split(","):
            continue
        root = cgroups / controller if controllers else cgroups
        own = root / path.lstrip("/")
        for folder in (own, *own.parents) if ".." not in own.parts else (root,):
            yield folder, bool(controllers)
            if folder == root:
                break


def _read(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:
        return ""
