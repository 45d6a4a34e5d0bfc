"""A model that the real command line has trained, once for all tests here."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.command_line import Finished, run_process
from tests.support.toy_corpus import write_toy


@dataclass(frozen=True)
class Toy:
    """A folder in which ``tfm train`` was run; not to be changed.

    Args:
        folder: Holds ``tfm.toml``, the corpus and ``runs/toy``.
        trained: What the training printed.
    """

    folder: Path
    trained: Finished

    @property
    def run(self) -> Path:
        """The run directory."""
        return self.folder / "runs" / "toy"

    @property
    def model(self) -> Path:
        """The model directory."""
        return self.run / "versions" / "0001"

    def copy_to(self, folder: Path) -> Path:
        """Copy everything to a folder of one's own and return that."""
        shutil.copytree(self.folder, folder, symlinks=True, dirs_exist_ok=True)
        return folder


@pytest.fixture(scope="session")
def toy(tmp_path_factory: pytest.TempPathFactory) -> Toy:
    folder = tmp_path_factory.mktemp("toy")
    write_toy(folder)
    trained = run_process("train", cwd=folder)
    assert trained.code == 0, trained.stderr
    return Toy(folder, trained)


@pytest.fixture(autouse=True)
def _no_settings_of_the_user(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("TFM_MODEL", "TFM_RUN_DIR", "NO_COLOR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm")
