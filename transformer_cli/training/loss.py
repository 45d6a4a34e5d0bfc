"""Summed cross-entropy with label smoothing (section 5.4); after adding up several batches, the caller divides once."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor
from torch.nn import functional as F


@dataclass(frozen=True, slots=True)
class TokenLoss:
    """The loss of some target tokens.

    Args:
        total: Scalar, sum of the smoothed cross-entropy over the tokens, in nats; has a gradient.
        tokens: Number of tokens in the sum.
    """

    total: Tensor
    tokens: int


def label_smoothed_cross_entropy(logits: Tensor, labels: Tensor, *, smoothing: float) -> TokenLoss:
    """Compute the cross-entropy of predictions with smoothed labels.

    With V tokens the label's share is ``1 - smoothing + smoothing / V`` and every other token's ``smoothing / V``
    (Szegedy et al. 2016, section 7).

    Args:
        logits: (n, V), any float type; computed in float32.
        labels: (n,) int64, no padding among them.
        smoothing: 0 gives the plain negative log-likelihood.
    """
    total = F.cross_entropy(logits.float(), labels, label_smoothing=smoothing, reduction="sum")
    return TokenLoss(total, labels.numel())
