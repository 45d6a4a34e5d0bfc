"""A device that calls itself "cuda" and computes on the CPU: what the code does on a GPU alone is run without one.

As on a GPU, tensors of different devices do not mix. What a GPU does differently is not imitated: its kernels, its
rounding, its streams, its lower precisions.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F
from torch.overrides import TorchFunctionMode
from torch.utils._pytree import tree_flatten, tree_map_only, tree_unflatten

GPU = torch.device("cuda", 0)
_CPU = torch.device("cpu")


class _TensorOnGpu(Tensor):
    """Holds a tensor of the CPU, and says that it is on the GPU."""

    held: Tensor

    @staticmethod
    def __new__(cls, held: Tensor) -> _TensorOnGpu:
        held = held.detach()
        with torch.inference_mode(False):  # PyTorch cannot take views of wrappers made in that mode
            made = Tensor._make_wrapper_subclass(
                cls,
                held.size(),
                strides=held.stride(),
                storage_offset=held.storage_offset(),
                dtype=held.dtype,
                device=torch.device("meta"),
            )
        made.held = held
        return made

    @property
    def device(self) -> torch.device:  # type: ignore[override]
        return GPU

    @classmethod
    def __torch_dispatch__(  # type: ignore[override]
        cls, func: Callable[..., Any], types: Iterable[type], args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        leaves, structure = tree_flatten((args, kwargs or {}))
        wrappers = {id(leaf.held): leaf for leaf in leaves if isinstance(leaf, _TensorOnGpu)}
        if func is not torch.ops.aten.copy_.default:
            for leaf in leaves:
                _require_gpu(func, leaf)
        args, kwargs = tree_unflatten([getattr(leaf, "held", leaf) for leaf in leaves], structure)
        here = {"device": _CPU} if kwargs.get("device") == torch.device("meta") else {}  # what PyTorch takes us for
        found = func(*args, **kwargs | here)
        if kwargs.get("device") == _CPU:
            return found
        return tree_map_only(Tensor, lambda each: wrappers.get(id(each), _TensorOnGpu(each)), found)


class _Requests(TorchFunctionMode):
    """Makes tensors that are asked for on the GPU, and moves them there."""

    def __torch_function__(
        self, func: Callable[..., Any], types: object, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        leaves, structure = tree_flatten((args, kwargs or {}))
        if func is Tensor.__setitem__ and isinstance(args[0], _TensorOnGpu):  # PyTorch would make a tensor of a number
            _require_gpu(func, args[2])
            tensor, index, value = tree_map_only(_TensorOnGpu, lambda each: each.held, args)
            tensor[index] = value
            return None
        if func is Tensor.tolist and isinstance(args[0], _TensorOnGpu):  # PyTorch refuses it for classes like this one
            return args[0].held.tolist()
        if func is F.scaled_dot_product_attention and isinstance(args[0], _TensorOnGpu):
            return _attention(*args, **(kwargs or {}))
        asked = [leaf for leaf in leaves if _is_gpu(leaf)]
        if not asked or func is torch._C._nn._parse_to:  # that one only reads what `Module.to` was given
            return func(*args, **(kwargs or {}))
        if func is Tensor.to and isinstance(args[0], _TensorOnGpu):  # it is there already
            dtypes = [leaf for leaf in leaves if isinstance(leaf, torch.dtype)]
            return args[0].to(dtypes[0]) if dtypes else args[0]
        args, kwargs = tree_unflatten([_CPU if _is_gpu(leaf) else leaf for leaf in leaves], structure)
        return tree_map_only(Tensor, _TensorOnGpu, func(*args, **kwargs))


def _require_gpu(func: Callable[..., Any], leaf: object) -> None:
    if isinstance(leaf, Tensor) and not isinstance(leaf, _TensorOnGpu) and leaf.dim():  # a number may be anywhere
        raise RuntimeError(f"{func}: expected all tensors to be on the same device, found cuda and cpu")


def _attention(query: Tensor, key: Tensor, value: Tensor, mask: Tensor | None, dropout: float) -> Tensor:
    """Compute attention by its formula, because PyTorch's would make tensors of numbers, too."""
    scores = query @ key.transpose(-2, -1) / math.sqrt(query.size(-1))
    scores = scores if mask is None else scores.masked_fill(~mask, -math.inf)
    return F.dropout(scores.softmax(-1), dropout) @ value


def _is_gpu(leaf: object) -> bool:
    return (isinstance(leaf, torch.device) and leaf.type == "cuda") or (isinstance(leaf, str) and leaf == "cuda")


@contextmanager
def simulated_gpu() -> Iterator[torch.device]:
    """Give the device inside the block."""
    before = torch.__future__.get_swap_module_params_on_conversion()
    torch.__future__.set_swap_module_params_on_conversion(True)
    try:
        with _Requests():
            yield GPU
    finally:
        torch.__future__.set_swap_module_params_on_conversion(before)
