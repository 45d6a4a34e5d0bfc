"""`StepWeights.step` against `PlainStepDecoder`: what is remembered must equal what is computed anew."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor
from torch.testing import assert_close

from tests.support.tensors import assert_equal_but_rounding
from tests.support.tiny_models import VOCAB_SIZE, padded_sources, random_tokens, tiny_model
from transformer_cli.decoding.pytorch.beam_cache import BeamCache
from transformer_cli.decoding.pytorch.fused_decoder import PACKED_FROM, StepWeights
from transformer_cli.decoding.pytorch.plain_decoder import PlainStepDecoder
from transformer_cli.decoding.search.step_decoder import StepDecoder

LENGTHS = [3, 6, 4]
BEAMS = 2
STEPS = 36  # past what the cache has room for at first, several times, and max_length, 16

norms = pytest.mark.parametrize("norm", ["post", "pre"])


def plain_steps(decoder: StepDecoder, target: Tensor) -> Tensor:
    """Decode (N, T) token by token; returns log-probabilities (N, T, V)."""
    return torch.stack([decoder.step(target[:, t]) for t in range(target.size(1))], dim=1)


def steps(weights: StepWeights, cache: BeamCache, target: Tensor) -> Tensor:
    """Do the same with what is laid out for speed; its logits are padded."""
    logits = torch.stack([weights.step(target[:, t], cache) for t in range(target.size(1))], dim=1)
    assert logits.size(2) == VOCAB_SIZE + 3  # the next multiple of 16
    assert (logits[..., VOCAB_SIZE:] == -torch.inf).all()
    return logits[..., :VOCAB_SIZE].log_softmax(dim=-1)


@norms
@pytest.mark.parametrize("beams", [1, 2, 3])
@torch.no_grad()
def test_steps_equal_those_of_the_plain_decoder(norm: str, beams: int):
    model = tiny_model(norm=norm)
    source, mask = padded_sources(LENGTHS)
    target = random_tokens(len(LENGTHS) * beams, STEPS, seed=1)
    weights, plain = StepWeights(model), PlainStepDecoder(model, source, mask, rows_per_sentence=beams)

    cache = weights.start(model.encode(source, mask), mask, width=beams)

    assert_equal_but_rounding(steps(weights, cache, target), plain_steps(plain, target))
    assert cache.length == STEPS


@pytest.mark.parametrize(
    ("rows", "sentences"),
    [
        pytest.param([1, 0, 3, 2, 5, 4], [0, 1, 2], id="beams change places"),
        pytest.param([0, 0, 3, 3, 4, 4], [0, 1, 2], id="a beam is repeated and the other dropped"),
        pytest.param([2, 3, 4, 5], [1, 2], id="the first sentence is over"),
        pytest.param([1, 1, 5, 4], [0, 2], id="the middle one is over and beams move"),
        pytest.param([5, 4], [2], id="one sentence is left"),
    ],
)
@pytest.mark.parametrize("selected_after", [1, 7, 8, 15, 16, 17])
@torch.no_grad()
def test_selected_rows_go_on_as_if_they_had_been_alone(rows: list[int], sentences: list[int], selected_after: int):
    model = tiny_model()
    source, mask = padded_sources(LENGTHS)
    before = random_tokens(len(LENGTHS) * BEAMS, selected_after, seed=1)
    middle, after = random_tokens(len(rows), 6, seed=2), random_tokens(len(rows), 20, seed=3)
    weights, plain = StepWeights(model), PlainStepDecoder(model, source, mask, rows_per_sentence=BEAMS)
    again = torch.tensor([[1, 0]] * len(sentences))  # so that a past is put together of two moves

    cache = weights.start(model.encode(source, mask), mask, width=BEAMS)
    steps(weights, cache, before)
    plain_steps(plain, before)
    if len(sentences) < len(LENGTHS):
        cache.keep(torch.tensor(sentences))
    cache.select(torch.tensor(rows).view(-1, BEAMS) % BEAMS)
    plain.select(torch.tensor(rows))
    assert_equal_but_rounding(steps(weights, cache, middle), plain_steps(plain, middle))
    cache.select(again)
    plain.select((again + BEAMS * torch.arange(len(sentences))[:, None]).flatten())

    assert_equal_but_rounding(steps(weights, cache, after), plain_steps(plain, after))


@torch.no_grad()
def test_what_no_hypothesis_has_in_its_past_any_more_is_forgotten():
    model = tiny_model()
    source, mask = padded_sources(LENGTHS)
    beams, length, random = 4, 60, torch.Generator().manual_seed(1)
    weights, plain = StepWeights(model), PlainStepDecoder(model, source, mask, rows_per_sentence=beams)
    cache = weights.start(model.encode(source, mask), mask, width=beams)

    for _ in range(length):
        tokens = random_tokens(len(LENGTHS) * beams, 1, seed=cache.length)
        assert_equal_but_rounding(steps(weights, cache, tokens), plain_steps(plain, tokens))
        parents = torch.randint(beams, (len(LENGTHS), beams), generator=random)
        cache.select(parents)
        plain.select((parents + beams * torch.arange(len(LENGTHS))[:, None]).flatten())

    assert cache.own_mask.size(3) < length + 20 * beams < length * beams


@torch.no_grad()
def test_matrices_that_are_laid_out_for_the_processor_give_what_they_give_as_they_are(monkeypatch):
    d_model = 64
    vocab_size = PACKED_FROM // d_model
    model = tiny_model(d_model=d_model, d_ff=vocab_size, vocab_size=vocab_size).float()
    source, mask = padded_sources(LENGTHS)
    tokens = random_tokens(len(LENGTHS), 5, seed=1)

    def logits() -> Tensor:
        weights = StepWeights(model)
        cache = weights.start(model.encode(source, mask), mask, width=1)
        return torch.stack([weights.step(tokens[:, t], cache) for t in range(5)])

    packed = logits()
    monkeypatch.setattr(torch.backends.mkldnn, "is_available", lambda: False)
    assert_close(packed, logits(), rtol=1e-4, atol=1e-3)


@torch.no_grad()
def test_two_caches_of_one_model_do_not_touch_each_other():
    model = tiny_model()
    source, mask = padded_sources(LENGTHS)
    memory = model.encode(source, mask)
    first_target, second_target = random_tokens(3, 4, seed=1), random_tokens(3, 4, seed=2)
    weights = StepWeights(model)

    first, second = (weights.start(memory, mask, width=1) for _ in range(2))
    outputs = [
        (steps(weights, first, first_target[:, t : t + 1]), steps(weights, second, second_target[:, t : t + 1]))
        for t in range(4)
    ]

    for target, log_probs in zip((first_target, second_target), zip(*outputs, strict=True), strict=True):
        plain = PlainStepDecoder(model, source, mask)
        assert_equal_but_rounding(torch.cat(log_probs, dim=1), plain_steps(plain, target))


@torch.no_grad()
def test_products_in_bfloat16_give_about_the_same_in_the_type_of_the_weights():
    model = tiny_model().float()
    source, mask = padded_sources(LENGTHS)
    tokens = random_tokens(len(LENGTHS), 1, seed=1)
    exact, rounded = StepWeights(model), StepWeights(model, precision=torch.bfloat16)

    expected, got = (
        steps(weights, weights.start(model.encode(source, mask), mask, width=1), tokens) for weights in (exact, rounded)
    )

    assert (expected.dtype, got.dtype) == (torch.float32, torch.bfloat16)
    error = (got.float() - expected).abs().max()
    assert 0 < error < 0.05 * expected.abs().max()
