from __future__ import annotations

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from transformer_cli.kernels.linear_cross_entropy import linear_cross_entropy

D, V, CHUNK = 6, 11, 4

smoothings = pytest.mark.parametrize("smoothing", [0.0, 0.1, 0.5])


def random_inputs(tokens: int, dtype: torch.dtype = torch.float64) -> tuple[Tensor, Tensor, Tensor]:
    generator = torch.Generator().manual_seed(0)
    hidden = torch.randn(tokens, D, generator=generator, dtype=torch.float64)
    weight = torch.randn(V, D, generator=generator, dtype=torch.float64)
    labels = torch.randint(V, (tokens,), generator=generator)
    return hidden.to(dtype).requires_grad_(), weight.to(dtype).requires_grad_(), labels


def plain_loss(hidden: Tensor, weight: Tensor, labels: Tensor, *, smoothing: float) -> Tensor:
    return F.cross_entropy(hidden @ weight.T, labels, label_smoothing=smoothing, reduction="sum")


@smoothings
@pytest.mark.parametrize("tokens", [1, 4, 5, 12, 15])
@pytest.mark.parametrize("chunk", [1, CHUNK, None])
def test_loss_and_gradients_are_those_of_the_plain_loss_however_the_chunks_fall(
    tokens: int, smoothing: float, chunk: int | None
):
    hidden, weight, labels = random_inputs(tokens)
    plain_hidden, plain_weight, _ = random_inputs(tokens)

    loss = linear_cross_entropy(hidden, weight, labels, smoothing=smoothing, chunk=chunk)
    plain = plain_loss(plain_hidden, plain_weight, labels, smoothing=smoothing)

    torch.testing.assert_close(loss, plain)
    found = torch.autograd.grad(loss / 7, (hidden, weight))
    torch.testing.assert_close(found, torch.autograd.grad(plain / 7, (plain_hidden, plain_weight)))


@smoothings
@pytest.mark.parametrize("likelihood", [1.0, 200.0])
def test_a_bias_counts_in_loss_and_gradients(smoothing: float, likelihood: float):
    hidden, weight, labels = random_inputs(11)
    bias = (
        likelihood * torch.randn(V, generator=torch.Generator().manual_seed(2), dtype=torch.float64)
    ).requires_grad_()

    loss = linear_cross_entropy(hidden, weight, labels, smoothing=smoothing, bias=bias, chunk=CHUNK)
    plain = F.cross_entropy(hidden @ weight.T + bias, labels, label_smoothing=smoothing, reduction="sum")

    torch.testing.assert_close(loss, plain)
    inputs = (hidden, weight, bias)
    torch.testing.assert_close(torch.autograd.grad(loss / 7, inputs), torch.autograd.grad(plain / 7, inputs))


def test_in_bfloat16_the_loss_is_summed_in_float32_and_the_gradient_right_within_the_rounding_of_products():
    hidden, weight, labels = random_inputs(64, torch.float32)
    half = hidden.detach().bfloat16().requires_grad_()

    loss = linear_cross_entropy(half, weight, labels, smoothing=0.1, chunk=CHUNK)
    plain = plain_loss(hidden, weight, labels, smoothing=0.1)

    assert loss.dtype == torch.float32
    torch.testing.assert_close(loss, plain, rtol=0.005, atol=0.0)
    found, wanted = torch.autograd.grad(loss, (half, weight)), torch.autograd.grad(plain, (hidden, weight))
    assert [gradient.dtype for gradient in found] == [torch.bfloat16, torch.float32]
    for gradient, exact in zip(found, wanted, strict=True):
        error = (gradient.float() - exact).norm() / exact.norm()
        assert error < 0.01


def test_logits_too_large_for_an_exponential_are_no_trouble():
    hidden, weight, labels = random_inputs(9, torch.float32)

    loss = linear_cross_entropy(hidden * 1000, weight, labels, smoothing=0.1, chunk=CHUNK)

    torch.testing.assert_close(loss, plain_loss(hidden * 1000, weight, labels, smoothing=0.1))


def test_without_gradients_it_gives_the_loss_alone():
    hidden, weight, labels = random_inputs(9)
    expected = linear_cross_entropy(hidden, weight, labels, smoothing=0.1, chunk=CHUNK)

    with torch.no_grad():
        loss = linear_cross_entropy(hidden, weight, labels, smoothing=0.1, chunk=CHUNK)

    assert not loss.requires_grad
    torch.testing.assert_close(loss, expected.detach())
