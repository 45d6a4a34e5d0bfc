"""What the decoder remembers between two steps of a search: nothing of it is copied when beams change places.

The W hypotheses of a sentence write the keys and values of each new position side by side, and attend to all W * T of
them at once; a mask says which of them are a hypothesis' own past. When a hypothesis continues another one only its row
of the mask is replaced, so that a step costs the same whether beams moved or not.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

_FIRST_ROOM = 16


class BeamCache:
    """Keys and values of B sentences in every decoder layer.

    Args:
        memory: For each layer the source's keys and values, (B, H, S, K) each.
        source_mask: (B, 1, 1, S) boolean, True where the source is not padding.
        width: W, hypotheses of a sentence.
    """

    def __init__(self, memory: Sequence[tuple[Tensor, Tensor]], source_mask: Tensor, *, width: int) -> None:
        dtype = memory[0][0].dtype
        self.memory = list(memory)
        self.source_mask = _additive(source_mask, dtype)  # (B, 1, 1, S), 0 where it may be attended to, else -inf
        self.width = width
        self.length = 0
        sentences = source_mask.size(0)
        self._own: list[Tensor | None] = [None] * len(memory)  # (2, B, H, room * W, K) each
        self._past = self.source_mask.new_empty(sentences, 1, width, 0)
        present = torch.eye(width, dtype=torch.bool, device=source_mask.device)
        self._present = _additive(present, dtype)  # (W, W): of the newest position each row sees its own

    @property
    def sentences(self) -> int:
        """B."""
        return self.source_mask.size(0)

    @property
    def own_mask(self) -> Tensor:
        """(B, 1, W, T * W), 0 at a hypothesis' own past, else -inf."""
        return self._past

    def begin_position(self) -> None:
        """Make room for one more position; each layer then appends to it."""
        newest = self._present.expand(self.sentences, 1, -1, -1)
        self._past = torch.cat((self._past, newest), dim=3)
        self.length += 1

    def append(self, layer: int, keys_and_values: Tensor) -> tuple[Tensor, Tensor]:
        """Remember the newest position in one layer.

        Args:
            layer: Which.
            keys_and_values: (2, B, H, W, K), or (2, B, H, 1, K) if the hypotheses of a sentence are alike.

        Returns:
            Keys and values of all positions, (B, H, T * W, K) each.
        """
        own = self._own[layer]
        end = self.length * self.width
        if own is None or own.size(3) < end:
            # Room doubles, so that a long sentence is not copied at every step.
            room = _FIRST_ROOM * self.width if own is None else 2 * own.size(3)
            larger = keys_and_values.new_empty(*keys_and_values.shape[:3], room, keys_and_values.size(4))
            if own is not None:
                larger[:, :, :, : own.size(3)] = own
            self._own[layer] = own = larger
        own[:, :, :, end - self.width : end] = keys_and_values
        return own[0, :, :, :end], own[1, :, :, :end]

    def select(self, parents: Tensor) -> None:
        """Let each hypothesis continue another one of its sentence: ``parents`` is (B, W) int64, in 0 to W - 1."""
        rows = parents[:, None, :, None].expand(-1, 1, -1, self._past.size(3))
        self._past = self._past.gather(2, rows)

    def keep(self, sentences: Tensor) -> None:
        """Forget all sentences but these ((B',) int64, indices into the present B)."""
        end = self.length * self.width
        for layer, own in enumerate(self._own):
            if own is not None:
                kept = own.new_empty(2, len(sentences), *own.shape[2:])
                kept[:, :, :, :end] = own[:, :, :, :end].index_select(1, sentences)
                self._own[layer] = kept
        self.memory = [(k.index_select(0, sentences), v.index_select(0, sentences)) for k, v in self.memory]
        self.source_mask = self.source_mask.index_select(0, sentences)
        self._past = self._past.index_select(0, sentences)


def _additive(mask: Tensor, dtype: torch.dtype) -> Tensor:
    return torch.zeros(mask.shape, dtype=dtype, device=mask.device).masked_fill_(~mask, -torch.inf)
