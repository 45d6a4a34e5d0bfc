"""Gradients with little memory: after running out of memory, they are computed again from smaller batches."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import nn

from transformer_cli.data.tokens.batching import Batch
from transformer_cli.device import return_freed_memory
from transformer_cli.errors import is_out_of_memory
from transformer_cli.training.gradients.method import GradientMethod


class InPieces:
    """Wraps another method and gives it batches that fit into memory; see `GradientMethod`.

    Args:
        method: The wrapped method.
        parameters: The weights; their gradients are replaced, not added to.
        device: The device of the weights.
        may_retry: Whether to split batches when memory runs out. With several processes, running out of memory is an
            error, because the other processes wait.
    """

    def __init__(
        self, method: GradientMethod, parameters: Sequence[nn.Parameter], device: torch.device, *, may_retry: bool
    ) -> None:
        self.pieces = 1
        """Number of micro-batches each batch is split into; doubled each time memory runs out."""
        self._method = method
        self._parameters = parameters
        self._device = device
        self._may_retry = may_retry

    def backward(self, batches: Sequence[Batch], target_tokens: int, *, seed: Sequence[int]) -> float:
        """See `GradientMethod.backward`."""
        while True:
            self.forget()
            pieces = [piece for batch in batches for piece in batch.in_pieces(self.pieces)]
            try:
                return self._method.backward(pieces, target_tokens, seed=seed)
            except (MemoryError, RuntimeError) as error:
                can_divide = self._may_retry and any(len(piece.source) > 1 for piece in pieces)
                if not can_divide or not is_out_of_memory(error):
                    raise
            # Memory can be freed only here, after the error no longer holds the computed tensors.
            self.pieces *= 2
            self.forget()
            return_freed_memory(self._device)

    def forget(self) -> None:
        """Remove the gradients of all weights."""
        for parameter in self._parameters:
            parameter.grad = None
