"""Whether a training needs more memory for a larger corpus: peak resident memory of ``tfm train`` on prepared data.

    python recipes/benchmarks/training_memory.py FOLDER [--pairs 50000 --pairs 1000000] [--steps 200]

FOLDER and how the corpora are made of it: see preparing.py. Preparing and the tokenizer are a command before and do not
count; training, validation, test and release do.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Annotated

import typer
from preparing import write_corpora

TFM = [sys.executable, "-m", "transformer_cli"]
HELD_OUT = ["--set", "data.valid=200"]


def main(
    folder: Annotated[Path, typer.Argument(help="Holds folders with train.en.gz, train.fr.gz and the same of valid.")],
    pairs: Annotated[list[int] | None, typer.Option(help="How many pairs; repeatable.")] = None,
    steps: Annotated[int, typer.Option(help="Updates.")] = 200,
) -> None:
    """Train on corpora of several sizes and print the peaks."""
    peaks = []
    for number in pairs or [50_000, 1_000_000]:
        with tempfile.TemporaryDirectory() as name:
            place = Path(name)
            write_corpora(folder, place, number)
            peak_of([*TFM, "train-tokenizer", "--run-dir", "run", *HELD_OUT], place)
            limits = [f"training.max_steps={steps}", f"training.validate_every={steps}", "training.log_every=10"]
            settings = [word for limit in limits for word in ("--set", limit)]
            peaks.append(peak_of([*TFM, "train", "--run-dir", "run", *HELD_OUT, *settings], place))
        typer.echo(f"{number:,} pairs: {peaks[-1] / 2**20:,.0f} MiB, {peaks[-1] / peaks[0]:.2f} of the first")


def peak_of(command: list[str], place: Path) -> int:
    """Run a command to its end; return the most memory its process ever had, in bytes."""
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[2])}
    with (place / "log").open("wb") as log:
        process = subprocess.Popen(command, cwd=place, env=environment, stdout=log, stderr=log)
        _, status, usage = os.wait4(process.pid, 0)
    if status:
        sys.exit((place / "log").read_text())
    return usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024)


if __name__ == "__main__":
    typer.run(main)
