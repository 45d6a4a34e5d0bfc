from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from torch import Tensor

from transformer_cli.training.loss import label_smoothed_cross_entropy

TOKENS, VOCAB_SIZE = 5, 7

smoothings = pytest.mark.parametrize("smoothing", [0.0, 0.1, 0.5])


def random_predictions() -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(0)
    logits = 3 * torch.randn(TOKENS, VOCAB_SIZE, generator=generator)
    return logits, torch.randint(VOCAB_SIZE, (TOKENS,), generator=generator)


def smoothed_label(label: int, smoothing: float) -> list[float]:
    return [smoothing / VOCAB_SIZE + (1 - smoothing) * (token == label) for token in range(VOCAB_SIZE)]


@smoothings
def test_the_total_is_the_cross_entropy_with_the_smoothed_labels(smoothing: float):
    logits, labels = random_predictions()

    expected = 0.0
    for row, label in zip(logits.double().numpy(), labels.tolist(), strict=True):
        log_probs = row - np.log(np.exp(row).sum())
        for share, log_prob in zip(smoothed_label(label, smoothing), log_probs, strict=True):
            expected -= share * log_prob

    loss = label_smoothed_cross_entropy(logits, labels, smoothing=smoothing)

    assert loss.total.item() == pytest.approx(expected, rel=1e-6)
    assert loss.tokens == TOKENS


def test_without_smoothing_it_is_the_negative_log_likelihood():
    logits, labels = random_predictions()

    log_probs = logits.double().log_softmax(dim=1)
    expected = -sum(log_probs[row, label].item() for row, label in enumerate(labels.tolist()))

    loss = label_smoothed_cross_entropy(logits, labels, smoothing=0.0)

    assert loss.total.item() == pytest.approx(expected, rel=1e-6)


@smoothings
def test_a_model_that_knows_nothing_pays_the_logarithm_of_the_vocabulary_a_token(smoothing: float):
    loss = label_smoothed_cross_entropy(torch.zeros(3, 8), torch.tensor([0, 5, 7]), smoothing=smoothing)

    assert loss.total.item() == pytest.approx(3 * math.log(8), rel=1e-6)


@smoothings
def test_the_gradient_is_the_probability_less_the_smoothed_label(smoothing: float):
    logits, labels = random_predictions()
    logits.requires_grad_()

    label_smoothed_cross_entropy(logits, labels, smoothing=smoothing).total.backward()

    expected = logits.detach().softmax(dim=1) - torch.tensor([smoothed_label(i, smoothing) for i in labels.tolist()])
    assert logits.grad is not None
    torch.testing.assert_close(logits.grad, expected, rtol=0.0, atol=1e-6)


def test_logits_of_half_precision_are_summed_in_float32():
    logits, labels = torch.zeros(4096, 4, dtype=torch.bfloat16), torch.zeros(4096, dtype=torch.int64)

    total = label_smoothed_cross_entropy(logits, labels, smoothing=0.1).total

    assert total.dtype == torch.float32
    assert total.item() == pytest.approx(4096 * math.log(4), rel=1e-5)
