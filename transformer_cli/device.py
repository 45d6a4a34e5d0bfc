"""The machine: which device, which precision, how memory is kept, and how randomness is seeded."""

from __future__ import annotations

import ctypes
import math
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

import numpy as np
import torch

from transformer_cli.errors import UsageError

# From glibc's malloc.h.
_M_TRIM_THRESHOLD, _M_TOP_PAD, _M_MMAP_THRESHOLD, _M_ARENA_MAX = -1, -2, -3, -8

_KERNELS_KEPT = {"LRU_CACHE_CAPACITY": "16", "ONEDNN_PRIMITIVE_CACHE_CAPACITY": "64"}
"""Environment variables of PyTorch (in each thread) and of the oneDNN below it (in all of them)."""


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

    "auto" is bfloat16 on a GPU that has it, and on a CPU that multiplies faster in it, which is measured; else float32.
    """
    if name != "auto":
        return {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}[name]
    if device.type == "cuda":
        is_faster = torch.cuda.is_bf16_supported(including_emulation=False)
    else:
        is_faster = device.type == "cpu" and _multiplies_faster_in_bfloat16()
    return torch.bfloat16 if is_faster else torch.float32


@cache
def _multiplies_faster_in_bfloat16() -> bool:
    """Say whether products of bfloat16 take at most two thirds of the time of those of float32.

    With instructions for it they take half or less, without them they take longer: so wide a gap is seen on a busy
    machine too, where the fastest of several tries counts.
    """
    seconds = {torch.float32: math.inf, torch.bfloat16: math.inf}
    for _ in range(6):
        for dtype in seconds:
            left, right = torch.ones(1024, 512, dtype=dtype), torch.ones(512, 512, dtype=dtype)
            began = time.perf_counter()
            torch.mm(left, right)
            seconds[dtype] = min(seconds[dtype], time.perf_counter() - began)
    return seconds[torch.bfloat16] < 2 / 3 * seconds[torch.float32]


def has_fast_bfloat16() -> bool:
    """Say whether this processor multiplies bfloat16 matrices by itself, several times as fast as float32 ones."""
    capabilities: dict[str, object] = getattr(torch.cpu, "get_capabilities", dict)()  # older releases cannot tell
    return bool(capabilities.get("avx512_bf16") or capabilities.get("amx_bf16"))


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
    if not sys.platform.startswith("linux"):
        return
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_M_ARENA_MAX, 1)  # the arenas of other threads than the first give memory back whatever the threshold
        mallopt(_M_MMAP_THRESHOLD, 1 << 30)
        mallopt(_M_TRIM_THRESHOLD, (1 << 31) - 1)
        mallopt(_M_TOP_PAD, 1 << 28)


def return_freed_memory(device: torch.device) -> None:
    """Give the system back, as far as that can be done, what was kept to be used again."""
    if device.type == "cuda":
        torch.cuda.empty_cache()
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None) if sys.platform.startswith("linux") else None
    if trim is not None:
        trim(0)


def seed_from(*numbers: int) -> None:
    """Seed torch's random generators, on every device, with a hash of some numbers of zero or more.

    What is drawn after it depends on nothing that was drawn before.
    """
    torch.manual_seed(int(np.random.SeedSequence(numbers).generate_state(1, np.uint64)[0]))
