"""How much memory of a GPU a training takes, by arithmetic: it needs neither a GPU nor numbers.

    python recipes/benchmarks/gpu_memory.py wmt14-en-de-base wmt14-en-de-big --gib 80

The model of a recipe is made on PyTorch's device "meta", whose tensors have shapes and no content. One part of a batch
goes through it, and what the forward pass keeps for the backward pass is added up. Everything counts as float32: with
bfloat16 an update keeps less, never more. What CUDA itself, its allocator and the other processes of a training take is
not counted.
"""

from __future__ import annotations

import math
from typing import Annotated

import torch
import typer
from torch import Tensor

from transformer_cli.config import Recipe
from transformer_cli.kernels.linear_cross_entropy import rows_at_once
from transformer_cli.model.transformer import Transformer
from transformer_cli.workflows.locate.recipe import locate_recipe

LENGTHS = (8, 32, 128, 256)
BYTES_PER_WEIGHT = 4 * 4
"""Of the weight, its gradient and Adam's two moments."""

GIB = 1 << 30


def main(
    recipes: Annotated[list[str], typer.Argument(help="Recipes that ship, or paths.")],
    gib: Annotated[float, typer.Option(help="The memory of the GPU, for the last column.")] = 80,
) -> None:
    """Print a row for each recipe and length of sentences."""
    typer.echo(
        f"| recipe | tokens of a part | sentences of | weights | kept | logits | together | {gib:g} GiB: parts |"
    )
    typer.echo("| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |")
    for name in recipes:
        recipe = locate_recipe(name).recipe
        with torch.device("meta"):
            model = Transformer(recipe.model, recipe.tokenizer.vocab_size).train()
        tokens = recipe.training.batch_tokens // recipe.training.accumulation
        weights = BYTES_PER_WEIGHT * sum(weight.numel() for weight in model.parameters())
        for length in LENGTHS:
            kept = bytes_kept(model, rows=tokens // length, length=length)
            logits = bytes_of_logits(model, tokens)
            together = weights + kept + logits
            parts = fewest_parts(recipe, gib * GIB - weights - logits, kept)
            sizes = " | ".join(f"{size / GIB:.2f} GiB" for size in (weights, kept, logits, together))
            typer.echo(f"| {name} | {tokens:,} | {length} | {sizes} | {parts} |")


def bytes_kept(model: Transformer, *, rows: int, length: int) -> int:
    """Return the bytes that a forward pass over ``rows`` pairs of ``length`` tokens keeps for the backward pass."""
    weights = {weight.untyped_storage()._cdata for weight in model.state_dict(keep_vars=True).values()}
    sizes: dict[int, int] = {}
    alive: list[Tensor] = []

    def keep(tensor: Tensor) -> Tensor:
        storage = tensor.untyped_storage()
        if storage._cdata not in weights:
            sizes[storage._cdata] = storage.nbytes()
            alive.append(tensor)  # so that no other tensor gets its identity
        return tensor

    ids = torch.empty(rows, length, dtype=torch.int64, device="meta")
    mask = torch.empty(rows, 1, 1, length, dtype=torch.bool, device="meta")
    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        model.decode(ids, model.encode(ids, mask), mask)
    return sum(sizes.values())


def bytes_of_logits(model: Transformer, tokens: int) -> int:
    """Return the bytes of a chunk of logits in both types, and of the gradients of hidden states and output layer."""
    weight = model.output.weight
    hidden = torch.empty(tokens, weight.size(1), device="meta")
    chunk = min(tokens, rows_at_once(hidden, weight)) * weight.size(0)
    return 4 * (3 * chunk + hidden.numel() + weight.numel())


def fewest_parts(recipe: Recipe, room: float, kept: int) -> str:
    """Return into how many parts a batch must be divided at least (`training.accumulation`) to fit."""
    whole = kept * recipe.training.accumulation
    return str(max(1, math.ceil(whole / room))) if room > 0 else "too small"


if __name__ == "__main__":
    typer.run(main)
