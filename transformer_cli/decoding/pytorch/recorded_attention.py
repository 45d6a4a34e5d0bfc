"""Recording of a model's attention weights during its normal forward pass."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from torch import Tensor, nn
from torch.utils.hooks import RemovableHandle

from transformer_cli.model.attention import MultiHeadAttention


@contextmanager
def recorded_weights(modules: nn.ModuleList, name: str) -> Iterator[list[Tensor]]:
    """Record the weights of each layer's attention ``name`` inside the ``with`` block.

    The weights are computed from each attention's inputs by its own projections (`MultiHeadAttention.weights`).
    The model's normal path stays as fast as before, and the hooks are removed afterwards.

    Args:
        modules: The layers.
        name: Attribute of a layer that holds the attention.

    Yields:
        A list, filled with the weights (B, H, T, S) of each layer when the layers run.
    """
    weights: list[Tensor] = []

    def record(module: nn.Module, arguments: tuple[Tensor, ...]) -> None:
        if isinstance(module, MultiHeadAttention):
            weights.append(module.weights(*arguments))

    handles: list[RemovableHandle] = []
    try:
        for layer in modules:
            handles.append(layer.get_submodule(name).register_forward_pre_hook(record))
        yield weights
    finally:
        for handle in handles:
            handle.remove()
