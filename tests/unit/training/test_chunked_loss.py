from __future__ import annotations

import pytest
import torch
from torch import Tensor

from transformer_cli.training import chunked_loss
from transformer_cli.training.chunked_loss import chunked_cross_entropy
from transformer_cli.training.loss import label_smoothed_cross_entropy

D, V = 6, 11

smoothings = pytest.mark.parametrize("smoothing", [0.0, 0.1, 0.5])


@pytest.fixture(autouse=True)
def _small_chunks(monkeypatch):
    """Make chunks of four rows, so that few tokens are several chunks."""
    monkeypatch.setattr(chunked_loss, "_CPU_LOGITS", 4 * V)
    monkeypatch.setattr(chunked_loss, "_FEWEST_ROWS", 1)


def random_inputs(tokens: int, dtype: torch.dtype = torch.float64) -> tuple[Tensor, Tensor, Tensor]:
    generator = torch.Generator().manual_seed(0)
    hidden = torch.randn(tokens, D, generator=generator, dtype=torch.float64)
    weight = torch.randn(V, D, generator=generator, dtype=torch.float64)
    labels = torch.randint(V, (tokens,), generator=generator)
    return hidden.to(dtype).requires_grad_(), weight.to(dtype).requires_grad_(), labels


@smoothings
@pytest.mark.parametrize("tokens", [1, 4, 5, 12, 15])
def test_loss_and_gradients_are_those_of_the_plain_loss_however_the_chunks_fall(tokens: int, smoothing: float):
    hidden, weight, labels = random_inputs(tokens)
    plain_hidden, plain_weight, _ = random_inputs(tokens)

    loss = chunked_cross_entropy(hidden, weight, labels, smoothing=smoothing)
    # PyTorch's loss is in float64 too: `label_smoothed_cross_entropy` would round the logits to float32.
    logits = plain_hidden @ plain_weight.T
    plain = torch.nn.functional.cross_entropy(logits, labels, label_smoothing=smoothing, reduction="sum")

    assert loss.tokens == tokens
    torch.testing.assert_close(loss.total, plain)
    found = torch.autograd.grad(loss.total / 7, (hidden, weight))
    torch.testing.assert_close(found, torch.autograd.grad(plain / 7, (plain_hidden, plain_weight)))


def test_in_bfloat16_the_loss_is_summed_in_float32_and_the_gradient_right_within_the_rounding_of_products():
    hidden, weight, labels = random_inputs(64, torch.float32)
    half = hidden.detach().bfloat16().requires_grad_()

    loss = chunked_cross_entropy(half, weight, labels, smoothing=0.1).total
    plain = label_smoothed_cross_entropy(hidden @ weight.T, labels, smoothing=0.1).total

    assert loss.dtype == torch.float32
    torch.testing.assert_close(loss, plain, rtol=0.005, atol=0.0)
    found, wanted = torch.autograd.grad(loss, (half, weight)), torch.autograd.grad(plain, (hidden, weight))
    assert [gradient.dtype for gradient in found] == [torch.bfloat16, torch.float32]
    for gradient, exact in zip(found, wanted, strict=True):
        error = (gradient.float() - exact).norm() / exact.norm()
        assert error < 0.01


def test_logits_too_large_for_an_exponential_are_no_trouble():
    hidden, weight, labels = random_inputs(9, torch.float32)

    loss = chunked_cross_entropy(hidden * 1000, weight, labels, smoothing=0.1).total

    expected = label_smoothed_cross_entropy(hidden * 1000 @ weight.T, labels, smoothing=0.1).total
    torch.testing.assert_close(loss, expected)


def test_without_gradients_it_gives_the_loss_alone():
    hidden, weight, labels = random_inputs(9)
    expected = chunked_cross_entropy(hidden, weight, labels, smoothing=0.1).total

    with torch.no_grad():
        loss = chunked_cross_entropy(hidden, weight, labels, smoothing=0.1).total

    assert not loss.requires_grad
    torch.testing.assert_close(loss, expected.detach())
