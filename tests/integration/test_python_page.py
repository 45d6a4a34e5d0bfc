from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
import torch

import transformer_cli
from tests.support.command_line import ROOT

PAGE = (ROOT / "docs" / "python.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```python\n(.*?)^```$", PAGE, flags=re.MULTILINE | re.DOTALL)


@pytest.fixture(autouse=True)
def _threads() -> Iterator[None]:
    """Restore the number of PyTorch's threads, which a translator may change."""
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


def test_the_blocks_run_one_after_the_other(toy, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(toy.copy_to(tmp_path))
    (tmp_path / "runs" / "phrasebook").symlink_to("toy")  # a smaller model in its place
    for side in ("fr", "en"):
        (tmp_path / f"train.{side}").symlink_to(f"toy.{side}")
    names: dict[str, object] = {}

    for block in BLOCKS:
        exec(compile(block, "docs/python.md", "exec"), names)

    assert len(BLOCKS) >= 12
    printed = capsys.readouterr().out
    assert "True" in printed
    assert (tmp_path / "output.jsonl").read_text().count("\n") == 2
    assert (tmp_path / "exported" / "model.bin").is_file()


def test_the_page_shows_every_public_name():
    shown = {name for block in BLOCKS for name in re.findall(r"\w+", block)} | set(re.findall(r"`(\w+)`", PAGE))

    assert set(transformer_cli.__all__) - {"__version__"} <= shown
