"""The same corpora and settings can give other training pairs, because other pairs were held out before.

What was made from the earlier ones must not be taken for theirs.
"""

from __future__ import annotations

import shutil
import signal
from pathlib import Path

import numpy as np
import pytest

from tests.support.messages import logged
from tests.support.small_runs import RECIPE
from tests.support.toy_corpus import pairs
from transformer_cli import prepare, train
from transformer_cli.data.splits.read import read_split
from transformer_cli.data.tokens.encoded import encode_corpus
from transformer_cli.data.tokens.tokenizer import TokenizerPair
from transformer_cli.errors import StoppedBySignalError
from transformer_cli.stopping import StopRequest
from transformer_cli.training.events import StepReport, TrainingEvent


@pytest.fixture
def recipe(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A recipe whose corpus has grown since pairs were held out of it."""
    monkeypatch.chdir(tmp_path)
    path, inbox = tmp_path / "tfm.toml", tmp_path / "inbox"
    path.write_text(RECIPE.replace('"toy.{lang}"', '"inbox/*.tsv"'), encoding="utf-8")
    inbox.mkdir()
    half = len(pairs()) // 2
    write_tsv(inbox / "a.tsv", pairs()[:half])
    prepare(path)
    write_tsv(inbox / "b.tsv", pairs()[half:])
    return path


def write_tsv(path: Path, lines: list[tuple[str, str]]) -> None:
    path.write_text("".join(f"{source}\t{target}\n" for source, target in lines), encoding="utf-8")


def assert_the_ids_are_those_of_the_training_pairs(run: Path) -> None:
    encoded = encode_corpus(read_split(run / "data", "train"), TokenizerPair.load(run, shared=True))
    for side in ("source", "target"):
        (written,) = (run / "encoded").glob(f"*.{side}.ids")
        expected = getattr(encoded, side)
        ids = np.concatenate([expected[row] for row in range(len(expected.lengths))])
        assert np.fromfile(written, np.uint16).tolist() == ids.tolist()


def train_to_step(step: int, recipe: Path, *overrides: str) -> list[str]:
    """Stop a training after this update, or before the first one of this sitting; return what was logged."""
    stop = StopRequest()

    def ask(event: TrainingEvent) -> None:
        if isinstance(event, StepReport) and event.step == step:
            stop.signal_number = signal.SIGTERM

    if not step:
        stop.signal_number = signal.SIGTERM
    with logged() as messages, pytest.raises(StoppedBySignalError):
        train(recipe, overrides=overrides, stop=stop, on_event=ask)
    return messages.texts


def forget_what_was_held_out(run: Path) -> None:
    """Let other pairs be held out, as another ``data.test`` and back does."""
    shutil.rmtree(run / "data")
    (run / "prepare.json").unlink()


def test_token_ids_are_those_of_the_pairs_that_are_prepared_now(recipe: Path) -> None:
    run = Path("runs/small")
    train_to_step(1, recipe)
    before = list(read_split(run / "data", "test").sources)
    assert_the_ids_are_those_of_the_training_pairs(run)

    forget_what_was_held_out(run)
    train_to_step(1, recipe, "training.learning_rate=0.02")

    assert list(read_split(run / "data", "test").sources) != before
    assert_the_ids_are_those_of_the_training_pairs(run)


def test_an_interrupted_training_goes_on_with_the_same_pairs_prepared_again_but_not_with_others(recipe: Path) -> None:
    run = Path("runs/small")
    train_to_step(5, recipe)

    shutil.rmtree(run / "data")
    assert "resuming from step 5" in train_to_step(0, recipe)

    forget_what_was_held_out(run)
    assert any("5 updates of an interrupted training are discarded" in text for text in train_to_step(1, recipe))
