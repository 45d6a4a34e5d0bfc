"""Dropout (section 5.4) with masks that are cheap to draw."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn


class Dropout(nn.Dropout):
    """`torch.nn.Dropout` that on the CPU draws eight entries of its mask from one random number.

    PyTorch draws a mask on one thread, one random number an entry, and takes several times as long for it as for the
    layer norm beside. One byte an entry suffices: there the probability is rounded to a multiple of 1/256, and what is
    kept is scaled by that.
    """

    def forward(self, x: Tensor) -> Tensor:
        """Drop entries of ``x``, of any shape, in training; give it back as it is otherwise."""
        if not self.training or self.p == 0.0 or not is_computed_by_cpu_kernels(x):
            return super().forward(x)
        mask, scale = draw_mask(x.shape, self.p)
        return _Masked.apply(x, mask, scale)  # type: ignore[no-untyped-call]


def is_computed_by_cpu_kernels(x: Tensor) -> bool:
    """Say whether PyTorch's own CPU kernels compute what follows, not a GPU's or those that ``torch.compile`` makes."""
    return x.device.type == "cpu" and not torch.compiler.is_compiling()


def draw_mask(shape: torch.Size, probability: float) -> tuple[Tensor, float]:
    """Draw a dropout mask on the CPU, from PyTorch's generator or that of `random_numbers_from`.

    Args:
        shape: Of the mask.
        probability: With which an entry is dropped; rounded to a multiple of 1/256.

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
    """Draw the masks of this thread from ``generator``: threads that share one would take turns as it happens."""
    _of_this_thread.generator = generator
    try:
        yield
    finally:
        del _of_this_thread.generator


class _Masked(torch.autograd.Function):
    """``x * mask * scale``; for the backward pass the mask is kept, at a byte an entry."""

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
    return torch.addcmul(x.new_zeros(()), x, mask.to(x.dtype), value=scale)  # a product of three in one pass
