"""The attention weights that a model uses, taken from the model itself while it runs as it always does."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from torch import Tensor, nn
from torch.utils.hooks import RemovableHandle

from transformer_cli.model.attention import MultiHeadAttention


@contextmanager
def recorded_weights(modules: nn.ModuleList, name: str) -> Iterator[list[Tensor]]:
    """Record what the attention called ``name`` of each layer does inside the block.

    The weights are computed from what each attention is handed in, by its own projections
    (`MultiHeadAttention.weights`): the model's ordinary path stays as fast as it is, and nothing is left behind in it.

    Args:
        modules: The layers.
        name: The attribute of a layer.

    Yields:
        A list that holds (B, H, T, S) for each layer once the layers have run.
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
