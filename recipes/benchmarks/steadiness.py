"""Whether a token costs as much at the end of a training as at its beginning, read off what the run has logged.

python recipes/benchmarks/steadiness.py runs/NAME [--minutes 5]
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer


def microseconds_per_token(records: list[dict[str, Any]]) -> float:
    """Return the mean cost of a target token; each record stands for as many updates, of about as many tokens."""
    return sum(1e6 / record["target_tokens_per_second"] for record in records) / len(records)


def main(
    run: Annotated[Path, typer.Argument(help="A run directory.")],
    minutes: Annotated[float, typer.Option(help="Length of the beginning and of the end.")] = 5,
) -> None:
    """Print the cost of a target token in the first and in the last minutes of a training."""
    lines = (run / "metrics.jsonl").read_text(encoding="utf-8").splitlines()
    records = [record for record in map(json.loads, lines) if record["kind"] == "train"]
    end = records[-1]["elapsed_seconds"]
    first = [record for record in records if record["elapsed_seconds"] <= 60 * minutes]
    last = [record for record in records if record["elapsed_seconds"] >= end - 60 * minutes]
    costs = [microseconds_per_token(each) for each in (first, last)]
    words = [
        f"{cost:.1f} microseconds a target token in the {which}"
        for cost, which in zip(costs, ("first", "last"), strict=True)
    ]
    typer.echo(f"{end / 60:.1f} minutes: {words[0]} {minutes:g}, {words[1]} ({costs[1] / costs[0]:.3f})")


if __name__ == "__main__":
    typer.run(main)
