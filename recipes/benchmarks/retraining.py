"""Four nights of retraining on real data: does the new domain gain, does the old one keep, is poison kept out?

    python recipes/benchmarks/retraining.py GENERAL DOMAIN --work runs/nights

GENERAL and DOMAIN are folders with train.en.gz, train.fr.gz, valid.en.gz and valid.fr.gz. The first night has pairs of
GENERAL alone; in each of the three after it a portion of DOMAIN arrives in the inbox; in the last one a portion whose
targets were shuffled. Then the live version is rolled back. Each night is one `tfm train` with a budget in minutes.
Started again after an interruption, it goes on where it was. Exit code 1 if something is not as it must be.
"""

from __future__ import annotations

import gzip
import json
import random
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any
from xml.sax.saxutils import escape

import typer

RECIPE = """\
name = "nights"
[languages]
source = "{source}"
target = "{target}"
[data]
train = ["inbox/*.tmx"]
valid = "valid.{{lang}}"
test = "general.{{lang}}"
tests = {{domain = "domain.{{lang}}"}}
[tokenizer]
vocab_size = {vocab_size}
[model]
preset = "tiny"
dropout = 0.1
[training]
max_minutes = {minutes}
batch_tokens = 2048
learning_rate = 0.003
warmup_steps = 400
validate_every = {validate_every}
save_every = 50
average_checkpoints = 10
stop_metric = "bleu"
[decoding]
beam_size = 4
"""
Pair = tuple[str, str]


@dataclass(frozen=True)
class Options:
    """What the command line says."""

    general: Path
    domain: Path
    work: Path
    source: str
    target: str
    minutes: float
    general_pairs: int
    portion: int | None
    vocab_size: int
    validate_every: int


def main(
    general: Annotated[Path, typer.Argument(help="Folder of the corpus of the first night.")],
    domain: Annotated[Path, typer.Argument(help="Folder of the corpus that arrives in portions.")],
    work: Annotated[Path, typer.Option(help="A folder for the recipe, the inbox and the run.")],
    source: str = "en",
    target: str = "fr",
    minutes: Annotated[float, typer.Option(help="Budget of a night.")] = 10,
    general_pairs: int = 100_000,
    portion: Annotated[int | None, typer.Option(help="Pairs of a portion; default: a quarter of DOMAIN.")] = None,
    vocab_size: int = 8000,
    validate_every: int = 400,
) -> None:
    """Run all nights, print the table, and say what is not as it must be."""
    options = Options(
        general, domain, work, source, target, minutes, general_pairs, portion, vocab_size, validate_every
    )
    (work / "inbox").mkdir(parents=True, exist_ok=True)
    nights: list[dict[str, Any]] = []
    for name, pairs in write_inputs(work, options).items():
        drop(work / "inbox", name, pairs, options)
        began = time.monotonic()
        code = tfm("train", "--json-logs", work=work)
        nights.append({"night": name, "exit": code, "seconds": round(time.monotonic() - began), **state(work)})
        typer.echo(json.dumps(nights[-1]))
    code = tfm("versions", "rollback", work=work)
    scores = translated_scores(work, options)
    nights.append({"night": "rollback", "exit": code, "seconds": 0, **state(work), "scores": scores})
    show_table(nights)
    raise typer.Exit(report_faults(nights))


def write_inputs(work: Path, options: Options) -> dict[str, list[Pair]]:
    """Write recipe and held-out sets; return what arrives in each night."""
    values = {key: getattr(options, key) for key in ("source", "target", "minutes", "vocab_size", "validate_every")}
    (work / "tfm.toml").write_text(RECIPE.format(**values), encoding="utf-8")
    general, domain = (read(folder, "valid", options) for folder in (options.general, options.domain))
    mixed = [pair for both in zip(general[:300], domain[:300], strict=False) for pair in both]
    for name, pairs in (("valid", mixed), ("general", general[300:1300]), ("domain", domain[300:1000])):
        for side, code in enumerate((options.source, options.target)):
            lines = "".join(f"{pair[side]}\n" for pair in pairs)
            (work / f"{name}.{code}").write_text(lines, encoding="utf-8")
    known = read(options.general, "train", options)[: options.general_pairs]
    new = read(options.domain, "train", options)
    size = options.portion or len(new) // 4
    clean = {f"portion {n + 1}": new[n * size : (n + 1) * size] for n in range(3)}
    rest = new[3 * size : 4 * size]
    targets = [target for _, target in rest]
    random.Random(1).shuffle(targets)
    poison = [(source, target) for (source, _), target in zip(rest, targets, strict=True)]
    return {"start": known, **clean, "poison": poison}


def read(folder: Path, part: str, options: Options) -> list[Pair]:
    """Read two aligned packed files."""
    sides = []
    for code in (options.source, options.target):
        with gzip.open(folder / f"{part}.{code}.gz", "rt", encoding="utf-8", newline="\n") as lines:
            sides.append([line.removesuffix("\n") for line in lines])
    return list(zip(*sides, strict=True))


def drop(inbox: Path, name: str, pairs: list[Pair], options: Options) -> None:
    """Put pairs into the inbox as a TMX file that appears whole."""
    path = inbox / f"{'0' if name == 'start' else '1'}-{name.replace(' ', '-')}.tmx"
    if path.exists():
        return
    beside = path.with_suffix(".part")
    with beside.open("w", encoding="utf-8") as out:
        out.write('<?xml version="1.0" encoding="UTF-8"?>\n<tmx version="1.4"><header/><body>\n')
        for pair in pairs:
            sides = zip((options.source, options.target), pair, strict=True)
            units = "".join(f'<tuv xml:lang="{code}"><seg>{escape(text)}</seg></tuv>' for code, text in sides)
            out.write(f"<tu>{units}</tu>\n")
        out.write("</body></tmx>\n")
    beside.rename(path)


def tfm(*arguments: str, work: Path, stdout: Any = None) -> int:
    """Run the program in ``work``; what it says goes to ``work/stderr.log``."""
    with (work / "stderr.log").open("ab") as log:
        command = [sys.executable, "-m", "transformer_cli", *arguments]
        return subprocess.run(command, cwd=work, stdout=stdout, stderr=log, check=False).returncode


def state(work: Path) -> dict[str, Any]:
    """Return the newest version, what was decided about it, and the scores of both versions as they were recorded."""
    lines = (work / "runs/nights/versions.jsonl").read_text(encoding="utf-8").splitlines()
    releases = {event["version"]: event for event in map(json.loads, lines) if event["event"] == "release"}
    newest, live = max(releases), (work / "runs/nights/model").readlink().name
    release, candidate = releases[newest], candidate_of(work, newest)
    return {
        "version": newest,
        "live": live,
        "pairs": candidate["train_pairs"],
        "new": candidate["new_pairs"],
        "steps": candidate["steps"],
        "decision": f"{'' if release['promoted'] else 'not '}promoted: {release['reason']}",
        "new_scores": scores_of(candidate),
        "scores": scores_of(candidate_of(work, live)),
    }


def candidate_of(work: Path, version: str) -> dict[str, Any]:
    """Return how a version was trained and tested."""
    config = (work / "runs/nights/versions" / version / "config.json").read_text(encoding="utf-8")
    candidate: dict[str, Any] = json.loads(config)["candidate"]
    return candidate


def scores_of(candidate: dict[str, Any]) -> dict[str, tuple[float, float]]:
    """Return BLEU and chrF on each test set."""
    return {name: (test["bleu"]["score"], test["chrf"]["score"]) for name, test in candidate["tests"].items()}


def translated_scores(work: Path, options: Options) -> dict[str, tuple[float, float]]:
    """Translate the test sets with the live model as anybody would, and score them."""
    scores = {}
    for name in ("test", "test-domain"):
        source, reference = (f"runs/nights/data/{name}.{code}" for code in (options.source, options.target))
        tfm("translate", "--engine", "torch", source, "--output", "out.txt", work=work)
        with (work / "scores.json").open("wb") as out:
            tfm("score", reference, "out.txt", "--json", "--no-ter", work=work, stdout=out)
        found = json.loads((work / "scores.json").read_text(encoding="utf-8"))
        scores[name] = (found["bleu"]["score"], found["chrf"]["score"])
    return scores


def show_table(nights: list[dict[str, Any]]) -> None:
    """Show what each night came to."""
    keys = ("night", "pairs", "new", "steps", "seconds", "version", "live")
    titles = (*keys, "general BLEU, chrF", "domain BLEU, chrF", "exit")
    typer.echo(f"\n| {' | '.join(titles)} |\n{'| --- ' * len(titles)}|")
    for night in nights:
        shown = night["scores"] if night["night"] == "rollback" else night["new_scores"]
        cells = [f"{bleu:.2f}, {chrf:.2f}" for bleu, chrf in shown.values()]
        typer.echo(f"| {' | '.join([*(str(night[key]) for key in keys), *cells, str(night['exit'])])} |")
    for night in nights:
        typer.echo(f"{night['night']}: {night['decision']}")


def report_faults(nights: list[dict[str, Any]]) -> int:
    """Say what is not as it must be; return 1 if anything is."""
    by_name = {night["night"]: night for night in nights}
    start, last, poison, back = (by_name[name] for name in ("start", "portion 3", "poison", "rollback"))
    loss = start["scores"]["test"][0] - last["scores"]["test"][0]
    gain = last["scores"]["test-domain"][0] - start["scores"]["test-domain"][0]
    earlier = by_name["portion 2"]["scores"]
    checks = {
        "the three portions are promoted": all(by_name[f"portion {n}"]["exit"] == 0 for n in (1, 2, 3))
        and last["live"] == last["version"],
        f"the new domain gains ({gain:+.2f} BLEU)": gain > 0,
        f"the old domain loses less than 1 BLEU ({-loss:+.2f})": loss < 1,
        "the poisoned portion exits 3 and is not live": poison["exit"] == 3 and poison["live"] == last["version"],
        "the rollback restores the earlier scores": all(
            abs(back["scores"][name][i] - earlier[name][i]) < 0.1 for name in earlier for i in (0, 1)
        ),
    }
    for check, holds in checks.items():
        typer.echo(f"{'holds' if holds else 'FAILS'}: {check}")
    return 0 if all(checks.values()) else 1


if __name__ == "__main__":
    typer.run(main)
