"""What only Linux has makes the program faster and changes nothing: here it does without, as on other systems."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.support.command_line import environment, run_process
from tests.support.small_runs import copy_of, metrics_of, weights_of_version, write_small
from transformer_cli import train_tokenizer
from transformer_cli.cores import has_linux

PLAIN = {"TFM_PLAIN": "1", "OMP_NUM_THREADS": "2"}
ENGINE_OF = """
import sys
from pathlib import Path
from transformer_cli import TranslationSettings
from transformer_cli.workflows.translate.load_translator import load_translator
settings = TranslationSettings(engine="torch", device="cpu", threads=2)
print(type(load_translator([Path(sys.argv[1])], settings).engine).__name__)
"""


def test_a_large_input_is_translated_by_one_process_to_the_same(toy):
    lines = (toy.folder / "toy.fr").read_bytes()
    options = ("translate", "-m", toy.model, "--engine", "torch", "--precision", "float32")
    plain, usual = (
        run_process(*options, cwd=toy.folder, stdin=lines, env={"OMP_NUM_THREADS": "2", **env}) for env in (PLAIN, {})
    )

    assert (plain.code, plain.stdout.count(b"\n")) == (0, 192)
    assert plain == usual


@pytest.mark.parametrize("variables", [PLAIN, {}], ids=str)
def test_workers_are_forked_only_with_what_linux_has(toy, variables):
    command = [sys.executable, "-c", ENGINE_OF, str(toy.model)]
    finished = subprocess.run(command, env=environment(**variables), stdout=subprocess.PIPE, text=True, check=True)

    assert finished.stdout == ("ParallelEngine\n" if has_linux(variables) else "TorchEngine\n")


def test_a_training_ends_in_the_same_weights(tmp_path):
    write_small(tmp_path)
    train_tokenizer(tmp_path / "tfm.toml", run_dir=tmp_path / "usual")
    copy_of(tmp_path / "usual", tmp_path / "plain")

    for name, variables in (("usual", {}), ("plain", PLAIN)):
        finished = run_process("train", "tfm.toml", "-d", name, cwd=tmp_path, env={"OMP_NUM_THREADS": "2", **variables})
        assert finished.code == 0, finished.stderr

    assert metrics_of(tmp_path / "plain") == metrics_of(tmp_path / "usual")
    assert weights_of_version(tmp_path / "plain") == weights_of_version(tmp_path / "usual")
