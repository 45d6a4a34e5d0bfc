"""The machine: which device, which precision, how memory is kept, and how randomness is seeded."""

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
"""Environment variables of PyTorch (in each thread) and of the oneDNN below it (in all of them)."""

_FAST = 0.75
"""Of the time that float32 takes: between what is measured with and without instructions for bfloat16."""


def choose_device(name: str = "auto") -> torch.device:
    """Return the device called ``name``: "auto" (CUDA if there is one), "cpu", "cuda", "cuda:1" ...

    Raises:
        UsageError: There is no such device here.
    """
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(name)
        torch.zeros(1, device=device).item()  # "meta" can be named but holds no numbers
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
    """Say whether matrix products are computed faster in bfloat16 than in float32.

    A GPU says so itself. On a CPU it is measured: its instructions do not decide alone, for the library below PyTorch
    may have been told not to use them (``ONEDNN_MAX_CPU_ISA``), or may be built without.
    """
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    return device.type == "cpu" and _bfloat16_cost() < _FAST


@cache
def _bfloat16_cost() -> float:
    """Return the time of a product in bfloat16 as a multiple of that in float32.

    It is the time that one thread computes: while other programs keep it from its core the clock stands still, and no
    thread waits for another. With instructions for bfloat16 the multiple is a half or less; without them it is 1.2
    where AVX-512 stands in, and 35 with AVX2. The measurement takes milliseconds, or a tenth of a second where the
    multiple is large.
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
                break  # the first attempt makes the machine code as well
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
    """Have freed memory used again, and little memory used for what is cheaply made again; call it before all else.

    Training frees and asks for the same large tensors at every step, and the first touch of fresh pages costs as much
    as the arithmetic of a small model: so glibc, where it is the library, is told to keep them.

    For products of bfloat16 on a CPU machine code is made for each shape, in less than a millisecond but half a
    megabyte large. Batches have hundreds of shapes, of which PyTorch would keep a thousand: here it keeps few, unless
    the environment says how many.
    """
    for name, kept in _KERNELS_KEPT.items():
        os.environ.setdefault(name, kept)
    mallopt = _function_of_the_c_library("mallopt")
    if mallopt is not None:
        mallopt(_M_ARENA_MAX, 1)  # the arenas of other threads than the first give memory back whatever the threshold
        mallopt(_M_MMAP_THRESHOLD, 1 << 30)
        mallopt(_M_TRIM_THRESHOLD, (1 << 31) - 1)
        mallopt(_M_TOP_PAD, 1 << 28)


def _function_of_the_c_library(name: str) -> Callable[..., object] | None:
    """Return a function that only glibc has, or None where the library is another."""
    function: Callable[..., object] | None = getattr(ctypes.CDLL(None), name, None) if has_linux() else None
    return function


def limit_threads(cores: int | None = None) -> None:
    """Have PyTorch compute with at most one thread for each core; it does not look at the quota of a container.

    Args:
        cores: The number of cores; None: those available, but nothing is changed where ``OMP_NUM_THREADS`` is set,
            which PyTorch obeys.
    """
    if cores is None:
        if threads_asked_for() is not None:
            return
        cores = available_cores()
    if torch.get_num_threads() > cores:
        torch.set_num_threads(cores)


def return_freed_memory(device: torch.device) -> None:
    """Give the system back, as far as that can be done, what was kept to be used again."""
    if device.type == "cuda":
        torch.cuda.empty_cache()
    trim = _function_of_the_c_library("malloc_trim")
    if trim is not None:
        trim(0)


def seed_from(*numbers: int) -> None:
    """Seed torch's random generators, on every device, with a hash of some numbers of zero or more.

    What is drawn after it depends on nothing that was drawn before.
    """
    torch.manual_seed(int(np.random.SeedSequence(numbers).generate_state(1, np.uint64)[0]))
