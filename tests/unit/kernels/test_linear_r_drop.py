from __future__ import annotations

import pytest
import torch
from torch import Tensor

from transformer_cli.kernels.linear_r_drop import linear_r_drop
from transformer_cli.training.r_drop import r_drop_loss

D, V, CHUNK = 6, 11, 4


def random_inputs(tokens: int, *, scale: float = 1.0, bias: bool = False) -> tuple[list[Tensor], Tensor]:
    """Return hidden states of two passes, weight and perhaps bias in float64, and labels."""
    generator = torch.Generator().manual_seed(0)
    shapes = [(tokens, D), (tokens, D), (V, D), *([(V,)] if bias else [])]
    tensors = [scale * torch.randn(shape, generator=generator, dtype=torch.float64) for shape in shapes]
    return [each.requires_grad_() for each in tensors], torch.randint(V, (tokens,), generator=generator)


def plain(inputs: list[Tensor], labels: Tensor, smoothing: float, weight: float) -> Tensor:
    first, second, matrix, *bias = inputs
    logits = [hidden @ matrix.T + (bias[0] if bias else 0.0) for hidden in (first, second)]
    # `r_drop_loss` computes in float32, which is too coarse here.
    log_p, log_q = (each.log_softmax(-1) for each in logits)
    smoothed = [
        torch.nn.functional.cross_entropy(each, labels, label_smoothing=smoothing, reduction="sum") for each in logits
    ]
    return sum(smoothed) / 2 + weight / 4 * ((log_p.exp() - log_q.exp()) * (log_p - log_q)).sum()


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
@pytest.mark.parametrize("tokens", [1, 4, 5, 12])
@pytest.mark.parametrize("chunk", [1, CHUNK, None])
@pytest.mark.parametrize("bias", [False, True])
def test_loss_and_gradients_are_those_of_the_plain_loss_however_the_chunks_fall(tokens, smoothing, chunk, bias):
    inputs, labels = random_inputs(tokens, bias=bias)
    first, second, matrix, *own_bias = inputs
    expected = plain(inputs, labels, smoothing, 5.0)

    loss = linear_r_drop(
        first,
        second,
        matrix,
        labels,
        smoothing=smoothing,
        divergence=5.0,
        bias=own_bias[0] if own_bias else None,
        chunk=chunk,
    )

    torch.testing.assert_close(loss, expected)
    torch.testing.assert_close(torch.autograd.grad(loss / 7, inputs), torch.autograd.grad(expected / 7, inputs))


def test_the_plain_loss_is_that_of_the_training():
    inputs, labels = random_inputs(9)
    first, second, matrix = inputs

    loss = r_drop_loss(first @ matrix.T, second @ matrix.T, labels, smoothing=0.1, weight=3.0).total

    torch.testing.assert_close(loss.double(), plain(inputs, labels, 0.1, 3.0), rtol=1e-5, atol=0.0)


def test_in_bfloat16_the_gradient_is_right_within_the_rounding_of_products():
    inputs, labels = random_inputs(64, scale=0.5)
    expected = plain(inputs, labels, 0.1, 1.0)
    first, second = (each.detach().bfloat16().requires_grad_() for each in inputs[:2])
    matrix = inputs[2].detach().float().requires_grad_()

    loss = linear_r_drop(first, second, matrix, labels, smoothing=0.1, divergence=1.0, chunk=CHUNK)

    assert loss.dtype == torch.float32
    torch.testing.assert_close(loss.double(), expected, rtol=0.005, atol=0.0)
    found = torch.autograd.grad(loss, (first, second, matrix))
    assert [gradient.dtype for gradient in found] == [torch.bfloat16, torch.bfloat16, torch.float32]
    for gradient, exact in zip(found, torch.autograd.grad(expected, inputs), strict=True):
        assert (gradient.double() - exact).norm() / exact.norm() < 0.02


def test_logits_too_large_for_an_exponential_are_no_trouble():
    inputs, labels = random_inputs(9, scale=30.0)
    first, second, matrix = (each.detach().float().requires_grad_() for each in inputs)

    loss = linear_r_drop(first, second, matrix, labels, smoothing=0.1, divergence=1.0, chunk=CHUNK)

    torch.testing.assert_close(loss.double(), plain(inputs, labels, 0.1, 1.0), rtol=1e-4, atol=0.0)
    assert all(gradient.isfinite().all() for gradient in torch.autograd.grad(loss, (first, second, matrix)))
