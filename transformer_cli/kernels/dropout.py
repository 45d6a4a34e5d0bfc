"""Dropout (section 5.4) with masks that are fast to draw."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn


class Dropout(nn.Dropout):
    """A `torch.nn.Dropout` that draws eight mask entries from one random number on the CPU.

    PyTorch draws a mask on one thread, with one random number per entry. This takes several times as long as the
    neighbouring layer norm. One byte per entry is enough: the probability is rounded to a multiple of 1/256, and the
    kept entries are scaled by the rounded probability.
    """

    def forward(self, x: Tensor) -> Tensor:
        """Drop entries of ``x``, of any shape, in training; otherwise return ``x`` unchanged."""
        if not self.training or self.p == 0.0 or not is_computed_by_cpu_kernels(x):
            return super().forward(x)
        mask, scale = draw_mask(x.shape, self.p)
        return _Masked.apply(x, mask, scale)  # type: ignore[no-untyped-call]


def is_computed_by_cpu_kernels(x: Tensor) -> bool:
    """Return whether PyTorch's own CPU kernels process ``x``, not a GPU or kernels from ``torch.compile``."""
    return x.device.type == "cpu" and not torch.compiler.is_compiling()


def draw_mask(shape: torch.Size, probability: float) -> tuple[Tensor, float]:
    """Draw a dropout mask on the CPU, from PyTorch's generator or that of `random_numbers_from`.

    Args:
        shape: Shape of the mask.
        probability: Probability of dropping an entry; rounded to a multiple of 1/256.

    Returns:
        The mask, uint8, 1 where an entry is kept, and the factor that keeps the expected value.
    """
    dropped = min(255, round(256 * probability))
    words = torch.empty((shape.numel() + 7) // 8, dtype=torch.int64)
    words.random_(-(2**63), None, generator=getattr(_of_this_thread, "generator", None))
    bytes_ = words.view(torch.uint8)[: shape.numel()].view(shape)
    return torch.ge(bytes_, dropped, out=bytes_), 256 / (256 - dropped)


_of_this_thread = threading.local()


@contextmanager
def random_numbers_from(generator: torch.Generator) -> Iterator[None]:
    """Draw this thread's masks from ``generator``; threads that share a generator would draw in a varying order."""
    _of_this_thread.generator = generator
    try:
        yield
    finally:
        del _of_this_thread.generator


class _Masked(torch.autograd.Function):
    """``x * mask * scale``; the mask is kept for the backward pass, one byte per entry."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, mask: Tensor, scale: float) -> Tensor:
        ctx.save_for_backward(mask)
        ctx.scale = scale
        return _masked(x, mask, scale)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None, None]:
        (mask,) = ctx.saved_tensors
        return _masked(gradients[0], mask, ctx.scale), None, None


def _masked(x: Tensor, mask: Tensor, scale: float) -> Tensor:
    return torch.addcmul(x.new_zeros(()), x, mask.to(x.dtype), value=scale)  # multiplies three factors in one pass
