"""How fast a training is, beside two others on the same batches: a loop over `torch.nn.Transformer`, and MarianMT.

    python recipes/benchmarks/training.py multi30k-en-de --set data.folder=multi30k --preset tiny --preset base

Each contender trains in a process of its own, in turn, several rounds, with the shape, dropout, vocabulary and batches
of the recipe: the best round counts, for another program on the machine can only slow one down. The second peer needs
`pip install transformers`; one that is not installed is left out. Speeds are in target tokens, padding not counted.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from importlib.util import find_spec
from itertools import islice
from pathlib import Path
from typing import Annotated, Any

import torch
import typer
from peer_models import LoopModel, MarianModel, update
from torch import nn

from transformer_cli import train_tokenizer
from transformer_cli.config import Recipe
from transformer_cli.data.splits.read import read_split
from transformer_cli.data.tokens.batch_stream import BatchStream
from transformer_cli.data.tokens.batching import Batch
from transformer_cli.data.tokens.encoded import encode_to_disk
from transformer_cli.data.tokens.tokenizer import Tokenizer, TokenizerPair
from transformer_cli.device import choose_precision, manage_memory
from transformer_cli.model.transformer import Transformer
from transformer_cli.training.trainer import Trainer
from transformer_cli.workflows.locate.recipe import locate_recipe

OURS, LOOP, MARIAN = "tfm", "nn.Transformer", "MarianMT"
PROGRAMS = {"tfm": "tfm, precision auto", "tfm-float32": "tfm, float32", LOOP: LOOP, MARIAN: MARIAN}

Step = Callable[[Batch], int]
"""Trains on one batch and returns its target tokens."""


@dataclass(frozen=True)
class Measurement:
    """What one contender did in one round.

    Args:
        tokens_per_second: Target tokens, padding not counted.
        peak_bytes: Most memory the process ever had.
        padding_share: Of the places of all its batches, both sides.
        flops_per_token: Arithmetic that one target token stands for, its share of the source included.
        waiting_share: Share of the time in which it waited for batches.
    """

    tokens_per_second: float
    peak_bytes: int
    padding_share: float
    flops_per_token: float
    waiting_share: float


def peer(model: nn.Module, recipe: Recipe) -> Step:
    """Return a training step as one writes it by hand."""
    training = recipe.training
    betas = (training.adam_beta1, training.adam_beta2)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-4, betas=betas, eps=training.adam_epsilon)
    model.train()

    def step(batch: Batch) -> int:
        update(model, batch, optimizer, training)
        return batch.target_tokens

    return step


def ours(recipe: Recipe, vocab_size: int, precision: str) -> Step:
    """Return the training step of `tfm train`."""
    manage_memory()
    config = recipe.training.model_copy(update={"precision": precision})
    trainer = Trainer(Transformer(recipe.model, vocab_size), config, peak_learning_rate=1e-4)
    return lambda batch: trainer.train_step([batch]).target_tokens


def contender(name: str, recipe: Recipe, vocab_size: int) -> Step:
    """Return the training step of one of `PROGRAMS`."""
    if name == LOOP:
        return peer(LoopModel(recipe.model, vocab_size), recipe)
    if name == MARIAN:
        return peer(MarianModel(recipe.model, vocab_size), recipe)
    return ours(recipe, vocab_size, "float32" if name == "tfm-float32" else "auto")


def flops(recipe: Recipe, vocab_size: int, *, source: int, target: int) -> float:
    """Return the arithmetic of training on so many tokens: six operations a weight; attention is not counted."""
    model = recipe.model
    attention, feed_forward = 4 * model.d_model**2, 2 * model.d_model * model.d_ff
    encoder = model.num_encoder_layers * (attention + feed_forward)
    # Keys and values of the source are made once a source token, the rest of the decoder once a target token.
    keys_and_values = model.num_decoder_layers * attention / 2
    decoder = model.num_decoder_layers * (1.5 * attention + feed_forward) + model.d_model * vocab_size
    return 6.0 * (source * (encoder + keys_and_values) + target * decoder)


def measure(name: str, recipe: Recipe, run: Path, *, seconds: float) -> Measurement:
    """Train for about ``seconds`` and see how fast it is; one update before does not count."""
    torch.manual_seed(1)
    tokenizer = Tokenizer.load(run / "tokenizer.model")
    stream = BatchStream(
        encode_to_disk(
            run / "encoded",
            read_split(run / "data", "train"),
            TokenizerPair(tokenizer, tokenizer),
            data_fingerprint="benchmark",
        ),
        max_tokens=recipe.training.batch_tokens,
        max_length=recipe.model.max_length,
        seed=1,
    )
    step, batches = contender(name, recipe, tokenizer.vocab_size), iter(stream)
    for batch in islice(batches, 1):
        step(batch)
    target = source = positions = 0
    waited, began = 0.0, time.perf_counter()
    while time.perf_counter() - began < seconds:
        asked = time.perf_counter()
        batch = next(batches)
        waited += time.perf_counter() - asked
        target += step(batch)
        source, positions = source + batch.source_tokens, positions + batch.positions
    elapsed = time.perf_counter() - began
    return Measurement(
        tokens_per_second=target / elapsed,
        peak_bytes=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024),
        padding_share=1 - (source + target) / positions,
        flops_per_token=flops(recipe, tokenizer.vocab_size, source=source, target=target) / target,
        waiting_share=waited / elapsed,
    )


def product_limit(dtype: torch.dtype, *, size: int = 2048) -> float:
    """Return the operations a second that a large matrix product reaches."""
    left, right = torch.randn(size, size).to(dtype), torch.randn(size, size).to(dtype)
    times = []
    for _ in range(8):
        began = time.perf_counter()
        left @ right
        times.append(time.perf_counter() - began)
    return 2 * size**3 / min(times)


def in_process(*arguments: str, **environment: str) -> Any:
    """Run this file with ``arguments`` in another process; return what it prints, as JSON."""
    command = [sys.executable, __file__, *arguments]
    everything = {**os.environ, **environment}
    finished = subprocess.run(command, stdout=subprocess.PIPE, check=True, text=True, env=everything)
    return json.loads(finished.stdout.splitlines()[-1])


def present() -> Iterator[str]:
    """Name the contenders that can run here."""
    for name in PROGRAMS:
        if name != MARIAN or find_spec("transformers"):
            yield name
        else:
            typer.echo("transformers is not installed: MarianMT is left out", err=True)


def table(preset: str, best: dict[str, Measurement], limits: dict[str, float]) -> Iterator[str]:
    """Word the best round of every contender."""
    fastest = max((m.tokens_per_second for name, m in best.items() if name in (LOOP, MARIAN)), default=None)
    yield f"| {preset} | target tokens/s | beside the faster peer | peak memory | padding | share of products' limit |"
    yield "| --- | ---: | ---: | ---: | ---: | ---: |"
    for name, m in best.items():
        ratio = "" if fastest is None else f"{m.tokens_per_second / fastest:.2f}"
        limit = limits["auto" if name == "tfm" else "float32"]
        yield (
            f"| {PROGRAMS[name]} | {m.tokens_per_second:,.0f} | {ratio} | {m.peak_bytes / 1e9:.2f} GB | "
            f"{m.padding_share:.1%} | {m.tokens_per_second * m.flops_per_token / limit:.0%} |"
        )
    share = best["tfm"].waiting_share
    yield f"tfm spent {1 - share:.1%} of its time in forward, backward and update, the rest waiting for batches"


def main(
    recipe: Annotated[str | None, typer.Argument(help="A recipe; left out: the phrasebook.")] = None,
    overrides: Annotated[list[str] | None, typer.Option("--set", "-s", help="As for tfm train.")] = None,
    preset: Annotated[list[str] | None, typer.Option(help="Shapes to train: tiny, small, base, big.")] = None,
    rounds: Annotated[int, typer.Option(help="How often each contender has its turn.")] = 3,
    seconds: Annotated[float, typer.Option(help="Length of a turn, its start not counted.")] = 20,
    only: Annotated[list[str] | None, typer.Option(help="Those of tfm, tfm-float32, nn.Transformer, MarianMT.")] = None,
    run_dir: Annotated[Path | None, typer.Option(help="Keep the prepared data here.")] = None,
    turn: Annotated[str | None, typer.Option(hidden=True)] = None,
) -> None:
    """Compare the speed of training with that of two peers."""
    if turn == "limits":
        auto = choose_precision("auto", torch.device("cpu"))
        typer.echo(json.dumps({"auto": product_limit(auto), "float32": product_limit(torch.float32)}))
        return
    located = locate_recipe(recipe, run_dir=run_dir, overrides=overrides or [])
    if turn is not None and run_dir is not None:
        typer.echo(json.dumps(asdict(measure(turn, located.recipe, run_dir, seconds=seconds))))
        return
    with tempfile.TemporaryDirectory() as folder:
        where = run_dir or Path(folder)
        train_tokenizer(recipe, run_dir=where, overrides=overrides or [])
        limits = in_process("--turn", "limits")
        typer.echo("products: " + ", ".join(f"{name} {limit / 1e9:.0f} GFLOP/s" for name, limit in limits.items()))
        for shape in preset or ["tiny"]:
            best: dict[str, Measurement] = {}
            names = [name for name in present() if not only or name in only]
            settings = [*(overrides or []), f"model.preset={shape}"]
            arguments = [*([recipe] if recipe else []), *(word for setting in settings for word in ("--set", setting))]
            for _ in range(rounds):
                for name in names:
                    words = ("--turn", name, "--run-dir", str(where), "--seconds", str(seconds))
                    # As the command does for itself.
                    waiting = {"OMP_WAIT_POLICY": "passive"} if name.startswith(OURS) else {}
                    found = Measurement(**in_process(*arguments, *words, **waiting))
                    typer.echo(f"{shape} {name}: {found.tokens_per_second:,.0f} target tokens/s", err=True)
                    if name not in best or found.tokens_per_second > best[name].tokens_per_second:
                        best[name] = found
            typer.echo("\n".join(table(shape, best, limits)))


if __name__ == "__main__":
    typer.run(main)
