"""The machine: choice of device and precision, memory settings, and random seeds."""

from __future__ import annotations

import ctypes
import math
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache

import numpy as np
import torch

from transformer_cli.cores import available_cores, has_linux, threads_asked_for
from transformer_cli.errors import UsageError

# From glibc's malloc.h.
_M_TRIM_THRESHOLD, _M_TOP_PAD, _M_MMAP_THRESHOLD, _M_ARENA_MAX = -1, -2, -3, -8

_KERNELS_KEPT = {"LRU_CACHE_CAPACITY": "16", "ONEDNN_PRIMITIVE_CACHE_CAPACITY": "64"}
"""Environment variables that limit cached kernels: PyTorch's for each thread, oneDNN's for all threads together."""

_FAST = 0.75
"""Highest cost of bfloat16, as a multiple of float32's time, that counts as fast.

It lies between the multiples measured with and without bfloat16 instructions.
"""


def choose_device(name: str = "auto") -> torch.device:
    """Return the device called ``name``: "auto" (CUDA if there is one), "cpu", "cuda", "cuda:1" ...

    Raises:
        UsageError: There is no such device here.
    """
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(name)
        torch.zeros(1, device=device).item()  # the device "meta" exists but holds no numbers
    except (RuntimeError, AssertionError, ImportError):  # the last for kinds that need a plug-in
        raise UsageError(f'--device {name}: there is no such device here; "cpu" always works') from None
    return device


def choose_precision(name: str, device: torch.device) -> torch.dtype:
    """Return the type that matrix products are computed in; weights and sums stay float32.

    "auto" is bfloat16 where `has_fast_bfloat16` says so, else float32.
    """
    if name == "auto":
        name = "bfloat16" if has_fast_bfloat16(device) else "float32"
    return {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}[name]


def has_fast_bfloat16(device: torch.device) -> bool:
    """Return whether matrix products are faster in bfloat16 than in float32.

    A GPU reports this itself. On a CPU it is measured, because the CPU's instructions alone do not decide: the library
    below PyTorch may be built without them, or ``ONEDNN_MAX_CPU_ISA`` may turn them off.
    """
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    return device.type == "cpu" and _bfloat16_cost() < _FAST


@cache
def _bfloat16_cost() -> float:
    """Return the time of a matrix product in bfloat16 as a multiple of the time in float32.

    The clock counts the CPU time of one thread, so other programs do not disturb it and no thread waits for another.
    The multiple is 0.5 or less with bfloat16 instructions, 1.2 with AVX-512 instead, and 35 with AVX2. The measurement
    takes milliseconds, or a tenth of a second if the multiple is large.
    """
    seconds = {torch.float32: math.inf, torch.bfloat16: math.inf}
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        for attempt in range(6):
            for dtype in seconds:
                left, right = torch.ones(256, 512, dtype=dtype), torch.ones(512, 512, dtype=dtype)
                began = time.thread_time()
                torch.mm(left, right)
                seconds[dtype] = min(seconds[dtype], time.thread_time() - began)
            if attempt and seconds[torch.bfloat16] > 4 * seconds[torch.float32]:
                break  # the first attempt also generates the machine code
    finally:
        torch.set_num_threads(threads)
    return seconds[torch.bfloat16] / seconds[torch.float32]


@contextmanager
def autocast(device: torch.device, precision: torch.dtype) -> Iterator[None]:
    """Compute matrix products in ``precision`` inside the block."""
    is_reduced = precision in (torch.bfloat16, torch.float16)
    with torch.autocast(device.type, dtype=precision if is_reduced else None, enabled=is_reduced):
        yield


def manage_memory() -> None:
    """Make the process reuse freed memory and cache few kernels; call this before everything else.

    Training frees and allocates the same large tensors at every step. The first use of new pages costs as much as the
    arithmetic of a small model, so glibc, where present, is set to keep freed memory.

    For bfloat16 products on a CPU, oneDNN generates machine code for each shape, in less than a millisecond but half a
    megabyte large. Batches have hundreds of shapes, and PyTorch would cache a thousand. This function lowers that
    limit, unless the environment sets it.
    """
    for name, kept in _KERNELS_KEPT.items():
        os.environ.setdefault(name, kept)
    mallopt = _function_of_the_c_library("mallopt")
    if mallopt is not None:
        mallopt(_M_ARENA_MAX, 1)  # arenas of later threads return memory at any threshold
        mallopt(_M_MMAP_THRESHOLD, 1 << 30)
        mallopt(_M_TRIM_THRESHOLD, (1 << 31) - 1)
        mallopt(_M_TOP_PAD, 1 << 28)


def _function_of_the_c_library(name: str) -> Callable[..., object] | None:
    """Return a function that only glibc has, or None if the C library is another one."""
    function: Callable[..., object] | None = getattr(ctypes.CDLL(None), name, None) if has_linux() else None
    return function


def limit_threads(cores: int | None = None) -> None:
    """Limit PyTorch to one thread per core; PyTorch itself ignores the quota of a container.

    Args:
        cores: The number of cores, or None for the available cores. With None, nothing changes if ``OMP_NUM_THREADS``
            is set, because PyTorch obeys it.
    """
    if cores is None:
        if threads_asked_for() is not None:
            return
        cores = available_cores()
    if torch.get_num_threads() > cores:
        torch.set_num_threads(cores)


def return_freed_memory(device: torch.device) -> None:
    """Return memory that was kept for reuse to the system, as far as possible."""
    if device.type == "cuda":
        torch.cuda.empty_cache()
    trim = _function_of_the_c_library("malloc_trim")
    if trim is not None:
        trim(0)


def seed_from(*numbers: int) -> None:
    """Seed torch's random generators on every device with a hash of non-negative numbers.

    Later draws do not depend on earlier draws.
    """
    torch.manual_seed(int(np.random.SeedSequence(numbers).generate_state(1, np.uint64)[0]))
