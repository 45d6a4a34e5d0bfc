"""What 8 bits cost a model on one kind of processor and on another: quality, speed, and how far probabilities move.

    python recipes/benchmarks/eight_bits.py runs/NAME/versions/0001

The model is exported with CTranslate2 in float32 and in 8 bits, and translates the test set of its run in a process of
its own for each kind of arithmetic that this processor can imitate. The log-probabilities are those of the tokens of
the translations in float32. Processors without VNNI add two products of 8 bits up in 16, where large ones saturate;
``ONEDNN_MAX_CPU_ISA`` has the library do the same on one with VNNI. (``CT2_FORCE_CPU_ISA`` alone leaves the products as
they are on an AMD processor, whose products are oneDNN's.)
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from itertools import product
from pathlib import Path
from typing import Annotated, Any

import typer

PROCESSORS = {
    "this processor": {},
    "AVX2": {"ONEDNN_MAX_CPU_ISA": "AVX2", "CT2_FORCE_CPU_ISA": "AVX2"},
    "generic": {"ONEDNN_MAX_CPU_ISA": "SSE41", "CT2_FORCE_CPU_ISA": "GENERIC"},
}
"""Name, and variables of CTranslate2 and of the oneDNN below it."""

ENGINES = {
    "float32": ("float32", "default"),
    "8 bits": ("int8", "default"),
    "8-bit weights in float32": ("int8", "float32"),
}
"""Name, type of the export, type it is computed in."""


def main(
    model: Annotated[Path, typer.Argument(help="A version of a run.")],
    lines: Annotated[int, typer.Option(help="Of the test set, at most.")] = 1000,
    rounds: Annotated[int, typer.Option(help="How often each row is timed; the fastest counts.")] = 1,
) -> None:
    """Measure every engine on every processor and print a table in Markdown."""
    from transformer_cli import export
    from transformer_cli.artifacts.model_manifest import ModelManifest
    from transformer_cli.artifacts.run_directory import RunDirectory
    from transformer_cli.data.splits.files import SplitFiles
    from transformer_cli.metrics import corpus_bleu
    from transformer_cli.text.lines import read_text_lines

    data, languages = RunDirectory(model.resolve().parents[1]).data, ModelManifest.load(model).languages
    sources, references = (
        [line.text for line in read_text_lines(path)][:lines] for path in SplitFiles(data, "test", languages).texts
    )
    with tempfile.TemporaryDirectory() as folder:
        for quantization in ("float32", "int8"):
            export(model, to="ctranslate2", output=Path(folder, quantization), quantization=quantization)
        results = {}
        for (name, (quantization, compute_type)), processor in product(ENGINES.items(), PROCESSORS):
            question = {
                "model": str(model),
                "engine": str(Path(folder, quantization)),
                "compute_type": compute_type,
                "sources": sources,
                "rounds": rounds,
                "tokens": next(iter(results.values()))["tokens"] if results else None,
            }
            results[name, processor] = _in_a_process(question, PROCESSORS[processor])
    first = next(iter(results.values()))
    typer.echo("| engine | processor | BLEU | equal texts | nats a token: largest, mean | sentences/s |")
    typer.echo("| --- | --- | ---: | ---: | ---: | ---: |")
    for (name, processor), result in results.items():
        pairs = [zip(a, b, strict=True) for a, b in zip(first["log_probs"], result["log_probs"], strict=True)]
        differences = [abs(a - b) for pair in pairs for a, b in pair]
        bleu = corpus_bleu(result["texts"], [references]).value
        equal = sum(a == b for a, b in zip(first["texts"], result["texts"], strict=True))
        typer.echo(
            f"| {name} | {processor} | {bleu:.2f} | {equal} of {len(sources)} | {max(differences):.3f}, "
            f"{sum(differences) / len(differences):.4f} | {len(sources) / result['seconds']:.0f} |"
        )


def _in_a_process(question: dict[str, Any], variables: dict[str, str]) -> dict[str, Any]:
    finished = subprocess.run(
        [sys.executable, __file__, "answer"],
        input=json.dumps(question),
        stdout=subprocess.PIPE,
        env={**os.environ, **variables},
        text=True,
        check=True,
    )
    answer: dict[str, Any] = json.loads(finished.stdout)
    return answer


def _answer(question: dict[str, Any]) -> dict[str, Any]:
    """Translate and score in one thread; the time is that of the processor, on which other programs take no part."""
    from transformer_cli.artifacts.engine_manifest import longest_positions
    from transformer_cli.artifacts.model_manifest import ModelManifest, open_tokenizers
    from transformer_cli.decoding.ctranslate2_engine import CTranslate2Engine
    from transformer_cli.decoding.line_translator import LineTranslator

    manifest = ModelManifest.load(Path(question["model"]))
    tokenizers = open_tokenizers(Path(question["model"]), manifest)
    folder, sources = Path(question["engine"]), question["sources"]
    engine = CTranslate2Engine(
        folder,
        manifest.decoding,
        max_length=manifest.model.max_length,
        num_positions=longest_positions(manifest.model, manifest.decoding),
        threads=1,
        compute_type=question["compute_type"],
    )
    translator = LineTranslator(engine, tokenizers)
    translator.translate(sources[:50])  # not timed
    seconds, found = [], []
    for _ in range(question["rounds"]):
        began = time.process_time()
        found = translator.translate(sources)
        seconds.append(time.process_time() - began)
    tokens = question["tokens"] or [translation.tokens for translation in found]
    log_probs = engine.log_probs(tokenizers.source.encode_all(sources), tokens)
    return {
        "seconds": min(seconds),
        "texts": [translation.text for translation in found],
        "tokens": tokens,
        "log_probs": log_probs,
    }


if __name__ == "__main__":
    if sys.argv[1:] == ["answer"]:
        json.dump(_answer(json.load(sys.stdin)), sys.stdout)
    else:
        typer.run(main)
