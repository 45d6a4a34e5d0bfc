"""How fast and in how much memory corpora are prepared, beside OpusFilter with comparable filters on the same lines.

    python recipes/benchmarks/preparing.py FOLDER [--pairs 250000 --pairs 1000000] [--opusfilter .venv/bin/opusfilter]

FOLDER holds folders with train.en.gz and train.fr.gz, and valid.en.gz and valid.fr.gz, aligned line by line. Their
lines are repeated until there are enough, each time with another word in every sentence; every tenth pair of a
repetition is left as it was, and is thus a duplicate. Each contender is a process of its own with one thread. CPU
seconds are what to compare: on a machine that has other things to do, the clock says something else.
OpusFilter is best installed into an environment of its own; without it only `tfm` is measured.
"""

from __future__ import annotations

import gzip
import json
import os
import shlex
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import count, islice
from pathlib import Path
from typing import Annotated

import typer

LANGUAGES = ("en", "fr")
RECIPE = """\
[languages]
source = "en"
target = "fr"
[data]
train = "corpus.{lang}"
valid = "valid.{lang}"
"""
# The rules that both have: spaces, lengths, their ratio, scripts, (near-)duplicates, sentences of the validation set.
FILES = {
    name: [f"{name}.{code}" for code in LANGUAGES] for name in ("corpus", "spaced", "fit", "unique", "new", "train")
}
STEPS = {
    "common": {"output_directory": "."},
    "steps": [
        {
            "type": "preprocess",
            "parameters": {
                "inputs": FILES["corpus"],
                "outputs": FILES["spaced"],
                "preprocessors": [{"WhitespaceNormalizer": {}}],
            },
        },
        {
            "type": "filter",
            "parameters": {
                "inputs": FILES["spaced"],
                "outputs": FILES["fit"],
                "filters": [
                    {"LengthFilter": {"unit": "char", "min_length": 1, "max_length": 1000}},
                    {"LengthRatioFilter": {"unit": "char", "threshold": 3}},
                    {"CharacterScoreFilter": {"scripts": ["Latin", "Latin"], "thresholds": [0.3, 0.3]}},
                ],
            },
        },
        {
            "type": "remove_duplicates",
            "parameters": {
                "inputs": FILES["fit"],
                "outputs": FILES["unique"],
                "hash": "xx_64",
                "lowercase": True,
                "letters_only": True,
            },
        },
        *(
            {
                "type": "remove_duplicates",
                "parameters": {
                    "inputs": FILES[before],
                    "outputs": FILES[after],
                    "overlap": [f"valid.{code}" for code in LANGUAGES],
                    "compare": [side],
                    "hash": "xx_64",
                    "lowercase": True,
                    "letters_only": True,
                },
            }
            for side, before, after in ((0, "unique", "new"), (1, "new", "train"))
        ),
    ],
}


@dataclass(frozen=True)
class Measurement:
    """What one contender needed.

    Args:
        seconds: By the clock.
        cpu_seconds: Of all its processes.
        peak_bytes: Most memory that one of them ever had.
        kept: Pairs that it left.
    """

    seconds: float
    cpu_seconds: float
    peak_bytes: int
    kept: int


def main(
    folder: Annotated[Path, typer.Argument(help="Holds folders with train.en.gz, train.fr.gz and the same of valid.")],
    pairs: Annotated[list[int] | None, typer.Option(help="How many pairs; repeatable.")] = None,
    opusfilter: Annotated[str, typer.Option(help="The program to compare with.")] = "opusfilter",
) -> None:
    """Make the corpora, run the contenders, print their commands and figures."""
    ours = [sys.executable, "-m", "transformer_cli", "prepare", "--run-dir", "run"]
    theirs = [opusfilter, "--overwrite", "--n-jobs", "1", "opusfilter.yaml"]
    for number in pairs or [1_000_000]:
        with tempfile.TemporaryDirectory() as name:
            place = Path(name)
            write_corpora(folder, place, number)
            found = {"tfm": measure(ours, place, number, kept=kept_by_us)}
            try:
                found["OpusFilter"] = measure(theirs, place, number, kept=kept_by_them)
            except FileNotFoundError:
                typer.echo(
                    f"{opusfilter} is not there; `pip install opusfilter` into some environment and name its program"
                )
        for contender, figures in found.items():
            typer.echo(
                f"{number:,} pairs, {contender}: {figures.seconds:.1f} s, {figures.cpu_seconds:.1f} CPU seconds, "
                f"{number / figures.cpu_seconds:,.0f} pairs a CPU second, {figures.peak_bytes / 2**20:,.0f} MiB, "
                f"{figures.kept:,} kept"
            )
        if len(found) == 2:
            ratio = found["OpusFilter"].cpu_seconds / found["tfm"].cpu_seconds
            typer.echo(f"{number:,} pairs: tfm prepares {ratio:.2f} pairs in the time of one of OpusFilter's")


def write_corpora(folder: Path, place: Path, number: int) -> None:
    """Write a corpus of ``number`` pairs, the validation set, a recipe, and the other program's steps."""
    (place / "tfm.toml").write_text(RECIPE)
    (place / "opusfilter.yaml").write_text(json.dumps(STEPS))
    write_lines(place, "corpus", islice(changed_pairs(folder), number))
    write_lines(place, "valid", lines_of(folder, "valid"))


def write_lines(place: Path, name: str, pairs: Iterator[tuple[str, ...]]) -> None:
    """Write two aligned files."""
    with (place / f"{name}.en").open("w") as source_file, (place / f"{name}.fr").open("w") as target_file:
        for source, target in pairs:
            source_file.write(source + "\n")
            target_file.write(target + "\n")


def changed_pairs(folder: Path) -> Iterator[tuple[str, ...]]:
    """Yield the pairs of all corpora again and again."""
    for repetition in count():
        word = "".join(chr(ord("a") + int(digit)) for digit in str(repetition))
        for number, pair in enumerate(lines_of(folder, "train")):
            is_changed = repetition and number % 10
            yield tuple(f"{text} {word}{word}" for text in pair) if is_changed else pair


def lines_of(folder: Path, part: str) -> Iterator[tuple[str, ...]]:
    """Yield the pairs of every corpus below ``folder``, in the order of their names."""
    for source in sorted(folder.glob(f"*/{part}.en.gz")):
        paths = [source.with_name(f"{part}.{code}.gz") for code in LANGUAGES]
        with gzip.open(paths[0], "rt", newline="\n") as first, gzip.open(paths[1], "rt", newline="\n") as second:
            yield from (tuple(line.rstrip("\r\n") for line in pair) for pair in zip(first, second, strict=True))


def measure(command: list[str], place: Path, number: int, *, kept: Callable[[Path], int]) -> Measurement:
    """Run a command to its end."""
    typer.echo(f"{number:,} pairs: {shlex.join(command)}")
    root = str(Path(__file__).resolve().parents[2])
    path = os.pathsep.join([str(Path(command[0]).parent), os.environ["PATH"]])
    environment = {**os.environ, "PATH": path, "PYTHONPATH": root, "OMP_NUM_THREADS": "1"}
    began = time.monotonic()
    with (place / "log").open("wb") as log:
        process = subprocess.Popen(command, cwd=place, env=environment, stdout=log, stderr=log)
        _, status, usage = os.wait4(process.pid, 0)
    seconds = time.monotonic() - began
    if status:
        sys.exit((place / "log").read_text())
    return Measurement(seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024, kept(place))


def kept_by_us(place: Path) -> int:
    """Return how many training pairs there are."""
    return int(json.loads((place / "run" / "prepare.json").read_bytes())["total"]["kept"])


def kept_by_them(place: Path) -> int:
    """Return the same of the other program."""
    with (place / "train.en").open("rb") as file:
        return sum(1 for _ in file)


if __name__ == "__main__":
    typer.run(main)
