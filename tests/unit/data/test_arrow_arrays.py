from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from transformer_cli.data.arrow_arrays import number_array, numbers_of, text_array


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"]))))
def test_an_array_of_texts_is_that_of_pyarrow(texts):
    array = text_array(texts)

    array.validate(full=True)
    assert array.equals(pa.array(texts, pa.string()))


@pytest.mark.parametrize("dtype", [np.int32, np.int64, np.uint64, np.float32])
def test_an_array_of_numbers_is_that_of_pyarrow(dtype):
    for numbers in (np.arange(5, dtype=dtype), np.arange(9, dtype=dtype)[::2], np.empty(0, dtype=dtype)):
        array = number_array(numbers)

        array.validate(full=True)
        assert array.equals(pa.array(numbers))
        assert np.array_equal(numbers_of(array), numbers)
        assert numbers_of(array).dtype == dtype


@pytest.mark.parametrize("chunks", [[], [[3, 4]], [[1], [], [2, 3]]], ids=str)
def test_the_numbers_of_several_arrays_are_one(chunks):
    array = pa.chunked_array(chunks, pa.int32())

    assert numbers_of(array).tolist() == array.to_pylist()
    assert numbers_of(array).dtype == np.int32
