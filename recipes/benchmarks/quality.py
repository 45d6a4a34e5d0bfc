"""What changes of a recipe gain: rows of settings times seeds under one budget, in one table.

    python recipes/benchmarks/quality.py recipes/benchmarks/quality-multi30k.toml --data multi30k --work runs/quality

Every result is a line of `RESULTS.jsonl` beside the experiments file; the table of all of them is printed at the end,
and alone with --table. Choose by the columns of the validation set; the test set is there to be reported. Started again
after an interruption, it goes on where it was, and what has a result is not trained again.

    recipe = "multi30k-en-de"     # a path or the name of a shipped recipe
    target_tokens = 8_000_000     # the budget of each training; or: minutes = 55
    seeds = [1, 2, 3]
    set = ["decoding.beam_size=5"]                                # what all rows have in common
    [score]                       # left out: sacreBLEU's 13a, cased
    tokenize = "none"
    lowercase = true
    [[row]]                       # the first row is what the others are compared with
    name = "as it ships"
    [[row]]
    name = "linear decay"
    set = ["training.decay=linear"]
    target_tokens = 9_000_000     # only where the row is to have another budget than the others

A budget in target tokens, which becomes `training.max_steps`, does not depend on what else the machine does. Losses are
comparable within one vocabulary alone.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import mean, stdev
from typing import Annotated, Any

import typer

from transformer_cli import __version__
from transformer_cli.artifacts.model_manifest import ModelManifest
from transformer_cli.artifacts.run_directory import RunDirectory
from transformer_cli.config import Recipe
from transformer_cli.data.splits.read import read_split
from transformer_cli.data.tokens.batch_stream import BatchStream
from transformer_cli.data.tokens.encoded import encode_to_disk
from transformer_cli.data.tokens.tokenizer import TokenizerPair
from transformer_cli.metrics import Scores, compare_systems
from transformer_cli.recipe import recipe_to_toml
from transformer_cli.workflows.locate.recipe import locate_recipe

SPLITS = ("valid", "test")
Result = dict[str, Any]


@dataclass(frozen=True)
class Row:
    """One variant of the recipe.

    Args:
        name: In the table; names of folders are made of it.
        overrides: ``section.key=value`` of this row alone.
        target_tokens: Budget of a training, if that is in tokens.
        minutes: Budget of a training, if that is in minutes.
    """

    name: str
    overrides: tuple[str, ...]
    target_tokens: int | None
    minutes: float | None


@dataclass(frozen=True)
class Laboratory:
    """What the experiments file and the command line say, and where results are kept.

    Args:
        recipe: Of all rows.
        overrides: Of all rows.
        rows: The first one is what the others are compared with.
        seeds: Each row is trained with each.
        scoring: How BLEU and chrF are computed.
        work: Folder of the run directories.
        results: The file of results.
        data: Folder of the corpora; None: the recipe's.
        note: Said of the machine in each result.
    """

    recipe: str
    overrides: tuple[str, ...]
    rows: tuple[Row, ...]
    seeds: tuple[int, ...]
    scoring: Mapping[str, Any]
    work: Path
    results: Path
    data: Path | None
    note: str

    def folder(self, row: Row, seed: int) -> Path:
        """Return the run directory of one training."""
        return self.work / f"{row.name.replace(' ', '-')}-seed{seed}"


def main(
    experiments: Annotated[Path, typer.Argument(help="TOML file with the rows.")],
    work: Annotated[Path, typer.Option(help="Folder for the run directories.")],
    data: Annotated[Path | None, typer.Option(help="Folder of the corpora: data.folder.")] = None,
    row: Annotated[list[str] | None, typer.Option(help="Only these rows; default: all.")] = None,
    note: Annotated[str, typer.Option(help="Said of the machine in the results: what else ran on it?")] = "",
    table: Annotated[bool, typer.Option(help="Only print the table of the results so far.")] = False,
) -> None:
    """Train what has no result yet, append each result to the file, and print the table."""
    laboratory = read_experiments(experiments, work.absolute(), data, note)
    if not table:
        chosen = [each for each in laboratory.rows if not row or each.name in row]
        for seed in laboratory.seeds:
            for each in chosen:
                if not any(of(result, each, seed) for result in read_results(laboratory.results)):
                    result = run_experiment(laboratory, each, seed)
                    with laboratory.results.open("a", encoding="utf-8") as lines:
                        lines.write(json.dumps(result, ensure_ascii=False) + "\n")
                    typer.echo(json.dumps(result), err=True)
    typer.echo(table_of(read_results(laboratory.results), [each.name for each in laboratory.rows]))


def read_experiments(path: Path, work: Path, data: Path | None, note: str) -> Laboratory:
    """Read the experiments file."""
    values = tomllib.loads(path.read_text(encoding="utf-8"))
    budget = {key: values.get(key) for key in ("target_tokens", "minutes")}
    rows = tuple(
        Row(each["name"], tuple(each.get("set", ())), **{key: each.get(key, budget[key]) for key in budget})
        for each in values["row"]
    )
    if any((row.target_tokens is None) == (row.minutes is None) for row in rows):
        raise typer.BadParameter(f"{path}: the budget is either target_tokens or minutes")
    results = path.with_suffix(".jsonl")
    seeds = tuple(values.get("seeds", [1]))
    common, scoring = tuple(values.get("set", ())), values.get("score", {})
    return Laboratory(values["recipe"], common, rows, seeds, scoring, work, results, data, note)


def read_results(path: Path) -> list[Result]:
    """Return all results so far."""
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()] if path.exists() else []


def of(result: Result, row: Row, seed: int) -> bool:
    """Say whether a result is that of a row and a seed."""
    return bool(result["row"] == row.name and result["seed"] == seed)


def run_experiment(laboratory: Laboratory, row: Row, seed: int) -> Result:
    """Train, or finish a training that was interrupted; translate; score."""
    run = laboratory.folder(row, seed)
    run.mkdir(parents=True, exist_ok=True)
    recipe, tokens_of_update = with_budget(laboratory, row, seed)
    is_fresh, cpu_minutes = not (run / "checkpoints").exists(), None
    if not (run / "model").exists():
        cpu_minutes = tfm("train", run / "experiment.toml", "--run-dir", run, log=run / "said.txt")
    release = ModelManifest.load(RunDirectory(run).live_model).candidate
    if release is None:
        raise SystemExit(f"{run} has no record of its training")
    metrics = map(json.loads, (run / "metrics.jsonl").read_text("utf-8").splitlines())
    scores, comparison = score(laboratory, row, seed, recipe)
    return {
        "row": row.name,
        "seed": seed,
        "set": [*laboratory.overrides, *row.overrides],
        "budget": {"target_tokens": row.target_tokens, "minutes": row.minutes},
        "updates": release.steps,
        "target_tokens": round(release.steps * tokens_of_update),
        "minutes": round(release.seconds / 60, 1),
        "cpu_minutes": round(cpu_minutes, 1) if cpu_minutes and is_fresh else None,
        "valid_loss": [record["loss"] for record in metrics if record["kind"] == "valid"][-1],
        **{split: {"bleu": each.bleu.value, "chrf": each.chrf.value} for split, each in scores.items()},
        "signature": scores["valid"].bleu.signature,
        "against_first": comparison,
        "threads": os.environ.get("OMP_NUM_THREADS"),
        "program": __version__,
        "note": laboratory.note,
    }


def with_budget(laboratory: Laboratory, row: Row, seed: int) -> tuple[Recipe, float]:
    """Write the recipe of a training into its run directory; return it and the target tokens of an update."""
    run = laboratory.folder(row, seed)
    overrides = [*laboratory.overrides, *row.overrides, f"training.seed={seed}"]
    if laboratory.data is not None:
        overrides.append(f"data.folder={laboratory.data.absolute()}")
    recipe = locate_recipe(laboratory.recipe, overrides=overrides).recipe
    write_recipe(recipe, run / "experiment.toml", max_minutes=row.minutes)
    tfm("train-tokenizer", run / "experiment.toml", "--run-dir", run, log=run / "said.txt")
    tokenizers = TokenizerPair.load(run, shared=recipe.tokenizer.shared)
    encoded = encode_to_disk(run / "counted", read_split(run / "data", "train"), tokenizers, data_fingerprint="")
    stream = BatchStream(
        encoded, max_tokens=recipe.training.batch_tokens, max_length=recipe.model.max_length, seed=seed
    )
    tokens = int(encoded.target.lengths.sum()) / stream.batches_per_epoch
    if row.target_tokens is not None:
        updates = round(row.target_tokens / tokens)
        recipe = write_recipe(recipe, run / "experiment.toml", max_minutes=None, max_steps=updates)
    return recipe, tokens


def write_recipe(recipe: Recipe, path: Path, **training: Any) -> Recipe:
    """Write a recipe with other values for keys of ``[training]``, and return it."""
    recipe = recipe.model_copy(update={"training": recipe.training.model_copy(update=training)})
    path.write_text(recipe_to_toml(recipe), encoding="utf-8")
    return recipe


def tfm(*arguments: str | Path, log: Path) -> float:
    """Run the program, which must succeed; return the minutes of the processor that it took."""
    with log.open("ab") as out:
        process = subprocess.Popen([sys.executable, "-m", "transformer_cli", *map(str, arguments)], stderr=out)
        _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        typer.echo(f"{arguments[0]} failed with exit code {process.returncode}; see {log}", err=True)
        raise typer.Exit(1)
    return (usage.ru_utime + usage.ru_stime) / 60


def score(
    laboratory: Laboratory, row: Row, seed: int, recipe: Recipe
) -> tuple[dict[str, Scores], dict[str, dict[str, float]] | None]:
    """Score one training, and compare its row with the first one over all seeds that both have."""
    first = laboratory.rows[0]
    seeds = [each for each in laboratory.seeds if (laboratory.folder(row, each) / "model").exists()]
    seeds = [each for each in seeds if (laboratory.folder(first, each) / "model").exists()]
    scores, comparison = {}, {}
    for split in SPLITS:
        systems = {name: read_all(laboratory, each, seeds, recipe, split) for name, each in (("", first), ("new", row))}
        own, references = read_all(laboratory, row, [seed], recipe, split)
        options = {**laboratory.scoring, "with_ter": False}
        scores[split] = compare_systems({"own": own}, [references], samples=None, **options)["own"]
        if row is first or not seeds:
            continue
        both = {name: translations for name, (translations, _) in systems.items()}
        compared = compare_systems(both, [systems[""][1]], **options)
        gain = compared["new"].bleu.value - compared[""].bleu.value
        comparison[split] = {"bleu": gain, "p": compared["new"].bleu.p_value or 1.0}
    return scores, comparison or None


def read_all(
    laboratory: Laboratory, row: Row, seeds: Sequence[int], recipe: Recipe, split: str
) -> tuple[list[str], list[str]]:
    """Return the translations of several trainings one after another, and as many references."""
    translations: list[str] = []
    references: list[str] = []
    for seed in seeds:
        run = laboratory.folder(row, seed)
        output = run / f"{split}.translated"
        if not output.exists():
            source = run / "data" / f"{split}.{recipe.languages.source}"
            command = ("translate", "--model", run / "model", "--engine", "torch", source, "--output", output)
            tfm(*command, log=run / "said.txt")
        translations += lines_of(output)
        references += lines_of(run / "data" / f"{split}.{recipe.languages.target}")
    return translations, references


def lines_of(path: Path) -> list[str]:
    """Return the lines of a text file; nothing but a line feed ends one."""
    return path.read_text(encoding="utf-8").removesuffix("\n").split("\n")


def table_of(results: Sequence[Result], names: Sequence[str]) -> str:
    """Return the table in Markdown: the variants in ``names`` in their order, then those that only have results."""
    titles = ("variant", "seeds", "updates", "million target tokens", "CPU minutes", "validation loss")
    titles += ("validation BLEU", "against the first, p", "validation chrF", "test BLEU", "against the first, p")
    titles += ("test chrF",)
    lines = [f"| {' | '.join(titles)} |", "| --- |" + " ---: |" * (len(titles) - 1)]
    for name in dict.fromkeys([*names, *(result["row"] for result in results)]):
        group = [result for result in results if result["row"] == name]
        if group:
            lines.append(f"| {' | '.join([name, *cells_of(group)])} |")
    return "\n".join(lines)


def cells_of(group: Sequence[Result]) -> list[str]:
    """Return the numbers of one variant in words."""
    minutes = [result["cpu_minutes"] for result in group if result["cpu_minutes"] is not None]
    cells = [
        str(len(group)),
        f"{mean(result['updates'] for result in group):,.0f}",
        f"{mean(result['target_tokens'] for result in group) / 1e6:.1f}",
        f"{mean(minutes):.0f}" if minutes else "",
        spread([result["valid_loss"] for result in group], 3),
    ]
    for split in SPLITS:
        comparison = group[-1]["against_first"]
        gain = f"{comparison[split]['bleu']:+.2f}, {comparison[split]['p']:.3f}" if comparison else ""
        cells += [spread([result[split]["bleu"] for result in group]), gain]
        cells += [spread([result[split]["chrf"] for result in group])]
    return cells


def spread(values: Sequence[float], digits: int = 2) -> str:
    """Return the mean, and the standard deviation where there are several values."""
    deviation = f" ±{stdev(values):.{digits}f}" if len(values) > 1 else ""
    return f"{mean(values):.{digits}f}{deviation}"


if __name__ == "__main__":
    typer.run(main)
