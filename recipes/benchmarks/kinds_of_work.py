"""On what an update spends its time: products, attention, dropout, norms, loss, optimiser, copies, and the rest.

    python recipes/benchmarks/kinds_of_work.py --preset tiny --preset small --precision float32 --precision bfloat16

Updates of random sentences as long as captions, in one thread, so that a kind's time is that of the processor. Products
are counted as such wherever they are: the loss is what the output layer computes besides its products.
`ONEDNN_MAX_CPU_ISA` and `ATEN_CPU_CAPABILITY` show other processors' arithmetic.
"""

from __future__ import annotations

import math
import time
from collections import Counter
from collections.abc import Iterator
from itertools import islice
from typing import Annotated, Any

import numpy as np
import torch
import typer
from torch.profiler import ProfilerActivity, profile

from transformer_cli import device
from transformer_cli.config import ModelConfig, TrainingConfig
from transformer_cli.data.tokens.batching import Batch, make_batch
from transformer_cli.data.tokens.encoded import in_memory
from transformer_cli.model.transformer import Transformer
from transformer_cli.training.trainer import Trainer

VOCAB_SIZE = 8000
MEAN_LENGTH = 15
WARM_UP = 3
PRODUCTS = ("mm", "addmm", "bmm", "baddbmm", "linear", "mkldnn_linear", "matmul")
# An operator belongs to the innermost of the scopes around it that is named here, else to its own kind.
SCOPES = {
    "Optimizer.step": "optimiser",
    "clip_grad": "optimiser",
    "ChunkedCrossEntropy": "loss",
    "_Masked": "dropout",
    "scaled_dot_product": "attention",
    "softmax": "attention",
    "layer_norm": "norms",
    "NativeLayerNorm": "norms",
}
OPERATORS = {
    "attention": ("softmax", "scaled_dot_product", "masked_fill"),
    "dropout": ("random_", "bernoulli", "dropout", "ge", "addcmul"),
    "norms": ("layer_norm",),
    "optimiser": ("adam", "foreach", "linalg_vector_norm"),
    "copies": ("copy_", "clone", "cat", "index", "embedding", "fill_", "zero_", "contiguous"),
    "sums and ReLU": ("add", "mul", "relu", "threshold", "sum", "sub", "div"),
}
KINDS = ("products", "attention", "dropout", "norms", "loss", "optimiser", "sums and ReLU", "copies", "other operators")


def kind_of(event: Any) -> str:
    """Return the kind of work of one operator, by its name and those of the scopes around it."""
    name = event.name.removeprefix("aten::")
    if name in PRODUCTS:
        return "products"
    scope = event
    while scope is not None:
        for part, kind in SCOPES.items():
            if part in scope.name:
                return kind
        scope = scope.cpu_parent
    return next((kind for kind, parts in OPERATORS.items() if any(part in name for part in parts)), "other operators")


def batches(tokens: int, seed: int) -> Iterator[Batch]:
    """Yield batches of at most ``tokens`` target tokens; the sentences of one are of about the same length."""
    random = np.random.default_rng(seed)
    while True:
        length = max(2, min(60, round(random.gamma(6, MEAN_LENGTH / 6))))
        rows = tokens // (length + 1)
        sides = [[random.integers(4, VOCAB_SIZE, length).tolist() for _ in range(rows)] for _ in range(2)]
        yield make_batch(in_memory(*sides), range(rows))


def measure(preset: str, precision: str, tokens: int, steps: int) -> tuple[Counter[str], float, int]:
    """Return the seconds of each kind of work, those of the same updates by the clock, and their target tokens."""
    torch.manual_seed(1)
    model = Transformer(ModelConfig.model_validate({"preset": preset}), VOCAB_SIZE)
    config = TrainingConfig.model_validate({"precision": precision, "batch_tokens": tokens})
    trainer = Trainer(model, config, peak_learning_rate=1e-3)
    stream = batches(tokens, seed=1)
    for batch in islice(stream, WARM_UP):
        trainer.train_step([batch])
    measured = list(islice(stream, steps))
    began = time.perf_counter()
    for batch in measured:
        trainer.train_step([batch])
    seconds = time.perf_counter() - began
    with profile(activities=[ProfilerActivity.CPU]) as profiler:
        for batch in measured:
            trainer.train_step([batch])
    kinds: Counter[str] = Counter()
    for event in profiler.events():
        kinds[kind_of(event)] += event.self_cpu_time_total / 1e6
    return kinds, seconds, sum(batch.target_tokens for batch in measured)


def main(
    preset: Annotated[list[str] | None, typer.Option(help="tiny, small, base or big; repeatable.")] = None,
    precision: Annotated[list[str] | None, typer.Option(help="float32 or bfloat16; repeatable.")] = None,
    batch_tokens: Annotated[int, typer.Option(help="Target tokens of an update.")] = 4096,
    steps: Annotated[int, typer.Option(help="Updates that are measured.")] = 8,
) -> None:
    """Print a table: the share of each kind of work, and target tokens a second."""
    device.manage_memory()
    torch.set_num_threads(1)
    rows = [(name, each) for name in preset or ["tiny"] for each in precision or ["float32"]]
    typer.echo(f"| model | precision | target tokens/s | {' | '.join(KINDS)} |")
    typer.echo(f"| --- | --- |{' ---: |' * (1 + len(KINDS))}")
    for name, each in rows:
        kinds, seconds, tokens = measure(name, each, batch_tokens, steps)
        total = math.fsum(kinds.values())
        shares = " | ".join(f"{100 * kinds[kind] / total:.1f} %" for kind in KINDS)
        typer.echo(f"| {name} | {each} | {tokens / seconds:,.0f} | {shares} |")


if __name__ == "__main__":
    typer.run(main)
