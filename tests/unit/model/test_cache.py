from __future__ import annotations

import pytest
import torch
from torch import Tensor

from transformer_cli.model.cache import DecoderCache, LayerCache

HEADS, HEAD_SIZE, SOURCE = 2, 3, 4


def numbered(rows: int, length: int, *, start: float = 0.0) -> Tensor:
    """Return (rows, HEADS, length, HEAD_SIZE) in which every number is another one."""
    count = rows * HEADS * length * HEAD_SIZE
    return torch.arange(start, start + count).view(rows, HEADS, length, HEAD_SIZE)


def layer_cache(*, sentences: int = 2) -> LayerCache:
    return LayerCache(numbered(sentences, SOURCE), numbered(sentences, SOURCE, start=1000))


def append_all(cache: LayerCache, keys: Tensor, values: Tensor, *, start: int = 0) -> tuple[Tensor, Tensor]:
    seen = None
    for position in range(start, keys.size(2)):
        here = slice(position, position + 1)
        seen = cache.append(keys[:, :, here], values[:, :, here])
    assert seen is not None
    return seen


@pytest.mark.parametrize("length", [1, 2, 15, 16, 17, 33, 70])
def test_every_position_comes_back_in_order_however_many_there_are(length: int):
    cache, keys, values = layer_cache(), numbered(4, length), numbered(4, length, start=5000)

    seen_keys, seen_values = append_all(cache, keys, values)

    assert torch.equal(seen_keys, keys)
    assert torch.equal(seen_values, values)


@pytest.mark.parametrize(
    "rows",
    [
        pytest.param([0, 1, 2, 3], id="all as they are"),
        pytest.param([3, 2, 1, 0], id="permuted"),
        pytest.param([1, 1, 2, 2], id="repeated"),
        pytest.param([2, 3], id="dropped"),
    ],
)
def test_selected_rows_take_their_positions_with_them(rows: list[int]):
    cache, keys, values = layer_cache(), numbered(4, 20), numbered(4, 20, start=5000)
    append_all(cache, keys[:, :, :18], values[:, :, :18])
    keys, values = keys[rows], values[rows]

    cache.select(torch.tensor(rows), None)
    seen_keys, seen_values = append_all(cache, keys, values, start=18)

    assert torch.equal(seen_keys, keys)
    assert torch.equal(seen_values, values)


def test_rows_may_be_selected_before_the_first_position():
    cache, keys, values = layer_cache(), numbered(2, 3), numbered(2, 3, start=5000)

    cache.select(torch.tensor([2, 3]), torch.tensor([1]))

    assert torch.equal(append_all(cache, keys, values)[0], keys)


def test_selected_sentences_keep_their_own_source_and_none_means_all():
    cache, before = layer_cache(sentences=3), layer_cache(sentences=3)

    cache.select(torch.arange(3), None)
    assert torch.equal(cache.memory_keys, before.memory_keys)

    cache.select(torch.tensor([2, 0]), torch.tensor([2, 0]))
    assert torch.equal(cache.memory_keys, before.memory_keys[[2, 0]])
    assert torch.equal(cache.memory_values, before.memory_values[[2, 0]])


def test_a_decoder_cache_selects_in_every_layer_and_in_the_mask_and_keeps_its_position():
    mask = torch.tensor([[True, True, False, False], [True, True, True, False], [True] * 4])[:, None, None, :]
    cache = DecoderCache([layer_cache(sentences=3), layer_cache(sentences=3)], mask)
    cache.position = 7

    cache.select(torch.tensor([2, 1]), torch.tensor([2, 1]))

    assert torch.equal(cache.source_mask, mask[[2, 1]])
    for layer in cache.layers:
        assert torch.equal(layer.memory_keys, layer_cache(sentences=3).memory_keys[[2, 1]])
    assert cache.position == 7
