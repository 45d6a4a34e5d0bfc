"""Measures `cleaning.unrelated` on pairs of which a fifth have the target of another pair, and the BLEU after cleaning.

    python recipes/benchmarks/unrelated.py FOLDER --work runs/unrelated [--pairs 40000] [--steps 1000]

FOLDER has train.en.gz, train.fr.gz, valid.en.gz and valid.fr.gz. Three recipes are trained with the same settings: on
the pairs as they are, on the mismatched ones after cleaning, and on the mismatched ones as they are. With `--steps 0`
the data is only prepared. Started again after an interruption, it goes on where it was.
"""

from __future__ import annotations

import gzip
import json
import random
import subprocess
import sys
from pathlib import Path
from typing import Annotated

import typer

RECIPE = """\
[languages]
source = "{source}"
target = "{target}"
[data]
train = "{train}.{{lang}}"
valid = "valid.{{lang}}"
test = "test.{{lang}}"
[cleaning]
unrelated = {unrelated}
[tokenizer]
vocab_size = 4000
[model]
preset = "tiny"
dropout = 0.1
[training]
max_steps = {steps}
batch_tokens = 2048
learning_rate = 0.003
warmup_steps = 400
validate_every = 100
save_every = 50
average_checkpoints = 10
seed = {seed}
[decoding]
beam_size = 4
"""
TRAININGS = {"as they are": ("true", False), "cleaned": ("mismatched", True), "not cleaned": ("mismatched", False)}
Pair = tuple[str, str]


def main(
    folder: Annotated[Path, typer.Argument(help="Holds train.en.gz, train.fr.gz and the same of valid.")],
    work: Annotated[Path, typer.Option(help="A folder for the recipes and the runs.")],
    pairs: int = 40_000,
    steps: Annotated[int, typer.Option(help="Updates of each training; 0: only prepare.")] = 1000,
    seed: int = 1,
    share: Annotated[float, typer.Option(help="Share of the pairs that get another's target.")] = 0.2,
    source: str = "en",
    target: str = "fr",
) -> None:
    """Write corpora and recipes, print what the rule found, train, print the scores."""
    work.mkdir(parents=True, exist_ok=True)
    languages = (source, target)
    true = read(folder, "train", languages)
    true = random.Random(0).sample(true, min(pairs, len(true)))
    mismatched, changed = mismatch(true, share)
    held_out = read(folder, "valid", languages)
    quarter = len(held_out) // 4
    corpora = {"true": true, "mismatched": mismatched, "valid": held_out[:quarter], "test": held_out[quarter:]}
    for name, content in corpora.items():
        for side, code in enumerate(languages):
            (work / f"{name}.{code}").write_text("".join(f"{pair[side]}\n" for pair in content), encoding="utf-8")
    values = {"steps": max(1, steps), "seed": seed}
    report_found(work, f"cleaned-{seed}", languages, mismatched, changed, values)
    for name, (train, unrelated) in TRAININGS.items() if steps else ():
        run = f"{name.replace(' ', '-')}-{seed}"
        write_recipe(work / f"{run}.toml", languages, train=train, unrelated=unrelated, **values)
        tfm("train", f"{run}.toml", work=work)
        place = work / "runs" / run
        kept = json.loads((place / "prepare.json").read_bytes())["total"]["kept"]
        config = json.loads((place / "model/config.json").read_bytes())
        test = config["candidate"]["tests"]["test"]
        scores = {metric: test[metric]["score"] for metric in ("bleu", "chrf")}
        typer.echo(f"{name}: {kept:,} pairs, {steps} updates, {scores}")


def read(folder: Path, part: str, languages: tuple[str, str]) -> list[Pair]:
    """Read two aligned packed files."""
    paths = [folder / f"{part}.{code}.gz" for code in languages]
    first, second = (gzip.decompress(path.read_bytes()).decode().removesuffix("\n").split("\n") for path in paths)
    return list(zip(first, second, strict=True))


def mismatch(pairs: list[Pair], share: float) -> tuple[list[Pair], set[int]]:
    """Return the pairs, a share of which have another's target, and the indices of those."""
    chosen = random.Random(1).sample(range(len(pairs)), round(share * len(pairs)))
    mismatched = list(pairs)
    for place, other in zip(chosen, [*chosen[1:], *chosen[:1]], strict=True):
        mismatched[place] = (pairs[place][0], pairs[other][1])
    return mismatched, set(chosen)


def report_found(
    work: Path, run: str, languages: tuple[str, str], pairs: list[Pair], changed: set[int], values: dict[str, int]
) -> None:
    """Print which share of both kinds of pairs the rule drops, of the pairs that the rules before it leave."""
    write_recipe(work / f"{run}.toml", languages, train="mismatched", unrelated=True, **values)
    if not (work / "rejected.tsv").exists():
        tfm("prepare", f"{run}.toml", "--rejected", "rejected.tsv", work=work)
    with (work / "rejected.tsv").open(encoding="utf-8", newline="\n") as lines:
        rejected = [line.split("\t")[:2] for line in lines]
    later = {"leakage", "duplicate", "held_out", "near_duplicate", "source_repeats", "unrelated"}
    found = {int(place.rpartition(":")[2]) - 1 for rule, place in rejected if rule == "unrelated"}
    before = {int(place.rpartition(":")[2]) - 1 for rule, place in rejected if rule not in later}
    limit = json.loads((work / f"runs/{run}/prepare.json").read_bytes())["unrelated_below"]
    judged = set(range(len(pairs))) - before
    true = judged - changed
    wrong = judged & changed
    typer.echo(
        f"of {len(judged):,} pairs, similarity under {limit:.3f}: {len(found & wrong)} of {len(wrong)} mismatched "
        f"({len(found & wrong) / len(wrong):.2%}), {len(found & true)} of {len(true)} others "
        f"({len(found & true) / len(true):.2%})"
    )


def write_recipe(path: Path, languages: tuple[str, str], *, train: str, unrelated: bool, steps: int, seed: int) -> None:
    """Write one of the recipes."""
    source, target = languages
    values = {"source": source, "target": target, "train": train, "steps": steps, "seed": seed}
    path.write_text(RECIPE.format(unrelated=str(unrelated).lower(), **values), encoding="utf-8")


def tfm(*arguments: str, work: Path) -> None:
    """Run the program in ``work``; its messages go to ``work/log``."""
    with (work / "log").open("ab") as log:
        command = [sys.executable, "-m", "transformer_cli", *arguments]
        code = subprocess.run(command, cwd=work, stderr=log, stdout=log, check=False).returncode
    if code:
        sys.exit(f"tfm {' '.join(arguments)} ended with {code}; see {work / 'log'}")


if __name__ == "__main__":
    typer.run(main)
