"""Whenever ``tfm train`` is killed, running it again ends where it would have ended without that."""

from __future__ import annotations

import hashlib
import json
import signal
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.support.hostile_machine import output_of
from tests.support.small_runs import write_small

TRAIN = [
    "train",
    "--set",
    "training.max_steps=6",
    "--set",
    "training.validate_every=4",
    "--set",
    "training.save_every=3",
]
TRAIN += ["--set", "release.keep=2", "--set", "training.accumulation=1"]

# A reverse model is trained first; its translations are nonsense.
MORE_TEXT = ["--set", "back_translation.text=mono.{target}", "--set", "back_translation.reverse_share=0.5"]
MORE_TEXT += ["--set", "cleaning.length_ratio=false", "--set", "cleaning.wrong_script=false"]

SWEEP = """
import json, sys
from pathlib import Path
import transformer_cli.workflows.export.export, transformer_cli.workflows.train.release.write_version
import transformer_cli.workflows.train.build_session, transformer_cli.data.tokens.fit_tokenizer
from tests.support.killed_trainings import copy_anew, moments, run_in_child
from tests.integration.test_killed_trainings import outcome_of
from tests.support.toy_corpus import pairs, write_corpus
from transformer_cli.workflows.more_text import make_pairs, reverse_run, translate_texts

translate_texts.WINDOW = 8
train, nights, wanted = json.loads(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
template, work = Path("template").resolve(), Path("work").resolve()
for night in range(nights):
    write_corpus(template, "toy", pairs()[: 100 + 30 * night])
    assert run_in_child(template, train)[0] == 0
write_corpus(template, "toy", pairs())
copy_anew(template, work)
code, changes = run_in_child(work, train)
expected = outcome_of(work)
print(code, changes)
for moment in moments(changes, wanted):
    copy_anew(template, work)
    killed, _ = run_in_child(work, train, killed_before=moment)
    again, _ = run_in_child(work, train)
    found = outcome_of(work)
    same = found == expected
    print(moment, killed, again, same, flush=True)
    if not same:
        print(json.dumps([expected, found]), (work / "output.log").read_text(), file=sys.stderr)
        sys.exit(1)
"""


def outcome_of(folder: Path) -> dict[str, Any]:
    """Return all of a run directory that is to be the same in the end: versions, live link, scores, data, tokenizer."""
    run = folder / "runs" / "small"
    events = [json.loads(line) for line in (run / "versions.jsonl").read_text().splitlines()]
    tests = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines() if '"kind": "test"' in line]
    versions = sorted(path for path in (run / "versions").iterdir())
    return {
        "live": (run / "model").readlink().name,
        "versions": [path.name for path in versions],
        "weights": [hash_of(path / "model.safetensors") for path in versions if path.is_dir()],
        "releases": [[event["version"], event["promoted"]] for event in events],
        "candidates": [candidate_of(path) for path in versions if path.is_dir()],
        "tests": [[test["version"], test["set"], test["bleu"], test["chrf"]] for test in tests],
        "tokenizer": hash_of(run / "tokenizer.model"),
        "data": [(run / "data" / name).read_text() for name in ("valid.fr", "test.en")],
        "leftovers": [str(path) for path in run.rglob("*.tfm-tmp")],
    }


def candidate_of(version: Path) -> list[Any]:
    candidate = json.loads((version / "config.json").read_text())["candidate"]
    return [candidate[key] for key in ("tests", "train_pairs", "new_pairs", "passed")]


def hash_of(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def sweep(folder: Path, *, nights: int, points: int, settings: Sequence[str] = ()) -> list[list[str]]:
    """Kill at so many points; return for each its number, how the first run ended, and how the second.

    Args:
        folder: Where to work.
        nights: How many versions there are before.
        points: At how many changes of the file system to kill, evenly spread over all of them.
        settings: Further arguments of ``tfm train``.
    """
    template = folder / "template"
    template.mkdir()
    write_small(template)
    (template / "mono.en").write_text("".join(f"they see the bridge number {n} here.\n" for n in "abcdefghijklmnopq"))
    code = f"import sys; sys.argv[1:] = {[json.dumps([*TRAIN, *settings]), str(nights), str(points)]!r}\n{SWEEP}"
    lines = [line.split() for line in output_of(code, folder=folder).splitlines()]
    assert lines[0][0] == "0"
    return lines[1:]


SURVIVED = (str(-signal.SIGKILL), "0", "True")


def test_a_night_that_is_killed_at_a_few_points_ends_the_same_when_run_again(tmp_path):
    points = sweep(tmp_path, nights=1, points=3)

    assert [tuple(point[1:]) for point in points] == [SURVIVED] * 3


@pytest.mark.slow
def test_a_first_night_with_more_text_that_is_killed_at_any_of_fifty_points_ends_the_same(tmp_path):
    points = sweep(tmp_path, nights=0, points=50, settings=MORE_TEXT)

    assert [tuple(point[1:]) for point in points] == [SURVIVED] * 50


@pytest.mark.slow
@pytest.mark.parametrize("nights", [0, 2])
def test_a_training_that_is_killed_at_any_of_fifty_points_ends_the_same_when_run_again(tmp_path, nights):
    points = sweep(tmp_path, nights=nights, points=50)

    assert [tuple(point[1:]) for point in points] == [SURVIVED] * 50
