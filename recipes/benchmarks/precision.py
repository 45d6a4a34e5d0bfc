"""Whether speed is bought with quality: the same training in float32 and in another precision, for equal updates.

    python recipes/benchmarks/precision.py FOLDER multi30k-en-de --set training.max_steps=1000

Both run in FOLDER, one after the other, and can be broken off and taken up; then the validation curves are printed.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Annotated

import typer


def curve(run: Path) -> dict[int, tuple[float, float]]:
    """Return loss and BLEU of each validation of a run, by step."""
    records = [json.loads(line) for line in (run / "metrics.jsonl").read_text(encoding="utf-8").splitlines()]
    return {record["step"]: (record["loss"], record["bleu"]) for record in records if record["kind"] == "valid"}


def main(
    folder: Annotated[Path, typer.Argument(help="Where the run directories go.")],
    recipe: Annotated[str, typer.Argument(help="A recipe.")] = "phrasebook",
    overrides: Annotated[list[str] | None, typer.Option("--set", "-s", help="As for tfm train.")] = None,
    precision: Annotated[str, typer.Option(help="What to compare with float32.")] = "auto",
) -> None:
    """Train twice and print both validation curves."""
    curves = {}
    for name in ("float32", precision):
        run = folder / name
        settings = [*(overrides or []), f"training.precision={name}"]
        arguments = [word for setting in settings for word in ("--set", setting)]
        command = [sys.executable, "-m", "transformer_cli", "train", recipe, "--run-dir", str(run), *arguments]
        subprocess.run(command, check=True)
        curves[name] = curve(run)
    typer.echo(f"| step | loss, float32 | loss, {precision} | BLEU, float32 | BLEU, {precision} |")
    typer.echo("| ---: | ---: | ---: | ---: | ---: |")
    for step in sorted(curves["float32"].keys() & curves[precision].keys()):
        (loss, bleu), (other_loss, other_bleu) = curves["float32"][step], curves[precision][step]
        typer.echo(f"| {step} | {loss:.3f} | {other_loss:.3f} | {bleu:.2f} | {other_bleu:.2f} |")


if __name__ == "__main__":
    typer.run(main)
