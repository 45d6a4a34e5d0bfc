"""The machine: which device, which precision, how memory is kept, and how randomness is seeded."""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch

from transformer_cli.errors import UsageError

# From glibc's malloc.h.
_M_TRIM_THRESHOLD, _M_TOP_PAD, _M_MMAP_THRESHOLD = -1, -2, -3


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

    "auto" is bfloat16 on a GPU that has it and float32 elsewhere.
    """
    if name == "auto":
        has_bfloat16 = device.type == "cuda" and torch.cuda.is_bf16_supported(including_emulation=False)
        return torch.bfloat16 if has_bfloat16 else torch.float32
    return {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}[name]


@contextmanager
def autocast(device: torch.device, precision: torch.dtype) -> Iterator[None]:
    """Compute matrix products in ``precision`` inside the block."""
    is_reduced = precision in (torch.bfloat16, torch.float16)
    with torch.autocast(device.type, dtype=precision if is_reduced else None, enabled=is_reduced):
        yield


def keep_freed_memory() -> None:
    """Tell glibc to keep freed memory instead of returning it to the system.

    Training frees and asks for the same large tensors at every step, and the first touch of fresh pages costs as much
    as the arithmetic of a small model. Elsewhere than with glibc nothing happens.
    """
    if not sys.platform.startswith("linux"):
        return
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_M_MMAP_THRESHOLD, 1 << 30)
        mallopt(_M_TRIM_THRESHOLD, (1 << 31) - 1)
        mallopt(_M_TOP_PAD, 1 << 28)


def seed_from(*numbers: int) -> None:
    """Seed torch's random generators, on every device, with a hash of some numbers of zero or more.

    What is drawn after it depends on nothing that was drawn before.
    """
    torch.manual_seed(int(np.random.SeedSequence(numbers).generate_state(1, np.uint64)[0]))
