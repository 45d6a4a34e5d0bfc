"""A run that the program left at commit 4eaf7e0 (``tests/support/make_old_run.py``) is read by today's."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.support.command_line import run_here
from transformer_cli.artifacts.engine_manifest import read_manifest
from transformer_cli.artifacts.run_directory import RunDirectory

OLD_RUN = Path(__file__).parents[1] / "data" / "old_run"
RUN = RunDirectory(Path("run"))


@pytest.fixture
def here(tmp_path, monkeypatch) -> Path:
    """A current folder with the old run in it; files that a run has twice are kept once."""
    folder = Path(shutil.copytree(OLD_RUN, tmp_path / "old_run"))
    monkeypatch.chdir(folder)
    RUN.live_model.symlink_to("versions/0001")
    shutil.copyfile(RUN.path / "tokenizer.model", RUN.live_model / "tokenizer.model")
    [newest] = RUN.checkpoints_by_step()
    for name in ("model.safetensors", "training.safetensors"):
        shutil.copyfile(newest / name, RUN.best_checkpoint / name)
    return folder


def held_out() -> Any:
    pairs = json.loads(RUN.prepare_report.read_bytes())["held_out"]
    return {part: (held_out["number"], held_out["pairs"]) for part, held_out in pairs.items()}


def test_its_versions_are_listed(here):
    table = run_here("versions", "-d", "run")
    [version] = json.loads(run_here("versions", "-d", "run", "--json").stdout)["versions"]

    assert (table.code, table.stderr) == (0, "")
    [line] = table.stdout.decode().splitlines()[1:]
    assert line.startswith("0001     live  ")
    assert line.endswith("promoted: there is no live version to compare with")
    old = json.loads(RUN.version_events.read_text())
    assert {key: version["release"][key] for key in old} == old


def test_its_model_translates_as_it_did_then(here):
    recorded = [json.loads(line) for line in Path("translations.jsonl").read_text(encoding="utf-8").splitlines()]
    sources = "".join(f"{each['source']}\n" for each in recorded)

    finished = run_here(
        "translate", "-m", "run", "--engine", "torch", "--format", "jsonl", "--n-best", "3", stdin=sources.encode()
    )

    assert finished.code == 0, finished.stderr
    translated = [json.loads(line) for line in finished.stdout.splitlines()]
    assert [each["translation"] for each in translated] == [each["translation"] for each in recorded]
    scores = [[each["score"], *(other["score"] for other in each["alternatives"])] for each in recorded]
    assert [[each["score"], *(o["score"] for o in each["alternatives"])] for each in translated] == [
        pytest.approx(expected, abs=1e-4) for expected in scores
    ]


def test_the_record_of_its_exported_engine_is_read(here):
    exported = read_manifest(RUN.live_model / "ctranslate2")

    assert exported is not None
    assert (exported.quantization, exported.num_positions, exported.library) == ("int8", 34, "4.8.5")


def test_its_held_out_pairs_stay_held_out(here):
    before = held_out()

    finished = run_here("prepare", "-d", "run")

    assert finished.code == 0, finished.stderr
    assert held_out() == before
    assert "earlier versions may have learned from the new ones" not in finished.stderr


def test_its_broken_off_training_goes_on_and_makes_the_next_version(here):
    history, [newest] = RUN.version_events.read_bytes(), RUN.checkpoints_by_step()

    finished = run_here("train", "-d", "run")

    assert finished.code in (0, 3), finished.stderr  # what so small a model learns is chance
    assert "starting from version 0001: as the interrupted training did" in finished.stderr
    assert f"resuming from step {int(newest.name.removeprefix('step-'))}\n" in finished.stderr
    assert "is left out of the choice of weights" not in finished.stderr
    assert "warning: run" not in finished.stderr  # no checkpoint and no version is damaged
    assert RUN.version_events.read_bytes().startswith(history)
    assert [json.loads(line)["version"] for line in RUN.version_events.read_text().splitlines()] == ["0001", "0002"]
    page = run_here("report", "run")
    assert page.code == 0, page.stderr
