"""How fast each engine translates the same lines with the same weights, and whether they agree.

    python recipes/benchmarks/translating.py MODEL INPUT [--lines 1000] [--huggingface FOLDER]

Each contender runs in a process of its own, in turn, several rounds, and reads, tokenises, searches with beam 5 and
detokenises the whole input; loading, starting worker processes and some lines to warm up are not counted. The best
round counts, for another program on the machine can only slow one down.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from transformer_cli.cores import available_cores

Translate = Callable[[Sequence[str]], list[tuple[str, int]]]
"""Gives each line's translation and its number of tokens, end of sentence counted."""

_WARM_UP_LINES = 256  # with fewer the worker processes would not start before the clock does


def torch_engine(precision: str) -> Callable[[Path, Path | None, int], Translate]:
    """Return this program's torch engine in one precision, as ``tfm translate --engine torch`` uses it."""

    def load(model: Path, _: Path | None, threads: int) -> Translate:
        from transformer_cli import Translator

        translator = Translator.load(
            model,
            engine="torch",
            device="cpu",
            threads=threads,
            precision=precision,
            beam_size=5,
            length_penalty=1.0,
        )
        return lambda lines: [(found.text, len(found.tokens) + 1) for found in translator.translate_detailed(lines)]

    return load


def exported_engine(model: Path, _: Path | None, threads: int) -> Translate:
    """Return this program's engine on what ``tfm export --to ctranslate2`` wrote into the model directory."""
    from transformer_cli import Translator

    translator = Translator.load(model, engine="ctranslate2", threads=threads, beam_size=5, length_penalty=1.0)
    return lambda lines: [(found.text, len(found.tokens) + 1) for found in translator.translate_detailed(lines)]


def ctranslate2_alone(model: Path, _: Path | None, threads: int) -> Translate:
    """Return CTranslate2's own interface on the same files, workers of one thread each."""
    import ctranslate2
    import sentencepiece

    folder = model / "ctranslate2"
    tokenizer = sentencepiece.SentencePieceProcessor(model_file=str(folder / "tokenizer.model"))
    translator = ctranslate2.Translator(str(folder), inter_threads=threads, intra_threads=1)

    def translate(lines: Sequence[str]) -> list[tuple[str, int]]:
        pieces = tokenizer.encode(list(lines), out_type=str)
        results = translator.translate_batch(pieces, beam_size=5, length_penalty=1, max_batch_size=32)
        return [(tokenizer.decode(r.hypotheses[0]), len(r.hypotheses[0]) + 1) for r in results]

    return translate


def transformers(_: Path, huggingface: Path | None, threads: int) -> Translate:
    """Return ``generate`` of the transformers library, batches of 64 sorted by length."""
    import torch
    from transformers import AutoModelForSeq2SeqLM, AutoTokenizer

    torch.set_num_threads(threads)
    tokenizer = AutoTokenizer.from_pretrained(str(huggingface))
    model = AutoModelForSeq2SeqLM.from_pretrained(str(huggingface)).eval()

    def translate(lines: Sequence[str]) -> list[tuple[str, int]]:
        order = sorted(range(len(lines)), key=lambda i: len(lines[i]))
        found = [("", 0)] * len(lines)
        for first in range(0, len(order), 64):
            indices = order[first : first + 64]
            batch = tokenizer([lines[i] for i in indices], return_tensors="pt", padding=True)
            with torch.inference_mode():
                output = model.generate(**batch, num_beams=5, length_penalty=1.0)
            texts = tokenizer.batch_decode(output, skip_special_tokens=True)
            counts = (output[:, 1:] != tokenizer.pad_token_id).sum(dim=1).tolist()
            for i, text, count in zip(indices, texts, counts, strict=True):
                found[i] = (text, count)
        return found

    return translate


# Name, and how it is loaded; a contender that needs a converted folder runs only where one is given.
CONTENDERS: dict[str, Callable[[Path, Path | None, int], Translate]] = {
    "tfm torch float32": torch_engine("float32"),
    "tfm torch bfloat16": torch_engine("bfloat16"),
    "tfm ctranslate2": exported_engine,
    "ctranslate2 alone": ctranslate2_alone,
    "transformers": transformers,
}
NEEDS_HUGGINGFACE = {"transformers"}
NEEDS_CTRANSLATE2 = {"tfm ctranslate2", "ctranslate2 alone"}


def main(
    model: Annotated[Path, typer.Argument(help="A model directory.")],
    source: Annotated[Path, typer.Argument(metavar="INPUT", help="Lines to translate; .gz and the like too.")],
    lines: Annotated[int, typer.Option(help="Take so many lines.")] = 1000,
    threads: Annotated[int, typer.Option(help="Cores to use.")] = available_cores(),
    huggingface: Annotated[Path | None, typer.Option(help="The same model as `tfm export --to huggingface`.")] = None,
    rounds: Annotated[int, typer.Option(help="How often each contender has its turn.")] = 3,
    only: Annotated[list[str] | None, typer.Option(help="A contender; repeatable.")] = None,
    contender: Annotated[str | None, typer.Option(hidden=True)] = None,
) -> None:
    """Time every contender and print a table."""
    if contender is not None:
        load = CONTENDERS[contender]
        sys.stdout.write(json.dumps(_measure(load(model, huggingface, threads), _read(source, lines))))
        return
    lacking = (set() if huggingface else NEEDS_HUGGINGFACE) | (
        set() if (model / "ctranslate2").is_dir() else NEEDS_CTRANSLATE2
    )
    names = [name for name in only or CONTENDERS if name not in lacking]
    best: dict[str, dict[str, Any]] = {}
    for _ in range(rounds):
        for name in names:
            command = [sys.executable, *sys.argv, "--contender", name]
            finished = subprocess.run(command, stdout=subprocess.PIPE, check=True, env=_environment(threads))
            result = json.loads(finished.stdout)
            sys.stderr.write(f"{name}: {len(result['texts']) / result['seconds']:.1f} sentences/s\n")
            if name not in best or result["seconds"] < best[name]["seconds"]:
                best[name] = result
    for name in names:
        sys.stdout.write(_row(name, best[name], best[names[0]]))


def _environment(threads: int) -> dict[str, str]:
    return {**os.environ, "OMP_NUM_THREADS": str(threads), "HF_HUB_OFFLINE": "1"}


def _read(source: Path, count: int) -> list[str]:
    from transformer_cli.text.lines import read_text_lines

    return [line.text for line, _ in zip(read_text_lines(source), range(count), strict=False)]


def _measure(translate: Translate, lines: list[str]) -> dict[str, Any]:
    translate(lines[:_WARM_UP_LINES])
    began = time.perf_counter()
    found = translate(lines)
    seconds = time.perf_counter() - began
    used = [resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return {
        "seconds": seconds,
        "tokens": sum(count for _, count in found),
        "memory": max(used) / 1024,  # of the largest process; Linux counts in KiB
        "texts": [text for text, _ in found],
    }


def _row(name: str, result: dict[str, Any], first: dict[str, Any]) -> str:
    texts, expected, seconds = result["texts"], first["texts"], result["seconds"]
    equal = sum(a == b for a, b in zip(texts, expected, strict=True)) / len(texts)
    return (
        f"{name:<24} {len(texts) / seconds:8.1f} sentences/s {result['tokens'] / seconds:9.0f} tokens/s "
        f"{result['memory']:7.0f} MiB  {equal:6.1%} as the first\n"
    )


if __name__ == "__main__":
    typer.run(main)
