"""Output layer and R-Drop loss in one, a few hundred tokens at a time, so the full matrices of logits never exist.

The formula is in `training/r_drop.py`. For a token with the softmaxes P and Q of the logits of two passes, the
difference D of these logits and the smoothed label y, the divergence is ``P . D - Q . D``, and the gradients are

    (P - y) / 2 + weight / 4 * (P * (D - P . D) + P - Q)      by the logits of the first pass
    (Q - y) / 2 - weight / 4 * (Q * (D - Q . D) + P - Q)      by those of the second
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from transformer_cli.kernels.linear_cross_entropy import add_product, rows_at_once


def linear_r_drop(
    first: Tensor,
    second: Tensor,
    weight: Tensor,
    labels: Tensor,
    *,
    smoothing: float,
    divergence: float,
    bias: Tensor | None = None,
    chunk: int | None = None,
) -> Tensor:
    """Compute the R-Drop loss, summed over tokens, of the logits ``hidden @ weight.T + bias`` of two passes.

    Args:
        first: (n, D), the decoder's last hidden states in the first pass.
        second: (n, D), those of the second pass.
        weight: (V, D), the weight of the output layer; float32 or float64.
        labels: (n,) int64, without padding.
        smoothing: Label smoothing; 0 gives the plain negative log-likelihood.
        divergence: The weight of the divergence.
        bias: (V,), of the type of ``weight``, or None.
        chunk: Number of tokens computed at once, or None to choose it by the device and the sizes.

    Returns:
        A scalar of the type of ``weight``, in nats. Products are computed in the type of ``first``.
    """
    rows = chunk or max(1, rows_at_once(first, weight) // 2)
    function = _ChunkedRDrop.apply
    return function(first, second, weight, bias, labels, smoothing, divergence, rows)  # type: ignore[no-untyped-call]


class _ChunkedRDrop(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any,
        first: Tensor,
        second: Tensor,
        weight: Tensor,
        bias: Tensor | None,
        labels: Tensor,
        smoothing: float,
        divergence: float,
        rows: int,
    ) -> Tensor:
        matrix = weight.to(first.dtype)
        of_first, of_second, of_weight = torch.empty_like(first), torch.empty_like(second), torch.zeros_like(weight)
        of_bias = None if bias is None else torch.zeros_like(bias)
        total = torch.zeros((), dtype=weight.dtype, device=weight.device)
        # Every chunk reuses the memory of the previous one, which is in the caches; it has the rows of both passes.
        products = first.new_empty(2 * min(rows, len(labels)), len(weight))
        wide, softmaxes = products.to(weight.dtype), torch.empty_like(products, dtype=weight.dtype)
        for begin in range(0, len(labels), rows):
            here = torch.cat([first[begin : begin + rows], second[begin : begin + rows]])
            label, count = labels[begin : begin + rows, None].repeat(2, 1), len(here) // 2
            product = torch.mm(here, matrix.T, out=products[: len(here)])
            logits = wide[: len(here)]
            if logits.dtype != product.dtype:
                logits.copy_(product)
            if bias is not None:
                logits.add_(bias)
            total += _loss_to_gradients(logits, softmaxes[: len(here)], label, smoothing, divergence / 4)
            of_logits = logits if logits.dtype == product.dtype else product.copy_(logits)
            torch.mm(of_logits[:count], matrix, out=of_first[begin : begin + rows])
            torch.mm(of_logits[count:], matrix, out=of_second[begin : begin + rows])
            add_product(of_weight, of_logits, here)
            if of_bias is not None:
                of_bias += of_logits.sum(0, dtype=weight.dtype)
        for gradient in (of_first, of_second, of_weight, *([] if of_bias is None else [of_bias])):
            gradient *= -divergence / 4
        share = smoothing / (2 * len(weight))
        sum_of_weight, sum_of_hidden = weight.sum(0), (first + second).sum(0, dtype=weight.dtype)
        total -= share * (sum_of_hidden @ sum_of_weight)  # the sum of all logits of all tokens
        of_weight -= share * sum_of_hidden
        for of_hidden in (of_first, of_second):
            of_hidden -= (share * sum_of_weight).to(first.dtype)
        if bias is not None and of_bias is not None:
            total -= 2 * share * len(labels) * bias.sum()
            of_bias -= 2 * share * len(labels)
        ctx.save_for_backward(of_first, of_second, of_weight, of_bias)
        return total

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        scaled = [None if saved is None else saved * gradients[0].to(saved.dtype) for saved in ctx.saved_tensors]
        return *scaled, None, None, None, None


def _loss_to_gradients(logits: Tensor, softmaxes: Tensor, label: Tensor, smoothing: float, quarter: float) -> Tensor:
    """Return the loss of a chunk; ``logits`` becomes its gradient, divided by minus ``quarter``.

    The smoothing term of the tokens that are no labels is left out of both. Divided so, the gradient is one product and
    one sum of matrices away from the softmaxes.

    Args:
        logits: (2m, V), the first pass above the second.
        softmaxes: (2m, V), memory for the softmaxes.
        label: (2m, 1) int64.
        smoothing: Label smoothing.
        quarter: A quarter of the weight of the divergence.
    """
    of_label, largest = logits.gather(1, label), logits.amax(-1, keepdim=True)
    of_p, of_q = logits.chunk(2)
    difference = of_p - of_q
    p, q = torch.softmax(logits, -1, out=softmaxes).chunk(2)
    log_sum = largest - softmaxes.amax(-1, keepdim=True).log()
    # A product with `bmm` takes three times as long.
    p_mean, q_mean = (torch.mul(each, difference, out=of_p).sum(-1, keepdim=True) for each in (p, q))
    loss = (log_sum - (1 - smoothing) * of_label).sum() / 2 + quarter * (p_mean - q_mean).sum()
    least = 0.5 / quarter + 1
    torch.addcmul(q, p, torch.add(difference, least - p_mean, out=of_p), value=-1, out=of_p)
    torch.addcmul(p, q, torch.sub(difference, least + q_mean, out=of_q), out=of_q)
    logits.scatter_add_(1, label, of_label.new_full(label.shape, (1 - smoothing) / (2 * quarter)))
    return loss
