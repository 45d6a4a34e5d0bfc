"""Arrow arrays from texts and numbers, and back.

The methods of pyarrow for this do the same, but the first call imports pandas, which takes a third of a second.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray


def text_array(texts: Sequence[str]) -> pa.StringArray:
    """Return the texts, which together have fewer than 2^31 bytes.

    Raises:
        UnicodeEncodeError: A text holds half of a surrogate pair.
    """
    encoded = [text.encode() for text in texts]
    ends = np.cumsum([0, *map(len, encoded)], dtype=np.int64)
    offsets = pa.py_buffer(ends.astype(np.int32))
    return pa.StringArray.from_buffers(len(encoded), offsets, pa.py_buffer(b"".join(encoded)))


def number_array(numbers: NDArray[np.number[Any]]) -> pa.Array:
    """Return the numbers, (N,), as an array of their type."""
    values = pa.py_buffer(np.ascontiguousarray(numbers))
    return pa.Array.from_buffers(pa.from_numpy_dtype(numbers.dtype), len(numbers), [None, values])


def numbers_of(array: pa.Array | pa.ChunkedArray) -> NDArray[Any]:
    """Return the numbers of an array without gaps: (N,), of its type; read-only."""
    chunks = array.chunks if isinstance(array, pa.ChunkedArray) else [array]
    if len(chunks) == 1:
        return np.from_dlpack(chunks[0])
    return np.concatenate([np.empty(0, array.type.to_pandas_dtype()), *map(np.from_dlpack, chunks)])
