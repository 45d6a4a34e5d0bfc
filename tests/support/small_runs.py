"""Trainings of seconds: a recipe that has everything in it that a resumed training must remember."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch

from tests.support.toy_corpus import pairs, write_corpus
from transformer_cli.artifacts.run_directory import RunDirectory

RECIPE = """\
name = "small"

[languages]
source = "fr"
target = "en"

[data]
train = "toy.{lang}"
valid = 6
test = 5

[model]
num_encoder_layers = 1
num_decoder_layers = 1
d_model = 16
d_ff = 32
num_heads = 2
dropout = 0.1
attention_dropout = 0.1
activation_dropout = 0.1
max_length = 32

[training]
max_steps = 24
batch_tokens = 256
accumulation = 2
learning_rate = 0.01
warmup_steps = 8
label_smoothing = 0.1
patience = 3
validate_every = 8
save_every = 5
log_every = 1
average_checkpoints = 3
precision = "float32"

[decoding]
beam_size = 2
max_length_ratio = 1.0
max_length_extra = 2
"""

UNTIL_STOPPED = ("--set", "training.max_steps=1000000", "--set", "training.patience=1000000")
"""What makes a training go on until a signal comes, however late that is on a machine that does much else."""

_TIMES = ("elapsed_seconds", "target_tokens_per_second")


def write_small(folder: Path) -> None:
    """Write ``tfm.toml`` and its corpus."""
    (folder / "tfm.toml").write_text(RECIPE, encoding="utf-8")
    write_corpus(folder, "toy", pairs())


def metrics_of(run: Path, *, kind: str | None = None) -> list[dict[str, Any]]:
    """Return the records of ``metrics.jsonl``, all or those of one kind, without what depends on the clock."""
    records = [json.loads(line) for line in (run / "metrics.jsonl").read_text(encoding="utf-8").splitlines()]
    chosen = [record for record in records if kind in (None, record["kind"])]
    return [{key: value for key, value in record.items() if key not in _TIMES} for record in chosen]


def weights_of_version(run: Path, version: str = "0001") -> bytes:
    """Return the bytes of a version's weights."""
    return (run / "versions" / version / "model.safetensors").read_bytes()


def steps_of_checkpoints(run: Path) -> list[int]:
    """Return after which updates there is a checkpoint."""
    return [int(folder.name.removeprefix("step-")) for folder in RunDirectory(run).checkpoints_by_step()]


def files_of(folder: Path) -> Mapping[str, tuple[int, int]]:
    """Return time of change and size of every file below ``folder``."""
    files = sorted(path for path in folder.rglob("*") if path.is_file() and path.name != ".lock")
    return {str(path): (path.stat().st_mtime_ns, path.stat().st_size) for path in files}


def copy_of(run: Path, folder: Path) -> Path:
    """Copy a run directory with its links."""
    shutil.copytree(run, folder, symlinks=True)
    return folder


@contextmanager
def one_thread() -> Iterator[None]:
    """Compute with one thread inside the block, as a process with ``OMP_NUM_THREADS=1`` does."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)
