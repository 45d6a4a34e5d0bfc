"""What a decoder remembers between two steps: an object that is passed down, never state of a module."""

from __future__ import annotations

import torch
from torch import Tensor


class LayerCache:
    """Keys and values of one decoder layer.

    Args:
        memory_keys: (B, H, S, K), the source projected once.
        memory_values: (B, H, S, K).
    """

    def __init__(self, memory_keys: Tensor, memory_values: Tensor) -> None:
        self.memory_keys = memory_keys
        self.memory_values = memory_values
        self._keys: Tensor | None = None
        self._values: Tensor | None = None
        self._length = 0

    def append(self, key: Tensor, value: Tensor) -> tuple[Tensor, Tensor]:
        """Add the newest position's ``key`` and ``value`` (N, H, 1, K); return those of all positions (N, H, T, K)."""
        if self._keys is None or self._values is None:
            self._keys, self._values = _room_for(key, 16), _room_for(value, 16)
        elif self._length == self._keys.size(2):
            # Room doubles, so that a long sentence is not copied at every step.
            self._keys = torch.cat([self._keys, torch.empty_like(self._keys)], dim=2)
            self._values = torch.cat([self._values, torch.empty_like(self._values)], dim=2)
        self._keys[:, :, self._length] = key[:, :, 0]
        self._values[:, :, self._length] = value[:, :, 0]
        self._length += 1
        return self._keys[:, :, : self._length], self._values[:, :, : self._length]

    def select(self, rows: Tensor, sentences: Tensor | None) -> None:
        """Keep only ``rows`` (N',) of the positions and ``sentences`` (B',) of the source, in that order; None: all."""
        if self._keys is not None and self._values is not None:
            self._keys = self._keys.index_select(0, rows)
            self._values = self._values.index_select(0, rows)
        if sentences is not None:
            self.memory_keys = self.memory_keys.index_select(0, sentences)
            self.memory_values = self.memory_values.index_select(0, sentences)


def _room_for(position: Tensor, length: int) -> Tensor:
    rows, heads, _, head_size = position.shape
    return position.new_empty(rows, heads, length, head_size)


class DecoderCache:
    """The state of a decoder after some steps: a `LayerCache` a layer, the source's mask and the position.

    Args:
        layers: One `LayerCache` for each decoder layer.
        source_mask: (B, 1, 1, S), boolean.
    """

    def __init__(self, layers: list[LayerCache], source_mask: Tensor) -> None:
        self.layers = layers
        self.source_mask = source_mask
        self.position = 0

    def select(self, rows: Tensor, sentences: Tensor | None = None) -> None:
        """Reorder, repeat or drop rows.

        Args:
            rows: (N',) int64, indices into the present N rows.
            sentences: (B',) int64, indices into the present B sentences; None keeps them all as they are.
        """
        for layer in self.layers:
            layer.select(rows, sentences)
        if sentences is not None:
            self.source_mask = self.source_mask.index_select(0, sentences)
