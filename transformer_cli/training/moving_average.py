"""An exponential moving average of the weights, which often translates better than the weights themselves."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import torch
from torch import Tensor, nn
from torch.optim.swa_utils import get_ema_multi_avg_fn


class MovingAverage:
    """The moving average of a model's weights: after each update ``average = d * average + (1 - d) * weight``.

    In update t, ``d = min(decay, (1 + t) / (10 + t))``, so that a short training is not dominated by its beginning
    (as in TensorFlow's and Marian's averages).

    Args:
        model: The model whose parameters are averaged; the average is on the same device.
        decay: Factor of the old average in one update, near 1: the last ``1 / (1 - decay)`` updates count most.
    """

    def __init__(self, model: nn.Module, *, decay: float) -> None:
        self._parameters = dict(model.named_parameters())
        self._average = {name: parameter.detach().clone() for name, parameter in self._parameters.items()}
        self._decay = decay

    @torch.no_grad()
    def update(self, step: int) -> None:
        """Add the weights after update ``step``, counted from 1, to the average."""
        decay = min(self._decay, (1 + step) / (10 + step))
        get_ema_multi_avg_fn(decay)(list(self._average.values()), list(self._parameters.values()), step)

    @contextmanager
    def in_place(self) -> Iterator[None]:
        """Give the model the average as its weights inside the block."""
        own = {name: parameter.detach().clone() for name, parameter in self._parameters.items()}
        _copy(self._average, self._parameters)
        try:
            yield
        finally:
            _copy(own, self._parameters)

    def weights(self) -> dict[str, Tensor]:
        """Return the average of each parameter by name, on the CPU."""
        return {name: average.cpu().contiguous() for name, average in self._average.items()}

    def load(self, weights: Mapping[str, Tensor]) -> None:
        """Continue from an average that `weights` returned."""
        _copy(weights, self._average)


@torch.no_grad()
def _copy(source: Mapping[str, Tensor], target: Mapping[str, Tensor]) -> None:
    for name, tensor in target.items():
        tensor.copy_(source[name])
