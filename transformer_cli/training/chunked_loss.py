"""Output layer and loss in one, a few hundred tokens at a time: the full matrix of logits is never there."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from transformer_cli.training.loss import TokenLoss

_CPU_LOGITS = 1 << 21
"""Logits at once on the CPU: in float32 they stay in the caches of an ordinary machine."""

_GPU_LOGITS = 1 << 27
_FEWEST_ROWS = 256


def chunked_cross_entropy(hidden: Tensor, weight: Tensor, labels: Tensor, *, smoothing: float) -> TokenLoss:
    """Compute what `label_smoothed_cross_entropy` computes of the logits ``hidden @ weight.T``.

    The gradient of a chunk follows from its logits at once, so it is computed together with the loss. Products are
    computed in the type of ``hidden``; softmax, loss and the sum of the weight's gradient in float32 at least.

    Args:
        hidden: (n, D), the decoder's last hidden states.
        weight: (V, D), the output layer's; float32 or float64.
        labels: (n,) int64, no padding among them.
        smoothing: As for `label_smoothed_cross_entropy`.
    """
    function = _ChunkedCrossEntropy.apply
    total = function(hidden, weight, labels, smoothing, torch.is_grad_enabled())  # type: ignore[no-untyped-call]
    return TokenLoss(total, labels.numel())


class _ChunkedCrossEntropy(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, hidden: Tensor, weight: Tensor, labels: Tensor, smoothing: float, learns: bool) -> Tensor:
        vocab_size = weight.size(0)
        limit = _CPU_LOGITS if hidden.device.type == "cpu" else _GPU_LOGITS
        rows = max(_FEWEST_ROWS, limit // vocab_size)
        matrix = weight.to(hidden.dtype)
        of_hidden, of_weight = torch.empty_like(hidden), torch.zeros_like(weight)
        total = torch.zeros((), dtype=weight.dtype, device=weight.device)
        for first in range(0, len(labels), rows):
            here, label = hidden[first : first + rows], labels[first : first + rows, None]
            logits = (here @ matrix.T).to(weight.dtype)
            of_logits, loss = _softmax_and_loss(logits, label, smoothing)
            total += loss
            if learns:
                # What each token but the label gets is the same in every row and is taken off below.
                of_logits.scatter_add_(1, label, of_logits.new_full(label.shape, smoothing - 1))
                of_logits = of_logits.to(hidden.dtype)
                torch.mm(of_logits, matrix, out=of_hidden[first : first + rows])
                _add_product(of_weight, of_logits, here)
        if learns:
            of_hidden -= ((smoothing / vocab_size) * weight.sum(0)).to(hidden.dtype)
            of_weight -= (smoothing / vocab_size) * hidden.sum(0, dtype=weight.dtype)
            ctx.save_for_backward(of_hidden, of_weight)
        return total

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, Tensor, None, None, None]:
        of_hidden, of_weight = ctx.saved_tensors
        return of_hidden * gradients[0].to(of_hidden.dtype), of_weight * gradients[0], None, None, None


def _softmax_and_loss(logits: Tensor, labels: Tensor, smoothing: float) -> tuple[Tensor, Tensor]:
    """Return the probabilities (n, V) and the summed loss of ``logits`` (n, V) with ``labels`` (n, 1)."""
    probabilities = logits.softmax(-1)
    # log(sum(exp(logits))): the largest probability is 1 / sum(exp(logits - largest)), and never too small for a float.
    normalizer = logits.amax(-1) - probabilities.amax(-1).log()
    of_labels = logits.gather(1, labels).sum()
    return probabilities, normalizer.sum() - (1 - smoothing) * of_labels - smoothing * logits.mean(-1).sum()


def _add_product(total: Tensor, left: Tensor, right: Tensor) -> None:
    """Add ``left.T @ right`` to ``total``, whose type may be wider."""
    if left.dtype == total.dtype:
        total.addmm_(left.T, right)
    else:
        total += left.T @ right
