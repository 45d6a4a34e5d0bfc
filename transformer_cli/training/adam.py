"""Adam, with PyTorch's fused kernel (Kingma & Ba 2015; section 5.3 of "Attention Is All You Need").

`torch.optim.Adam` does the same, but constructing it imports PyTorch's compiler: a second and a half at the start of
each training.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim.adam import adam


class Adam:
    """The moments of some parameters, and the update that they lead to.

    In update t, with gradient g: ``m = beta1 * m + (1 - beta1) * g``, ``v = beta2 * v + (1 - beta2) * g ** 2``, and the
    parameter falls by ``rate * m / (1 - beta1 ** t) / (sqrt(v / (1 - beta2 ** t)) + epsilon)``.

    Args:
        parameters: The parameters by name, on their device; updated in place.
        beta1: Decay of the mean of the gradients.
        beta2: Decay of the mean of their squares.
        epsilon: Keeps the divisor above 0.
    """

    def __init__(
        self, parameters: Iterable[tuple[str, nn.Parameter]], *, beta1: float, beta2: float, epsilon: float
    ) -> None:
        self._parameters = dict(parameters)
        self._state: dict[str, dict[str, Tensor]] = {}
        self._settings: dict[str, Any] = {"beta1": beta1, "beta2": beta2, "eps": epsilon}
        self.learning_rate = 0.0
        """The rate of the next update."""

    @property
    def param_groups(self) -> list[dict[str, list[nn.Parameter]]]:
        """The parameters in the form in which `torch.amp.GradScaler` looks for their gradients."""
        return [{"params": list(self._parameters.values())}]

    @torch.no_grad()
    def step(self) -> None:
        """Update the parameters that have a gradient."""
        found = [(p, p.grad, self._moments(name)) for name, p in self._parameters.items() if p.grad is not None]
        adam(
            [parameter for parameter, _, _ in found],
            [gradient for _, gradient, _ in found],
            [state["exp_avg"] for _, _, state in found],
            [state["exp_avg_sq"] for _, _, state in found],
            [],
            [state["step"] for _, _, state in found],
            fused=True,
            amsgrad=False,
            lr=self.learning_rate,
            weight_decay=0.0,
            maximize=False,
            **self._settings,
        )

    def state_dict(self) -> dict[str, Tensor]:
        """Return the moments of each parameter and its number of updates, as ``NAME.exp_avg`` and so on.

        There are none for a parameter that has not been updated.
        """
        return {f"{name}.{key}": tensor for name, state in self._state.items() for key, tensor in state.items()}

    def load_state_dict(self, tensors: Mapping[str, Tensor]) -> None:
        """Continue from a state that `state_dict` returned."""
        self._state.clear()
        for name in self._parameters:
            if f"{name}.step" in tensors:
                for key, tensor in self._moments(name).items():
                    tensor.copy_(tensors[f"{name}.{key}"])

    def _moments(self, name: str) -> dict[str, Tensor]:
        if name not in self._state:
            parameter = self._parameters[name]
            self._state[name] = {
                "step": torch.zeros((), dtype=torch.float32, device=parameter.device),
                "exp_avg": torch.zeros_like(parameter, requires_grad=False),
                "exp_avg_sq": torch.zeros_like(parameter, requires_grad=False),
            }
        return self._state[name]
