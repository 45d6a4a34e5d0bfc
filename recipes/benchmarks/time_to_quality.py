"""Minutes until a training from nothing translates well: `tfm train` beside two others, everything included.

    pip install transformers accelerate
    python recipes/benchmarks/time_to_quality.py multi30k --work runs/time-to-quality

The folder has train and val in English and German, as the recipe `multi30k-en-de` wants them. The clock of a contender
starts with its process and ends with the first validation whose BLEU on the whole validation set (sacreBLEU, 13a,
cased) reaches the bound: imports, subwords, training and validations all count. The contenders are

- tfm: `tfm train multi30k-en-de`, the recipe as it ships;
- nn.Transformer: a loop as one writes it by hand around `torch.nn.Transformer`;
- MarianMT: the model of the `transformers` library under its `Seq2SeqTrainer`.

All have the shape, dropout, batch, rates and vocabulary of the recipe, or of --set, and batches of sentences of about
one length, and validate after the same numbers of updates. The two others then choose the most probable word at each
step, which takes the least time; `tfm` searches with the recipe's beam. The best of several rounds counts.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

OURS, LOOP, MARIAN = CONTENDERS = ("tfm", "nn.Transformer", "MarianMT")
RECIPE = "multi30k-en-de"
BEGAN = "TIME_TO_QUALITY_BEGAN"

Validation = dict[str, float]
"""Minutes since the start, updates, BLEU."""


@dataclass(frozen=True)
class Contest:
    """What is given to all contenders.

    Args:
        data: The folder of the corpus.
        overrides: Settings of the recipe, as ``key=value``.
        bleu: The bound that ends a training.
        validate_every: Updates between two validations.
        minutes: After which a training is given up.
    """

    data: Path
    overrides: Sequence[str]
    bleu: float
    validate_every: int
    minutes: float

    def settings(self) -> list[str]:
        """Return the options that give a recipe these settings."""
        words = [f"data.folder={self.data.resolve()}", *self.overrides]
        return [word for setting in words for word in ("--set", setting)]

    def ends(self, validation: Validation) -> bool:
        """Return whether a training with this validation is over."""
        return validation["bleu"] >= self.bleu or validation["minutes"] > self.minutes


def ours(contest: Contest, work: Path) -> Iterator[Validation]:
    """Train with the command line; yield its validations."""
    began = time.time()
    own = [f"training.validate_every={contest.validate_every}", "training.max_steps=1000000"]
    settings = [*contest.settings(), *(word for setting in own for word in ("--set", setting))]
    command = [sys.executable, "-m", "transformer_cli", "train", RECIPE, "--run-dir", str(work / "run"), *settings]
    metrics, seen = work / "run" / "metrics.jsonl", 0
    with (work / "log").open("wb") as log, subprocess.Popen(command, stderr=log) as training:
        while training.poll() is None:
            time.sleep(0.2)
            written = metrics.read_bytes().splitlines(keepends=True) if metrics.exists() else []
            for line in written[seen:]:
                if not line.endswith(b"\n"):
                    break
                seen += 1
                event = json.loads(line)
                if event["kind"] != "valid":
                    continue
                validation = {"minutes": (time.time() - began) / 60, "updates": event["step"], "bleu": event["bleu"]}
                yield validation
                if contest.ends(validation):
                    training.terminate()
                    training.wait()
                    return


def peer(name: str, contest: Contest, work: Path) -> Iterator[Validation]:
    """Train one of the others in a process of its own; yield its validations."""
    options = ["--bleu", str(contest.bleu), "--validate-every", str(contest.validate_every), *contest.settings()]
    command = [sys.executable, __file__, str(contest.data), "--work", str(work), "--turn", name, *options]
    environment = {**os.environ, BEGAN: str(time.time())}
    with (
        (work / "log").open("wb") as log,
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True, env=environment) as training,
    ):
        for line in training.stdout or ():
            if not line.startswith("{"):
                continue
            validation: Validation = json.loads(line)
            yield validation
            if contest.ends(validation):
                training.kill()


def take_turn(name: str, contest: Contest, work: Path) -> None:
    """Be one of the others."""
    from peer_trainings import Peer, ReachedError, train_loop, train_marian

    from transformer_cli.workflows.locate.recipe import locate_recipe

    overrides = [word for word in contest.settings() if word != "--set"]
    recipe = locate_recipe(RECIPE, run_dir=work, overrides=overrides).recipe
    began = float(os.environ[BEGAN])
    with suppress(ReachedError):
        one = Peer(recipe, contest.data, work, contest.bleu, contest.validate_every, began)
        {LOOP: train_loop, MARIAN: train_marian}[name](one)


def table(best: dict[str, Validation], names: Sequence[str], contest: Contest) -> Iterator[str]:
    """Word the best round of every contender."""
    yield f"| | minutes to {contest.bleu:g} BLEU | updates | times the minutes of tfm |"
    yield "| --- | ---: | ---: | ---: |"
    for name in names:
        if name not in best:
            yield f"| {name} | not within {contest.minutes:g} | | |"
            continue
        ratio = f"{best[name]['minutes'] / best[OURS]['minutes']:.2f}" if OURS in best else ""
        yield f"| {name} | {best[name]['minutes']:.1f} | {best[name]['updates']:,.0f} | {ratio} |"


def main(
    data: Annotated[Path, typer.Argument(help="The folder with Multi30k's files.")],
    work: Annotated[Path, typer.Option(help="Where trainings and their logs are kept.")] = Path("time-to-quality"),
    overrides: Annotated[list[str] | None, typer.Option("--set", "-s", help="As for tfm train; for all.")] = None,
    bleu: Annotated[float, typer.Option(help="On the validation set.")] = 30,
    validate_every: Annotated[int, typer.Option(help="Updates between two validations.")] = 250,
    limit: Annotated[float, typer.Option(help="Minutes after which a contender is given up.")] = 60,
    rounds: Annotated[int, typer.Option(help="How often each contender has its turn.")] = 1,
    only: Annotated[list[str] | None, typer.Option(help="Those of tfm, nn.Transformer, MarianMT.")] = None,
    turn: Annotated[str | None, typer.Option(hidden=True)] = None,
) -> None:
    """Compare how soon trainings reach a BLEU."""
    contest = Contest(data, overrides or [], bleu, validate_every, limit)
    if turn is not None:
        take_turn(turn, contest, work)
        return
    names, best = only or list(CONTENDERS), dict[str, Validation]()
    for _ in range(rounds):
        for name in names:
            folder = work / name
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir(parents=True)
            for found in ours(contest, folder) if name == OURS else peer(name, contest, folder):
                minutes, updates, score = found["minutes"], found["updates"], found["bleu"]
                typer.echo(f"{name}: {minutes:.2f} minutes, {updates:.0f} updates, {score:.2f} BLEU", err=True)
                if score >= bleu and minutes < best.get(name, {"minutes": limit})["minutes"]:
                    best[name] = found
    typer.echo("\n".join(table(best, names, contest)))


if __name__ == "__main__":
    typer.run(main)
