"""What only Linux has makes the program faster and changes nothing: here it does without, as on other systems."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.command_line import Finished
from tests.support.other_process import OtherProcess, other_process
from tests.support.small_runs import copy_of, metrics_of, weights_of_version, write_small
from transformer_cli import TranslationSettings, train_tokenizer
from transformer_cli.cores import has_linux
from transformer_cli.workflows.translate.load_translator import load_translator

SHORT = ("--set", "training.max_steps=10", "--set", "training.validate_every=5")


@dataclass(frozen=True)
class Outcome:
    """What came of it with what only Linux has, or without.

    Args:
        engine: The name of its class.
        translated: What a translation of a large input gave.
        run: The run directory of a training.
    """

    engine: str
    translated: Finished
    run: Path


@pytest.fixture(scope="module")
def outcomes(toy, tmp_path_factory) -> tuple[Outcome, Outcome]:
    """The one without, and the usual one."""
    folder = tmp_path_factory.mktemp("plain")
    write_small(folder)
    train_tokenizer(folder / "tfm.toml", run_dir=folder / "usual")
    copy_of(folder / "usual", folder / "plain")

    def outcome(name: str) -> Outcome:
        process.call(be_plain, name == "plain")
        options = ("translate", "-m", toy.model, "--engine", "torch", "--precision", "float32")
        translated = process.run(*options, cwd=folder, stdin=(toy.folder / "toy.fr").read_bytes())
        trained = process.run("train", "tfm.toml", "-d", name, *SHORT, cwd=folder)
        assert trained.code == 0, trained.stderr
        return Outcome(process.call(name_of_engine, toy.model), translated, folder / name)

    # Without comes first: the settings of memory, which Linux has, stay with a process.
    process: OtherProcess
    with other_process(OMP_NUM_THREADS="2") as process:
        return outcome("plain"), outcome("usual")


def be_plain(wanted: bool) -> None:
    os.environ["TFM_PLAIN"] = str(int(wanted))


def name_of_engine(model: Path) -> str:
    settings = TranslationSettings(engine="torch", device="cpu", threads=2)
    return type(load_translator([model], settings).engine).__name__


def test_a_large_input_is_translated_by_one_process_to_the_same(outcomes):
    plain, usual = outcomes

    assert (plain.translated.code, plain.translated.stdout.count(b"\n")) == (0, 192)
    assert plain.translated == usual.translated


def test_workers_are_forked_only_with_what_linux_has(outcomes):
    plain, usual = outcomes

    assert plain.engine == "TorchEngine"
    assert usual.engine == ("ParallelEngine" if has_linux({}) else "TorchEngine")


def test_a_training_ends_in_the_same_weights(outcomes):
    plain, usual = outcomes

    assert metrics_of(plain.run) == metrics_of(usual.run)
    assert weights_of_version(plain.run) == weights_of_version(usual.run)
