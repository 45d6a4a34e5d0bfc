"""Files as programs wrote them whose parameters around a sublayer had a number instead of a name."""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path

from safetensors.torch import load_file, save_file

_NUMBERS = {
    "encoder": {"self_attention": 0, "feed_forward": 1},
    "decoder": {"self_attention": 0, "cross_attention": 1, "feed_forward": 2},
}


def tensors_as_format_1(path: Path) -> None:
    """Give the tensors of a safetensors file their old names."""

    def numbered(name: re.Match[str]) -> str:
        return f"{name[1]}.{name[2]}.add_and_norm.{_NUMBERS[name[1]][name[3]]}."

    tensors = load_file(path)
    renamed = {re.sub(r"(encoder|decoder)\.(\d+)\.around_(\w+)\.", numbered, name): t for name, t in tensors.items()}
    assert renamed.keys() != tensors.keys()
    save_file(renamed, path)


def checkpoint_as_format_1(folder: Path) -> None:
    """Do so in a checkpoint, whose state holds the checksums of its files."""
    state = json.loads((folder / "state.json").read_text())
    for name in state["checksums"]:
        tensors_as_format_1(folder / name)
        state["checksums"][name] = hashlib.sha256((folder / name).read_bytes()).hexdigest()
    (folder / "state.json").write_text(json.dumps(state))


def model_directory_as_format_1(folder: Path) -> None:
    """Do so in a model directory, whose configuration holds the sizes of its files."""
    tensors_as_format_1(folder / "model.safetensors")
    config = json.loads((folder / "config.json").read_text())
    config["format"] = 1
    config["files"]["model.safetensors"] = (folder / "model.safetensors").stat().st_size
    (folder / "config.json").write_text(json.dumps(config))
