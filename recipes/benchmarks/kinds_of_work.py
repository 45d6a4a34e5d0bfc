"""On what an update spends its time: products, attention, dropout, norms, loss, optimiser, copies, and the rest.

    python recipes/benchmarks/kinds_of_work.py --preset tiny --preset small --precision float32 --precision bfloat16

Updates of random sentences as long as captions, in one thread. The clock is the processor time of the thread, and the
shortest time of several repetitions counts, so that other programs disturb little. Shares are those of the operators'
time; what Python and autograd take between them is in the tokens a second alone. `ONEDNN_MAX_CPU_ISA`,
`MKL_ENABLE_INSTRUCTIONS` and `ATEN_CPU_CAPABILITY` show other processors' arithmetic.
"""

from __future__ import annotations

import math
import sys
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from types import FrameType
from typing import Annotated, Any

import numpy as np
import torch
import typer
from torch.utils._python_dispatch import TorchDispatchMode

from transformer_cli import device
from transformer_cli.config import ModelConfig, TrainingConfig
from transformer_cli.data.tokens.batching import Batch, make_batch
from transformer_cli.data.tokens.encoded import in_memory
from transformer_cli.model.transformer import Transformer
from transformer_cli.training.trainer import Trainer

VOCAB_SIZE = 8000
MEAN_LENGTH = 15
# An operator belongs to the first kind with a word of its name; else to the file of the package that asked for it.
OPERATORS = {
    "products": ("mm", "baddbmm", "mkldnn_linear", "linear_pointwise"),
    "norms": ("layer_norm",),
    "optimiser": ("adam", "foreach", "vector_norm"),
}
FILES = {"kernels/attention": "attention", "kernels/dropout": "dropout", "kernels/linear_cross_entropy": "loss"}
OTHER_OPERATORS = {
    "copies": ("copy", "clone", "cat", "index", "embedding", "fill", "zero", "new_empty"),
    "sums and ReLU": ("add", "mul", "relu", "threshold", "sum", "sub", "div", "clamp"),
}
KINDS = (*OPERATORS, *FILES.values(), *OTHER_OPERATORS, "other operators")


class Clock(TorchDispatchMode):
    """Adds up the processor time of each operator inside a ``with`` block, by its kind."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.times: list[tuple[str, float]] = []

    def __torch_dispatch__(
        self,
        func: Any,
        types: Sequence[type],
        args: tuple[Any, ...] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        """Compute the operator, and keep its kind and its seconds."""
        began = time.thread_time()
        result = func(*args, **(kwargs or {}))
        seconds = time.thread_time() - began
        self.times.append((kind_of(func.__name__), seconds))
        return result


def kind_of(operator: str) -> str:
    """Return the kind of work of an operator that is running, by its name or the file that asked for it."""

    def named(kinds: Mapping[str, Sequence[str]]) -> str | None:
        return next((kind for kind, words in kinds.items() if any(word in operator for word in words)), None)

    return named(OPERATORS) or _kind_of_the_file() or named(OTHER_OPERATORS) or "other operators"


def _kind_of_the_file() -> str | None:
    frame: FrameType | None = sys._getframe()
    while frame is not None:
        path = frame.f_code.co_filename
        for name, kind in FILES.items():
            if path.endswith(f"{name}.py"):
                return kind
        if path.endswith("training/trainer.py"):
            return None
        frame = frame.f_back
    return None


def batches(tokens: int, seed: int) -> Iterator[Batch]:
    """Yield batches of at most ``tokens`` target tokens; the sentences of one are of about the same length."""
    random = np.random.default_rng(seed)
    while True:
        length = max(2, min(60, round(random.gamma(6, MEAN_LENGTH / 6))))
        rows = tokens // (length + 1)
        sides = [[random.integers(4, VOCAB_SIZE, length).tolist() for _ in range(rows)] for _ in range(2)]
        yield make_batch(in_memory(*sides), range(rows))


def new_trainer(preset: str, precision: str, **training: Any) -> Trainer:
    """Return a trainer of random weights, with other settings of ``[training]``."""
    torch.manual_seed(1)
    model = Transformer(ModelConfig.model_validate({"preset": preset}), VOCAB_SIZE)
    config = TrainingConfig.model_validate({"precision": precision, **training})
    return Trainer(model, config, peak_learning_rate=1e-3)


def measure(preset: str, precision: str, tokens: int, steps: int, repetitions: int) -> tuple[Counter[str], float]:
    """Return the seconds of each kind of work in some updates, and their target tokens a second of the processor."""
    trainer = new_trainer(preset, precision)
    kinds: Counter[str] = Counter()
    target_tokens, seconds = 0, 0.0
    for batch in islice(batches(tokens, seed=1), steps):
        trainer.train_step([batch])
        runs, shortest = [], math.inf
        for _ in range(repetitions):
            began = time.thread_time()
            trainer.train_step([batch])
            shortest = min(shortest, time.thread_time() - began)
            with Clock() as clock:
                trainer.train_step([batch])
            runs.append(clock.times)
        for same in zip(*runs, strict=True):
            kinds[same[0][0]] += min(each for _, each in same)
        target_tokens, seconds = target_tokens + batch.target_tokens, seconds + shortest
    return kinds, target_tokens / seconds


def main(
    preset: Annotated[list[str] | None, typer.Option(help="tiny, small, base or big; repeatable.")] = None,
    precision: Annotated[list[str] | None, typer.Option(help="float32 or bfloat16; repeatable.")] = None,
    batch_tokens: Annotated[int, typer.Option(help="Target tokens of an update.")] = 4096,
    steps: Annotated[int, typer.Option(help="Updates that are measured.")] = 4,
    repetitions: Annotated[int, typer.Option(help="How often each is repeated.")] = 5,
) -> None:
    """Print a table: the share of each kind of work, and target tokens a second of the processor."""
    device.manage_memory()
    torch.set_num_threads(1)
    rows = [(name, each) for name in preset or ["tiny"] for each in precision or ["float32"]]
    typer.echo(f"| model | precision | target tokens/s | {' | '.join(KINDS)} |")
    typer.echo(f"| --- | --- |{' ---: |' * (1 + len(KINDS))}")
    for name, each in rows:
        kinds, tokens_a_second = measure(name, each, batch_tokens, steps, repetitions)
        shares = " | ".join(f"{kinds[kind] / kinds.total():.1%}" for kind in KINDS)
        typer.echo(f"| {name} | {each} | {tokens_a_second:,.0f} | {shares} |")


if __name__ == "__main__":
    typer.run(main)
