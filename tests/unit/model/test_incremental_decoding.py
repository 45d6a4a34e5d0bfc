"""`Transformer.decode_step` against `Transformer.decode`: what is remembered must equal what is computed anew."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from tests.support.tensors import assert_equal_but_rounding
from tests.support.tiny_models import padded_sources, random_tokens, tiny_model
from transformer_cli.model.cache import DecoderCache
from transformer_cli.model.transformer import Transformer

LENGTHS = [3, 6, 4]
BEAMS = 2
STEPS = 36  # past the cache's first 16 places, the 32 after them, and max_length, 16

norms = pytest.mark.parametrize("norm", ["post", "pre"])


def full_logits(model: Transformer, source: Tensor, mask: Tensor, target: Tensor) -> Tensor:
    """Decode (N, T) at once, the source copied for each of a sentence's rows; returns (N, T, V)."""
    rows = target.size(0) // source.size(0)
    logits: Tensor = model(source.repeat_interleave(rows, dim=0), mask.repeat_interleave(rows, dim=0), target)
    return logits


def steps(model: Transformer, cache: DecoderCache, target: Tensor) -> Tensor:
    """Decode (N, T) token by token; returns (N, T, V)."""
    return torch.stack([model.decode_step(target[:, t], cache) for t in range(target.size(1))], dim=1)


@norms
@pytest.mark.parametrize("beams", [1, 2, 3])
def test_steps_equal_the_whole_target_at_once(norm: str, beams: int):
    model = tiny_model(norm=norm)
    source, mask = padded_sources(LENGTHS)
    target = random_tokens(len(LENGTHS) * beams, STEPS, seed=1)

    cache = model.start_cache(model.encode(source, mask), mask)

    assert_equal_but_rounding(steps(model, cache, target), full_logits(model, source, mask, target))
    assert cache.position == STEPS


@pytest.mark.parametrize(
    ("rows", "sentences"),
    [
        pytest.param([1, 0, 3, 2, 5, 4], None, id="beams change places"),
        pytest.param([0, 0, 3, 3, 4, 4], None, id="a beam is repeated and the other dropped"),
        pytest.param([2, 3, 4, 5], [1, 2], id="the first sentence is over"),
        pytest.param([1, 1, 5, 4], [0, 2], id="the middle one is over and beams move"),
        pytest.param([5, 4], [2], id="one sentence is left"),
        pytest.param([4, 5, 1, 0, 2, 2], [2, 0, 1], id="sentences change places"),
    ],
)
@pytest.mark.parametrize("selected_after", [1, 15, 16, 17])
def test_selected_rows_go_on_as_if_they_had_been_alone(
    rows: list[int], sentences: list[int] | None, selected_after: int
):
    model = tiny_model()
    source, mask = padded_sources(LENGTHS)
    before = random_tokens(len(LENGTHS) * BEAMS, selected_after, seed=1)
    after = random_tokens(len(rows), 4, seed=2)

    cache = model.start_cache(model.encode(source, mask), mask)
    steps(model, cache, before)
    cache.select(torch.tensor(rows), None if sentences is None else torch.tensor(sentences))
    got = steps(model, cache, after)

    kept = range(len(LENGTHS)) if sentences is None else sentences
    target = torch.cat([before[rows], after], dim=1)
    expected = full_logits(model, source[list(kept)], mask[list(kept)], target)
    assert_equal_but_rounding(got, expected[:, selected_after:])


def test_two_caches_of_one_model_do_not_touch_each_other():
    model = tiny_model()
    source, mask = padded_sources(LENGTHS)
    memory = model.encode(source, mask)
    first_target, second_target = random_tokens(3, 4, seed=1), random_tokens(3, 4, seed=2)

    first, second = model.start_cache(memory, mask), model.start_cache(memory, mask)
    outputs = [
        (model.decode_step(first_target[:, t], first), model.decode_step(second_target[:, t], second)) for t in range(4)
    ]

    for target, logits in zip((first_target, second_target), zip(*outputs, strict=True), strict=True):
        assert_equal_but_rounding(torch.stack(logits, dim=1), full_logits(model, source, mask, target))
