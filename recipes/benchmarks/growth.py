"""How the cost of a training grows: with the model, the length of sentences, the size of batches, threads, and R-Drop.

    python recipes/benchmarks/growth.py
    python recipes/benchmarks/growth.py --only length --precision bfloat16

The cost is the processor time of a target token, the shortest of several updates, so that other programs disturb
little; only two threads are timed by the wall clock, with nothing beside. The exponent e is the slope of a line through
the logarithms of both columns: the cost of a token grows as the e-th power. `preparing.py` has the corpus.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from typing import Annotated

import numpy as np
import torch
import typer
from kinds_of_work import VOCAB_SIZE, new_trainer

from transformer_cli import device
from transformer_cli.data.tokens.batching import Batch, make_batch
from transformer_cli.data.tokens.encoded import in_memory
from transformer_cli.training.trainer import Trainer

PRESETS = ("tiny", "small", "base", "big")
LENGTHS = (16, 32, 64, 128, 256, 512)
BATCHES = (1024, 2048, 4096, 8192, 16384, 25000)
THREADS = (1, 2)


def main(
    precision: Annotated[str, typer.Option(help="float32 or bfloat16.")] = "float32",
    only: Annotated[list[str] | None, typer.Option(help="model, length, batch, threads or r-drop; repeatable.")] = None,
    repetitions: Annotated[int, typer.Option(help="Updates, of which the shortest counts.")] = 4,
) -> None:
    """Print a table for each kind of growth."""
    device.manage_memory()
    torch.set_num_threads(1)
    tables: dict[str, Callable[[], None]] = {
        "model": lambda: _models(precision, repetitions),
        "length": lambda: _lengths(precision, repetitions),
        "batch": lambda: _batches(precision, repetitions),
        "threads": lambda: _threads(precision, repetitions),
        "r-drop": lambda: _r_drop(precision, repetitions),
    }
    for name in only or tables:
        tables[name]()


def batch_of(tokens: int, length: int) -> Batch:
    """Return a batch of ``tokens`` target tokens in sentences of ``length`` tokens on both sides, eos included."""
    random = np.random.default_rng(1)
    rows = max(1, tokens // length)
    sides = [[random.integers(4, VOCAB_SIZE, length).tolist() for _ in range(rows)] for _ in range(2)]
    return make_batch(in_memory(*sides), range(rows))


def cost(trainer: Trainer, batch: Batch, repetitions: int, clock: Callable[[], float] = time.process_time) -> float:
    """Return the seconds that a target token takes in an update."""
    trainer.train_step([batch])
    shortest = math.inf
    for _ in range(repetitions):
        began = clock()
        trainer.train_step([batch])
        shortest = min(shortest, clock() - began)
    return shortest / batch.target_tokens


def _models(precision: str, repetitions: int) -> None:
    batch = batch_of(1024, 16)
    points = []
    for preset in PRESETS:
        trainer = new_trainer(preset, precision)
        weights = sum(each.numel() for each in trainer.model.parameters())
        points.append((preset, weights, cost(trainer, batch, repetitions)))
    _print("model", "weights", points)


def _lengths(precision: str, repetitions: int) -> None:
    trainer = new_trainer("tiny", precision)
    points = [(f"{each} tokens", each, cost(trainer, batch_of(4096, each), repetitions)) for each in LENGTHS]
    _print("sentence", "length", points)


def _batches(precision: str, repetitions: int) -> None:
    trainer = new_trainer("tiny", precision)
    points = [(f"{each:,} tokens", each, cost(trainer, batch_of(each, 16), repetitions)) for each in BATCHES]
    _print("batch", "tokens", points)


def _threads(precision: str, repetitions: int) -> None:
    points = []
    for number in THREADS:
        torch.set_num_threads(number)
        trainer = new_trainer("tiny", precision)
        points.append((str(number), number, cost(trainer, batch_of(4096, 16), repetitions, time.perf_counter)))
    torch.set_num_threads(1)
    _print("threads, by the wall clock", "threads", points)


def _r_drop(precision: str, repetitions: int) -> None:
    """Print how many times as much an update with R-Drop costs; both take turns, because the machine has its moods."""
    batch = batch_of(4096, 16)
    trainers = [new_trainer("tiny", precision), new_trainer("tiny", precision, r_drop=1.0)]
    turns = [[cost(trainer, batch, 1) for trainer in trainers] for _ in range(repetitions)]
    plain, doubled = map(min, zip(*turns, strict=True))
    typer.echo(f"R-Drop: {doubled / plain:.2f} times a plain update ({1e6 * plain:,.1f} microseconds a target token)")


def _print(title: str, unit: str, points: Sequence[tuple[str, int, float]]) -> None:
    typer.echo(f"| {title} | {unit} | microseconds a target token |\n| --- | ---: | ---: |")
    for name, size, seconds in points:
        typer.echo(f"| {name} | {size:,} | {1e6 * seconds:,.1f} |")
    sizes, costs = (np.log([point[place] for point in points]) for place in (1, 2))
    typer.echo(f"exponent {np.polyfit(sizes, costs, 1)[0]:.2f}\n")


if __name__ == "__main__":
    typer.run(main)
