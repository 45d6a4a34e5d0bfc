"""What a pipe sees of `tfm translate`: how soon a line comes back, and whether a million come back in order.

    python recipes/benchmarks/pipe.py MODEL LINES [--number 1000000] [--engine torch]

LINES is a text, plain or packed, whose lines are sent. First one by one, a second after the answer to the one before,
and the time to each answer is taken. Then, to a process of its own, so many short lines as asked for, each numbered;
each comes back with its source, so that none can be lost or moved unseen. Memory is that of the process and of all that
it starts, shared pages counted once, every second; Linux.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from itertools import count, islice
from pathlib import Path
from threading import Thread
from typing import Annotated

import typer
from process_memory import memory

from transformer_cli.text.lines import read_text_lines

_WORDS = 3


def numbered(lines: list[str]) -> Iterator[str]:
    """Yield short lines without end, no two the same: some words of each of ``lines`` in turn, and a number."""
    for number in count(1):
        words = lines[number % len(lines)].split()[:_WORDS]
        yield " ".join([*words, str(number)])


def measure_latency(command: list[str], lines: list[str]) -> str:
    """Send each of ``lines`` alone, wait for its answer, and be idle for a second."""
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    if process.stdin is None or process.stdout is None:
        raise ValueError("no pipe")
    milliseconds = []
    for line in lines:
        time.sleep(1)
        began = time.perf_counter()
        process.stdin.write(line.encode() + b"\n")
        process.stdin.flush()
        process.stdout.readline()
        milliseconds.append(1000 * (time.perf_counter() - began))
    process.stdin.close()
    process.wait()
    warm = milliseconds[1:]
    return f"{len(warm)} single lines: median {statistics.median(warm):.0f} ms, longest {max(warm):.0f} ms"


def send_many(command: list[str], lines: list[str], number: int) -> str:
    """Send ``number`` lines as fast as they are taken, and check that each comes back in its place."""
    process = subprocess.Popen([*command, "--format", "jsonl"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    if process.stdin is None or process.stdout is None:
        raise ValueError("no pipe")
    into, out = process.stdin, process.stdout

    def send() -> None:
        with into:
            for line in islice(numbered(lines), number):
                into.write(line.encode() + b"\n")

    began = time.perf_counter()
    Thread(target=send, daemon=True).start()
    sampled, samples, received, wrong = began, [], 0, 0
    for expected, answer in zip(numbered(lines), out, strict=False):
        received += 1
        wrong += json.loads(answer)["source"] != expected
        if time.perf_counter() - sampled > 1:
            samples.append(memory(process.pid))
            sampled = time.perf_counter()
    seconds = time.perf_counter() - began
    status = process.wait()
    tenth = max(1, len(samples) // 10)
    return (
        f"{number:,} lines sent, {received:,} received, {wrong} of them not in their place, exit code {status}, "
        f"{received / seconds:,.0f} lines/s; memory at most {max(samples[:tenth]):,.0f} MiB in the first tenth of the "
        f"time, {max(samples[tenth:-tenth] or samples):,.0f} MiB between, {max(samples[-tenth:]):,.0f} MiB in the last"
    )


def main(
    model: Annotated[Path, typer.Argument(help="A model directory or run directory.")],
    text: Annotated[Path, typer.Argument(help="A text in the source language; .gz and the like too.")],
    number: Annotated[int, typer.Option(help="How many lines to send at once.")] = 1_000_000,
    engine: Annotated[str, typer.Option(help="torch or ctranslate2.")] = "torch",
    beam_size: Annotated[int | None, typer.Option(help="1 to 100; the model's own if left out.")] = None,
    singles: Annotated[int, typer.Option(help="How many lines to send one by one.")] = 21,
) -> None:
    """Measure single lines through an idle pipe, and many through a full one."""
    lines = [line.text for line in read_text_lines(text) if len(line.text.split()) >= _WORDS]
    command = [sys.executable, "-m", "transformer_cli", "translate", "--model", str(model), "--engine", engine, "-q"]
    if beam_size is not None:
        command += ["--beam-size", str(beam_size)]
    if singles:
        typer.echo(measure_latency(command, lines[:singles]))
    if number:
        typer.echo(send_many(command, lines, number))


if __name__ == "__main__":
    typer.run(main)
