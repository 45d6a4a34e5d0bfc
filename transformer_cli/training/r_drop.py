"""R-Drop: two passes with different dropout, and a loss that makes their predictions more similar."""

from __future__ import annotations

from torch import Tensor
from torch.nn import functional as F

from transformer_cli.training.loss import TokenLoss, label_smoothed_cross_entropy


def r_drop_loss(first: Tensor, second: Tensor, labels: Tensor, *, smoothing: float, weight: float) -> TokenLoss:
    """Compute half the loss of Liang et al. 2021, equation 4, with smoothed labels.

    If the two passes predict P1 and P2, the loss of a token is
    ``(CE(P1) + CE(P2)) / 2 + weight / 4 * (KL(P1 || P2) + KL(P2 || P1))``. This half can be compared with the loss of
    one pass; ``weight`` is the paper's alpha.

    Args:
        first: (n, V) logits of the first pass, any float type; computed in float32.
        second: (n, V) logits of the second pass.
        labels: (n,) int64, no padding among them.
        smoothing: 0 gives the plain negative log-likelihood.
        weight: Weight of the divergence.
    """
    passes = [label_smoothed_cross_entropy(logits, labels, smoothing=smoothing) for logits in (first, second)]
    log_p, log_q = F.log_softmax(first.float(), dim=-1), F.log_softmax(second.float(), dim=-1)
    # KL(P || Q) + KL(Q || P) in one sum
    divergence = ((log_p.exp() - log_q.exp()) * (log_p - log_q)).sum()
    return TokenLoss((passes[0].total + passes[1].total) / 2 + weight / 4 * divergence, labels.numel())
