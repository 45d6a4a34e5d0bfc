from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.support.command_line import ROOT, environment


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built without a network."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    built = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert built.returncode == 0, built.stderr
    (found,) = folder.iterdir()
    return found


def files(wheel: Path) -> dict[str, int]:
    """Return the names in a wheel and their sizes."""
    with zipfile.ZipFile(wheel) as archive:
        return {entry.filename: entry.file_size for entry in archive.infolist()}


def test_the_wheel_holds_every_module_and_every_recipe(wheel):
    modules = {str(path.relative_to(ROOT)) for path in ROOT.glob("transformer_cli/**/*.py")}
    recipes = {f"transformer_cli/recipes/{path.name}" for path in ROOT.glob("recipes/*.toml")}

    assert modules
    assert recipes
    assert modules | recipes <= files(wheel).keys()


def test_the_wheel_holds_nothing_else_and_nothing_large(wheel):
    others = {name for name in files(wheel) if not name.startswith("transformer_cli/")}

    assert {name.partition(".dist-info/")[2] for name in others} >= {"METADATA", "RECORD", "entry_points.txt"}
    assert all(".dist-info/" in name for name in others)
    assert {Path(name).suffix for name in files(wheel).keys() - others} <= {
        ".py",
        ".toml",
        ".typed",
        ".html",
        ".css",
        ".js",
        ".xz",
    }
    assert {name for name, size in files(wheel).items() if size > 100_000} == {
        "transformer_cli/data/corpora/phrasebook.tsv.xz"
    }
    assert wheel.stat().st_size < 1_000_000


def test_the_wheel_makes_the_command(wheel):
    with zipfile.ZipFile(wheel) as archive:
        (name,) = (name for name in archive.namelist() if name.endswith("entry_points.txt"))
        assert "tfm = transformer_cli.cli.app:main" in archive.read(name).decode()


def test_what_the_wheel_installs_finds_its_recipes(wheel, tmp_path):
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path / "site")

    finished = subprocess.run(
        [sys.executable, "-m", "transformer_cli", "prepare", "nowhere"],
        cwd=tmp_path,
        env=environment(PYTHONPATH=str(tmp_path / "site")),
        capture_output=True,
        text=True,
        check=False,
    )
    shipped = ", ".join(sorted(path.stem for path in ROOT.glob("recipes/*.toml")))
    assert (finished.returncode, finished.stdout) == (2, "")
    assert finished.stderr.endswith(f"or one that ships: {shipped}\n")
