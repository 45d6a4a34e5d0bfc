"""The decoder's cache between two steps of a search; no keys or values are copied when beams change places.

The W hypotheses of a sentence store the keys and values of each new position side by side, and attend to all of them at
once. A mask marks each hypothesis' own past. When a hypothesis continues another one, only its row of the mask is
replaced, so a step costs the same whether beams moved or not. Most hypotheses die soon, and columns that only dead ones
used are removed every few positions. The live hypotheses usually share one column for each early position.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional as F

_POSITIONS = 8
"""Number of positions with free room before unused columns are removed."""


class BeamCache:
    """Keys and values of B sentences in every decoder layer.

    Args:
        memory: The source's keys and values for each layer, (B, H, S, K) each. The cache takes ownership of them.
        source_mask: (B, 1, 1, S) boolean, True where the source is not padding.
        width: W, the number of hypotheses of a sentence.
    """

    def __init__(self, memory: Sequence[tuple[Tensor, Tensor]], source_mask: Tensor, *, width: int) -> None:
        keys = memory[0][0]
        sentences, heads, _, size = keys.shape
        self.memory = list(memory)
        self.source_mask = _additive(source_mask, keys.dtype)  # (B, 1, 1, S), 0 where it may be attended to, else -inf
        self.width = width
        self.length = 0
        self._own = [keys.new_empty(2, sentences, heads, _POSITIONS * width, size) for _ in memory]
        self._past = self.source_mask.new_empty(sentences, 1, width, 0)
        present = torch.eye(width, dtype=torch.bool, device=source_mask.device)
        self._present = _additive(present, keys.dtype)  # (W, W): at the newest position, each row sees only itself

    @property
    def sentences(self) -> int:
        """Number of sentences B in the cache."""
        return self.source_mask.size(0)

    @property
    def own_mask(self) -> Tensor:
        """Additive mask (B, 1, W, L), 0 at a hypothesis' own past, else -inf; L columns, at most T * W."""
        return self._past

    def begin_position(self) -> None:
        """Make room for one more position; each layer then appends its keys and values."""
        if self._past.size(3) + self.width > self._own[0].size(3):
            self._forget_the_dead()
        newest = self._present.expand(self.sentences, 1, -1, -1)
        self._past = torch.cat((self._past, newest), dim=3)
        self.length += 1

    def append(self, layer: int, keys_and_values: Tensor) -> tuple[Tensor, Tensor]:
        """Store the newest position of one layer.

        Args:
            layer: Index of the layer.
            keys_and_values: (2, B, H, W, K), or (2, B, H, 1, K) if the hypotheses of a sentence are equal.

        Returns:
            Keys and values of all columns, (B, H, L, K) each.
        """
        end = self._past.size(3)
        own = self._own[layer][:, : self.sentences, :, :end]
        own[:, :, :, end - self.width :] = keys_and_values
        return own[0], own[1]

    def select(self, parents: Tensor) -> None:
        """Make each hypothesis continue its parent in the same sentence; ``parents`` is (B, W) int64, 0 to W - 1."""
        rows = parents[:, None, :, None].expand(-1, 1, -1, self._past.size(3))
        self._past = self._past.gather(2, rows)

    def keep(self, sentences: Tensor) -> None:
        """Remove all sentences except these ((B',) int64, indices into the current B, without duplicates)."""
        count, end = len(sentences), self._past.size(3)
        moved = (sentences != torch.arange(count, device=sentences.device)).nonzero().squeeze(1)
        origins = sentences[moved]

        def kept(x: Tensor) -> Tensor:
            """Move the sentences that change places, in place, and cut off the rest."""
            x[moved] = x[origins]
            return x[:count]

        for own in self._own:
            own[:, moved, :, :end] = own[:, origins, :, :end]
        self.memory = [(kept(keys), kept(values)) for keys, values in self.memory]
        self.source_mask = kept(self.source_mask)
        self._past = kept(self._past)

    def _forget_the_dead(self) -> None:
        """Keep the columns in the past of a live hypothesis, and make room after them."""
        is_alive = (self._past == 0).any(dim=2).squeeze(1)  # (B, L)
        most = int(is_alive.sum(dim=1).max())
        columns = is_alive.to(torch.uint8).argsort(dim=1, descending=True, stable=True)[:, :most]
        self._past = self._past.gather(3, columns[:, None, None].expand(-1, -1, self.width, -1))
        _, capacity, heads, old_room, size = self._own[0].shape
        room = max(most + _POSITIONS * self.width, most * 3 // 2)
        columns = F.pad(columns, (0, room - most))  # columns not yet written may hold any value
        device = columns.device
        blocks = torch.arange(2 * capacity * heads, device=device).view(2, capacity, heads, 1)[:, : self.sentences]
        rows = (blocks * old_room + columns[None, :, None]).flatten()  # (2, B, H, room), K elements each
        shape = (2, self.sentences, heads, room, size)
        self._own = [own.view(-1, size).index_select(0, rows).view(shape) for own in self._own]


def _additive(mask: Tensor, dtype: torch.dtype) -> Tensor:
    return torch.zeros(mask.shape, dtype=dtype, device=mask.device).masked_fill_(~mask, -torch.inf)
