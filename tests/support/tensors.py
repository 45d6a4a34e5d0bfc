"""How tensors are compared."""

from __future__ import annotations

from torch import Tensor
from torch.testing import assert_close


def assert_equal_but_rounding(actual: Tensor, expected: Tensor) -> None:
    """Fail unless two float64 tensors differ by no more than the order of their sums explains."""
    assert_close(actual, expected, rtol=0.0, atol=1e-10)
