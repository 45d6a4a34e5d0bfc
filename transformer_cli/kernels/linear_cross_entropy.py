"""Output layer and loss in one, a few hundred tokens at a time, so the full matrix of logits never exists.

PyTorch 2.13 has `torch.nn.functional.linear_cross_entropy`, but its chunked method does not support label smoothing.
Check the next release, and delete this file if it does.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

_CPU_LOGITS = 1 << 21
"""Number of logits in a chunk on the CPU; in float32 they fit into the caches of an ordinary machine."""

_GPU_LOGITS = 1 << 27
_FEWEST_ROWS = 256

_LEAST_LOG_PROBABILITY = -80.0
"""Nearly the logarithm of the smallest float32."""


def linear_cross_entropy(
    hidden: Tensor,
    weight: Tensor,
    labels: Tensor,
    *,
    smoothing: float,
    bias: Tensor | None = None,
    chunk: int | None = None,
) -> Tensor:
    """Compute the sum over tokens of ``F.cross_entropy(hidden @ weight.T + bias, labels, label_smoothing=smoothing)``.

    The gradient of a chunk is computed together with its loss, from the same logits. Products are computed in the type
    of ``hidden``; softmax, loss and the sum of the weight's gradient are computed at least in float32.

    Args:
        hidden: (n, D), the decoder's last hidden states.
        weight: (V, D), the weight of the output layer; float32 or float64.
        labels: (n,) int64, without padding.
        smoothing: Label smoothing; 0 gives the plain negative log-likelihood.
        bias: (V,), of the type of ``weight``, or None.
        chunk: Number of tokens computed at once, or None to choose it by the device and the sizes.

    Returns:
        A scalar of the type of ``weight``, in nats.
    """
    rows = chunk or rows_at_once(hidden, weight)
    function = _ChunkedCrossEntropy.apply
    return function(hidden, weight, bias, labels, smoothing, rows, torch.is_grad_enabled())  # type: ignore[no-untyped-call]


def rows_at_once(hidden: Tensor, weight: Tensor) -> int:
    """Return the number of tokens to compute at once."""
    logits = _CPU_LOGITS if hidden.device.type == "cpu" else _GPU_LOGITS
    # Adding a chunk to the weight's gradient costs as much as processing D rows.
    return max(_FEWEST_ROWS, hidden.size(1), logits // weight.size(0))


class _ChunkedCrossEntropy(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any,
        hidden: Tensor,
        weight: Tensor,
        bias: Tensor | None,
        labels: Tensor,
        smoothing: float,
        rows: int,
        learns: bool,
    ) -> Tensor:
        vocab_size = weight.size(0)
        is_on_cpu = hidden.device.type == "cpu"
        matrix = weight.to(hidden.dtype)
        of_hidden, of_weight = torch.empty_like(hidden), torch.zeros_like(weight)
        of_bias = None if bias is None else torch.zeros_like(bias)
        total = torch.zeros((), dtype=weight.dtype, device=weight.device)
        # Every chunk reuses the memory of the previous one, which is in the caches.
        products = hidden.new_empty(min(rows, len(labels)), vocab_size)
        wide = products.to(weight.dtype)
        for first in range(0, len(labels), rows):
            here, label = hidden[first : first + rows], labels[first : first + rows, None]
            product = torch.mm(here, matrix.T, out=products[: len(here)])
            logits = wide[: len(here)]
            if logits.dtype != product.dtype:
                logits.copy_(product)
            logits = _plus(logits, bias)
            of_label = logits.gather(1, label)
            probabilities = torch.softmax(logits, -1, out=logits if is_on_cpu else None)
            log_probability = probabilities.gather(1, label).log()
            unlikely = (log_probability[:, 0] < _LEAST_LOG_PROBABILITY).nonzero()[:, 0]
            if len(unlikely):
                exact = _plus((here[unlikely] @ matrix.T).to(weight.dtype), bias).log_softmax(-1)
                log_probability[unlikely] = exact.gather(1, label[unlikely])
            # The smoothing term of the other tokens is the same in every row, so it is subtracted once, below.
            total += (smoothing * of_label - log_probability).sum()
            if learns:
                probabilities.scatter_add_(1, label, of_label.new_full(label.shape, smoothing - 1))
                of_logits = probabilities if hidden.dtype == weight.dtype else product.copy_(probabilities)
                torch.mm(of_logits, matrix, out=of_hidden[first : first + rows])
                add_product(of_weight, of_logits, here)
                if of_bias is not None:
                    of_bias += of_logits.sum(0, dtype=weight.dtype)
        sum_of_weight, sum_of_hidden = weight.sum(0), hidden.sum(0, dtype=weight.dtype)
        share = smoothing / vocab_size
        total -= share * (sum_of_hidden @ sum_of_weight)  # the sum of all logits of all tokens
        if bias is not None:
            total -= share * len(labels) * bias.sum()
        if learns:
            of_hidden -= (share * sum_of_weight).to(hidden.dtype)
            of_weight -= share * sum_of_hidden
            if of_bias is not None:
                of_bias -= share * len(labels)
            ctx.save_for_backward(of_hidden, of_weight, of_bias)
        return total

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        of_hidden, of_weight, of_bias = ctx.saved_tensors
        scale = gradients[0]
        of_bias = None if of_bias is None else of_bias * scale
        return of_hidden * scale.to(of_hidden.dtype), of_weight * scale, of_bias, None, None, None, None


def _plus(logits: Tensor, bias: Tensor | None) -> Tensor:
    return logits if bias is None else logits.add_(bias)


def add_product(total: Tensor, left: Tensor, right: Tensor) -> None:
    """Add ``left.T @ right`` to ``total``, whose type may be wider."""
    if left.dtype == total.dtype:
        total.addmm_(left.T, right)
    else:
        total += left.T @ right
