"""A model that the command line has trained, once for all tests here."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.command_line import Finished, run_here
from tests.support.toy_corpus import write_toy


@dataclass(frozen=True)
class Toy:
    """A folder in which ``tfm train`` was run; not to be changed.

    Args:
        folder: Holds ``tfm.toml``, the corpus and ``runs/toy``.
        trained: What the training printed.
        written_by_libraries: What came to stdout and stderr beside that.
    """

    folder: Path
    trained: Finished
    written_by_libraries: bytes

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
    with contextlib.chdir(folder), pytest.MonkeyPatch.context() as patch, _written_by_libraries() as written:
        _forget_settings_of_the_user(patch)
        trained = run_here("train")
    assert trained.code == 0, trained.stderr
    return Toy(folder, trained, bytes(written))


@contextlib.contextmanager
def _written_by_libraries() -> Iterator[bytearray]:
    """Collect what comes to the descriptors of stdout and stderr."""
    written = bytearray()
    with tempfile.TemporaryFile() as file:
        saved = {descriptor: os.dup(descriptor) for descriptor in (1, 2)}
        for descriptor in saved:
            os.dup2(file.fileno(), descriptor)
        try:
            yield written
        finally:
            for descriptor, copy in saved.items():
                os.dup2(copy, descriptor)
                os.close(copy)
            file.seek(0)
            written += file.read()


@pytest.fixture(autouse=True)
def _no_settings_of_the_user(monkeypatch: pytest.MonkeyPatch) -> None:
    _forget_settings_of_the_user(monkeypatch)


def _forget_settings_of_the_user(patch: pytest.MonkeyPatch) -> None:
    for name in ("TFM_MODEL", "TFM_RUN_DIR", "NO_COLOR"):
        patch.delenv(name, raising=False)
    patch.setenv("TERM", "xterm")
