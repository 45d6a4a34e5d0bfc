from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from transformer_cli.data.tokens.length_batches import batches_by_length


@given(st.lists(st.integers(1, 30)), st.integers(1, 100), st.integers(1, 9))
def test_batches_hold_every_sentence_once_in_order_of_length_and_are_full(lengths, max_tokens, max_sentences):
    batches = list(batches_by_length(lengths, max_tokens=max_tokens, max_sentences=max_sentences))

    assert [i for batch in batches for i in batch] == sorted(range(len(lengths)), key=lambda i: (lengths[i], i))
    for batch in batches:
        assert len(batch) == 1 or len(batch) * lengths[batch[-1]] <= max_tokens
        assert len(batch) <= max_sentences
    for batch, following in pairwise(batches):
        one_more = len(batch) + 1
        assert one_more > max_sentences or one_more * lengths[following[0]] > max_tokens


@pytest.mark.parametrize("lengths", [[], [3, 1, 2]])
def test_without_limits_there_is_one_batch_or_none(lengths):
    assert list(batches_by_length(lengths)) == [[1, 2, 0]][: len(lengths)]
