"""How fast and in how much memory corpora are prepared: with one process and with several, or beside OpusFilter.

    python recipes/benchmarks/preparing.py FOLDER [--pairs N] [--threads 1 --threads 2] [--distinct] [--opusfilter P]

FOLDER holds folders with train.en.gz and train.fr.gz, and valid.en.gz and valid.fr.gz, aligned line by line. Their
lines are repeated until there are enough, each time with another word in every sentence; every tenth pair of a
repetition is left as it was, and is thus a duplicate. With --distinct each pair has a word of its own, and none is a
duplicate. The contenders are `tfm prepare` with each number of threads, whose data must be equal byte for byte, and
OpusFilter with comparable filters and one process if its program P is named (it is best installed into an environment
of its own). CPU seconds are what to compare: on a machine that has other things to do, the clock says something else.
Memory is that of the process and of all that it starts, shared pages counted once, every half second; Linux.
"""

from __future__ import annotations

import filecmp
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
from functools import partial
from itertools import count, islice
from pathlib import Path
from typing import Annotated

import typer
from process_memory import memory

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
        own_cpu_seconds: Of its first process alone.
        peak: The most MiB that its processes had at the same time.
        kept: The pairs that it left.
    """

    seconds: float
    cpu_seconds: float
    own_cpu_seconds: float
    peak: float
    kept: int


def main(
    folder: Annotated[Path, typer.Argument(help="Holds folders with train.en.gz, train.fr.gz and the same of valid.")],
    pairs: Annotated[list[int] | None, typer.Option(help="How many pairs; repeatable.")] = None,
    threads: Annotated[list[int] | None, typer.Option(help="OMP_NUM_THREADS of `tfm`; repeatable, in turn.")] = None,
    distinct: Annotated[bool, typer.Option("--distinct", help="Make no duplicates.")] = False,
    opusfilter: Annotated[str | None, typer.Option(help="The program to compare with.")] = None,
) -> None:
    """Make the corpora, run the contenders, print their commands and figures."""
    for number in pairs or [1_000_000]:
        with tempfile.TemporaryDirectory() as name:
            place = Path(name)
            write_corpora(folder, place, number, distinct=distinct)
            runs = [place / f"run-{turn}" for turn, _ in enumerate(threads or [1], start=1)]
            for run, each in zip(runs, threads or [1], strict=True):
                command = [sys.executable, "-m", "transformer_cli", "prepare", "--run-dir", run.name]
                show(number, f"tfm, {each} threads", measure(command, place, threads=each, kept=partial(kept_in, run)))
            for run in runs[1:]:
                compare(runs[0], run)
            if opusfilter is not None:
                command = [opusfilter, "--overwrite", "--n-jobs", "1", "opusfilter.yaml"]
                show(number, "OpusFilter", measure(command, place, threads=1, kept=partial(kept_by_opusfilter, place)))


def show(number: int, contender: str, found: Measurement) -> None:
    """Print the figures of a contender."""
    typer.echo(
        f"{number:,} pairs, {contender}: {found.seconds:.1f} s, {found.cpu_seconds:.1f} CPU seconds "
        f"({found.own_cpu_seconds:.1f} in the first process), {number / found.cpu_seconds:,.0f} pairs a CPU second, "
        f"{found.peak:,.0f} MiB, {found.kept:,} kept"
    )


def compare(first: Path, other: Path) -> None:
    """End with an error if two folders differ in a name or in a byte."""
    names = [sorted(path.relative_to(run) for path in run.rglob("*") if path.is_file()) for run in (first, other)]
    if names[0] != names[1]:
        sys.exit(f"{first.name} and {other.name} have different files")
    different = filecmp.cmpfiles(first, other, names[0], shallow=False)[1]
    if different:
        sys.exit(f"{first.name} and {other.name} differ: {', '.join(map(str, different))}")
    typer.echo(f"{first.name} and {other.name} are equal byte for byte")


def write_corpora(folder: Path, place: Path, number: int, *, distinct: bool = False) -> None:
    """Write a corpus of ``number`` pairs, the validation set, a recipe, and the other program's steps."""
    (place / "tfm.toml").write_text(RECIPE)
    (place / "opusfilter.yaml").write_text(json.dumps(STEPS))
    write_lines(place, "corpus", islice(distinct_pairs(folder) if distinct else changed_pairs(folder), number))
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
        word = letters(repetition)
        for number, pair in enumerate(lines_of(folder, "train")):
            is_changed = repetition and number % 10
            yield tuple(f"{text} {word}{word}" for text in pair) if is_changed else pair


def distinct_pairs(folder: Path) -> Iterator[tuple[str, ...]]:
    """Yield the pairs of all corpora again and again, each with a word of its own on both sides."""
    repeated = (pair for _ in count() for pair in lines_of(folder, "train"))
    for number, pair in enumerate(repeated):
        word = letters(number)
        yield tuple(f"{text} {word}" for text in pair)


def letters(number: int) -> str:
    """Return a word of a letter for each digit."""
    return "".join(chr(ord("a") + int(digit)) for digit in str(number))


def lines_of(folder: Path, part: str) -> Iterator[tuple[str, ...]]:
    """Yield the pairs of every corpus below ``folder``, in the order of their names."""
    for source in sorted(folder.glob(f"*/{part}.en.gz")):
        paths = [source.with_name(f"{part}.{code}.gz") for code in LANGUAGES]
        with gzip.open(paths[0], "rt", newline="\n") as first, gzip.open(paths[1], "rt", newline="\n") as second:
            yield from (tuple(line.rstrip("\r\n") for line in pair) for pair in zip(first, second, strict=True))


def measure(command: list[str], place: Path, *, threads: int, kept: Callable[[], int]) -> Measurement:
    """Run a command to its end."""
    typer.echo(f"OMP_NUM_THREADS={threads} {shlex.join(command)}")
    root = str(Path(__file__).resolve().parents[2])
    path = os.pathsep.join([str(Path(command[0]).parent), os.environ["PATH"]])
    environment = {**os.environ, "PATH": path, "PYTHONPATH": root, "OMP_NUM_THREADS": str(threads)}
    began = time.monotonic()
    with (place / "log").open("wb") as log:
        process = subprocess.Popen(command, cwd=place, env=environment, stdout=log, stderr=log)
        peak, own, ended = 0.0, 0.0, 0
        while not ended:
            peak, own = max(peak, memory(process.pid)), own_cpu_seconds(process.pid)
            time.sleep(0.5)
            ended, status, usage = os.wait4(process.pid, os.WNOHANG)
    seconds = time.monotonic() - began
    if status:
        sys.exit((place / "log").read_text())
    return Measurement(seconds, usage.ru_utime + usage.ru_stime, own, peak, kept())


def own_cpu_seconds(process: int) -> float:
    """Return the seconds that a process has computed itself, without those that it has started."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def kept_in(run: Path) -> int:
    """Return how many training pairs a run has."""
    return int(json.loads((run / "prepare.json").read_bytes())["total"]["kept"])


def kept_by_opusfilter(place: Path) -> int:
    """Return the same of the other program."""
    with (place / "train.en").open("rb") as file:
        return sum(1 for _ in file)


if __name__ == "__main__":
    typer.run(main)
