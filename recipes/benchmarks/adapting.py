"""How well a model of Marian is adapted to other texts, and what it forgets, beside Marian adapting it itself.

    python -m venv marian && marian/bin/pip install pymarian sentencepiece
    python recipes/benchmarks/adapting.py --from fr --to en --marian marian/bin/python --work runs/adapting \
        --base everyday.{lang}.gz --base-test everyday-test.{lang}.gz --new help.{lang}.gz --new-test help-t.{lang}.gz

Marian (600 MB, from PyPI) trains a model on the base corpus. It is imported, and `tfm init --start-from` writes the
recipe that adapts it; each --row is that recipe with some settings changed. Marian itself continues the same model for
the same time, on the new texts and as many old ones. All are scored on both test sets with the same search. Started
again, it goes on after the last row that has a result.

    --row 'rate 0.001: retraining.learning_rate=0.001 training.max_minutes=15'
"""

from __future__ import annotations

import gzip
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Annotated

import typer

SHAPE = (
    "--type transformer --enc-depth 3 --dec-depth 3 --dim-emb 128 --transformer-heads 4 --transformer-dim-ffn 512 "
    "--transformer-ffn-activation swish --transformer-postprocess dan --tied-embeddings-all --transformer-dropout 0.1"
)
LEARNING = (
    "--optimizer-params 0.9 0.98 1e-09 --clip-norm 1 --cost-type ce-mean-words --label-smoothing 0.1 --max-length 100 "
    "--mini-batch 1000 --mini-batch-words 1500 --maxi-batch 100 --workspace 1500 --seed 1 --disp-freq 50u "
    "--save-freq 100000u --overwrite"
)
BASE_RATE = "--learn-rate 0.003 --lr-warmup 300u --lr-decay-inv-sqrt 300u"
VOCABULARY = 8000

IN_MARIAN = {
    "vocabulary": """
import sys, sentencepiece
_, size, prefix, *files = sys.argv
sentencepiece.SentencePieceTrainer.train(
    input=files, model_prefix=prefix, vocab_size=int(size), bos_id=-1, eos_id=0, unk_id=1, minloglevel=2)""",
    "train": """
import sys, pymarian
pymarian.Trainer(sys.argv[1]).train()""",
}


@dataclass(frozen=True)
class Bench:
    """What all rows have in common.

    Args:
        source: Language code.
        target: Language code.
        base: The corpus that the model knows, and the one that is held out, as paths with ``{lang}``.
        new: The same of the texts that it learns.
        minutes: Of each adaptation.
        threads: Of each training.
        marian: A Python that has pymarian.
        work: Folder of the models.
    """

    source: str
    target: str
    base: tuple[str, str]
    new: tuple[str, str]
    minutes: float
    threads: int
    marian: Path
    work: Path

    @property
    def sides(self) -> tuple[str, str]:
        """The two languages, the source first."""
        return self.source, self.target


def main(
    source: Annotated[str, typer.Option("--from")],
    target: Annotated[str, typer.Option("--to")],
    base: Annotated[str, typer.Option(help="Corpus of the model: two files with {lang} in their name.")],
    base_test: Annotated[str, typer.Option(help="Held-out pairs of it, likewise.")],
    new: Annotated[str, typer.Option(help="Corpus to adapt to, likewise.")],
    new_test: Annotated[str, typer.Option(help="Held-out pairs of it, likewise.")],
    marian: Annotated[Path, typer.Option(help="A Python that has pymarian.")],
    work: Annotated[Path, typer.Option(help="Folder for models and results.")],
    row: Annotated[list[str] | None, typer.Option(help="'NAME: SETTING=VALUE ...', an adaptation.")] = None,
    base_minutes: Annotated[float, typer.Option(help="Of Marian's training.")] = 30,
    minutes: Annotated[float, typer.Option(help="Of Marian's adaptation.")] = 15,
    threads: Annotated[int, typer.Option(help="Of each training.")] = 2,
    rate: Annotated[float, typer.Option(help="Learning rate of Marian's adaptation.")] = 0.0003,
) -> None:
    """Train, adapt, score, and print a table in Markdown."""
    corpora = (base, base_test), (new, new_test)
    bench = Bench(source, target, *corpora, minutes, threads, marian.absolute(), work.absolute())
    bench.work.mkdir(parents=True, exist_ok=True)
    train_base(bench, base_minutes)
    results = bench.work / "results.jsonl"
    done = {json.loads(line)["row"] for line in results.read_text("utf-8").splitlines()} if results.exists() else set()
    variants = {"as tfm init writes it": [], **dict(map(_variant, row or []))}
    for name in ["none", *variants, "by Marian itself"]:
        if name in done:
            continue
        started = time.monotonic()
        if name == "none":
            model, note = bench.work / "base-run", ""
        elif name == "by Marian itself":
            model, note = adapt_by_marian(bench, rate)
        else:
            model, note = adapt(bench, name, variants[name])
        spent = (time.monotonic() - started) / 60
        result = {"row": name, "minutes": round(spent, 1), "note": note, **scores(bench, model)}
        with results.open("a", encoding="utf-8") as lines:
            lines.write(json.dumps(result, ensure_ascii=False) + "\n")
    print_table(results)


def _variant(text: str) -> tuple[str, list[str]]:
    name, _, settings = text.partition(":")
    return name.strip(), settings.split()


def texts(corpus: str, side: str, count: int | None = None) -> Iterator[str]:
    """Yield the lines of one side of a corpus."""
    path = Path(corpus.format(lang=side))
    opened = gzip.open if path.suffix == ".gz" else open
    with opened(path, "rt", encoding="utf-8") as lines:
        yield from (line.rstrip("\n") for line in islice(lines, count))


def train_base(bench: Bench, minutes: float) -> None:
    """Train the model that all rows begin with, and import it."""
    place = bench.work / "base"
    if not (place / "model.npz").exists():
        place.mkdir(exist_ok=True)
        paths = [_write(place / f"train.{side}", texts(bench.base[0], side)) for side in bench.sides]
        _in_marian(bench, "vocabulary", str(VOCABULARY), str(place / "vocab"), *map(str, paths))
        (place / "vocab.model").rename(place / "vocab.spm")
        _train(bench, place, f"{SHAPE} {BASE_RATE}", minutes)
    if not (bench.work / "base-run").exists():
        _import(bench, place, bench.work / "base-run")


def adapt(bench: Bench, name: str, settings: Sequence[str]) -> tuple[Path, str]:
    """Adapt the model with `tfm init` and `tfm train`; return its newest version, and what the gate says of it."""
    place = bench.work / name.replace(" ", "-")
    place.mkdir(exist_ok=True)
    recipe = place / "tfm.toml"
    if not recipe.exists():
        for kind, corpus in (("new", bench.new[0]), ("general", bench.base[0])):
            for side in bench.sides:
                _write(place / f"{kind}.{side}", texts(corpus, side))
        languages = ("--from", bench.source, "--to", bench.target)
        general = ("--start-from", str(bench.work / "base-run"), "--general", f"general.{bench.source}")
        _tfm(place, "init", f"new.{bench.source}", *languages, *general)
    changes = [word for setting in settings for word in ("--set", setting)]
    code = _tfm(
        place, "train", "-d", "run", *changes, environment={"OMP_NUM_THREADS": str(bench.threads)}, codes=(0, 3)
    )
    versions = sorted(path for path in (place / "run" / "versions").iterdir() if path.is_dir())
    return versions[-1], "promoted" if code == 0 else "not promoted"


def adapt_by_marian(bench: Bench, rate: float) -> tuple[Path, str]:
    """Continue the model with Marian, on the new pairs and as many old ones."""
    place = bench.work / "marian"
    place.mkdir(exist_ok=True)
    for name in ("model.npz", "vocab.spm"):
        shutil.copy(bench.work / "base" / name, place / name)
    count = sum(1 for _ in texts(bench.new[0], bench.source))
    for side in bench.sides:
        both = [*texts(bench.new[0], side), *texts(bench.base[0], side, count)]
        _write(place / f"train.{side}", both)
    _train(bench, place, f"{SHAPE} --learn-rate {rate} --lr-warmup 100u", bench.minutes)
    _import(bench, place, place / "run")
    return place / "run", ""


def scores(bench: Bench, model: Path) -> dict[str, float]:
    """Return BLEU and chrF of a model on both test sets."""
    from sacrebleu.metrics.bleu import BLEU
    from sacrebleu.metrics.chrf import CHRF

    found: dict[str, float] = {}
    for kind, corpus in (("new", bench.new[1]), ("base", bench.base[1])):
        given, references = (list(texts(corpus, side)) for side in bench.sides)
        command = [sys.executable, "-m", "transformer_cli", "translate", "--model", str(model), "--engine", "torch"]
        done = subprocess.run(
            [*command, "--beam-size", "4"], input="\n".join(given) + "\n", capture_output=True, text=True, check=True
        )
        translations = done.stdout.splitlines()
        found[f"{kind} BLEU"] = round(BLEU().corpus_score(translations, [references]).score, 2)
        found[f"{kind} chrF"] = round(CHRF().corpus_score(translations, [references]).score, 2)
    return found


def print_table(results: Path) -> None:
    """Print all results in Markdown."""
    typer.echo("| training | minutes | new texts: BLEU, chrF | old texts: BLEU, chrF | gate |")
    typer.echo("| --- | ---: | --- | --- | --- |")
    for line in results.read_text("utf-8").splitlines():
        row = json.loads(line)
        pairs = [f"{row[f'{kind} BLEU']}, {row[f'{kind} chrF']}" for kind in ("new", "base")]
        typer.echo(f"| {row['row']} | {row['minutes']} | {' | '.join(pairs)} | {row['note']} |")


def _train(bench: Bench, place: Path, options: str, minutes: float) -> None:
    files = " ".join(str(place / f"train.{side}") for side in bench.sides)
    vocabulary = place / "vocab.spm"
    arguments = (
        f"--model {place}/model.npz --train-sets {files} --vocabs {vocabulary} {vocabulary} --log {place}/log --quiet "
        f"--cpu-threads {bench.threads} {LEARNING} {options}"
    )
    training = subprocess.Popen([bench.marian, "-c", IN_MARIAN["train"], arguments], stderr=subprocess.PIPE, text=True)
    try:
        training.wait(60 * minutes)
    except subprocess.TimeoutExpired:
        training.send_signal(signal.SIGTERM)  # Marian saves and ends
        training.wait(120)
    if not (place / "model.npz").exists():
        raise SystemExit(training.stderr.read() if training.stderr else "Marian saved nothing")
    for path in place.glob("*.optimizer.npz"):
        path.unlink()


def _import(bench: Bench, place: Path, run: Path) -> None:
    clean = run.with_name(f"{run.name}-files")
    clean.mkdir()
    for name in ("model.npz", "vocab.spm"):
        shutil.copy(place / name, clean / name)
    _tfm(bench.work, "import", str(clean), "--from", bench.source, "--to", bench.target, "--run-dir", str(run))


def _write(path: Path, lines: Iterator[str] | Sequence[str]) -> Path:
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return path


def _tfm(folder: Path, *arguments: str, environment: dict[str, str] | None = None, codes: Sequence[int] = (0,)) -> int:
    command = [sys.executable, "-m", "transformer_cli", *arguments]
    done = subprocess.run(command, cwd=folder, env={**os.environ, **(environment or {})}, check=False)
    if done.returncode not in codes:
        raise SystemExit(f"{' '.join(command)}: {done.returncode}")
    return done.returncode


def _in_marian(bench: Bench, task: str, *arguments: str) -> None:
    subprocess.run([bench.marian, "-c", IN_MARIAN[task], *arguments], check=True)


if __name__ == "__main__":
    typer.run(main)
