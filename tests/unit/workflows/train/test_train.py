from __future__ import annotations

import json
import os
import re
import shutil
import signal
import time
from pathlib import Path
from typing import Any

import pytest
import torch

from tests.support.hostile_machine import output_of
from tests.support.messages import logged
from tests.support.opened_files import opened_files
from tests.support.small_runs import (
    copy_of,
    files_of,
    metrics_of,
    one_thread,
    steps_of_checkpoints,
    weights_of_version,
    write_small,
)
from tests.support.toy_corpus import pairs, write_corpus
from transformer_cli import train, train_tokenizer
from transformer_cli.artifacts.checkpoint.checkpoint import read_tensors
from transformer_cli.artifacts.model_directory import open_model
from transformer_cli.artifacts.run_directory import RunDirectory
from transformer_cli.data.splits.read import read_split
from transformer_cli.data.tokens.tokenizer import Tokenizer
from transformer_cli.decoding.line_translator import LineTranslator
from transformer_cli.decoding.pytorch.torch_engine import TorchEngine
from transformer_cli.errors import DataError, DivergedError, RunDirectoryBusyError, StoppedBySignalError, UsageError
from transformer_cli.metrics import score_corpus
from transformer_cli.recipe import RecipeFile, find_recipe, load_recipe
from transformer_cli.stopping import StopRequest
from transformer_cli.training.events import (
    RunOpened,
    SessionOpened,
    StepReport,
    StopReason,
    TrainingEnded,
    TrainingEvent,
    ValidationReport,
)
from transformer_cli.workflows.train.train import TrainOutcome


@pytest.fixture(scope="module", autouse=True)
def _one_thread():
    with one_thread():
        yield


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """A folder with recipe and corpus, and two run directories: one prepared, one trained."""
    folder = tmp_path_factory.mktemp("small")
    write_small(folder)
    train_tokenizer(folder / "tfm.toml", run_dir=folder / "prepared")
    return folder


@pytest.fixture(scope="module")
def events() -> list[TrainingEvent]:
    """What happens in the training that `outcome` is of."""
    return []


@pytest.fixture(scope="module")
def trained_with(home, events):
    """The training's outcome and its messages."""
    copy_of(home / "prepared", home / "trained")
    with logged() as messages:
        outcome = train(home / "tfm.toml", run_dir=home / "trained", on_event=events.append)
    return outcome, messages


@pytest.fixture(scope="module")
def outcome(trained_with):
    return trained_with[0]


@pytest.fixture(scope="module")
def said(trained_with):
    return trained_with[1]


@pytest.fixture
def folder(home, tmp_path, monkeypatch):
    """A folder of one's own with recipe, corpus and prepared data."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("TFM_RUN_DIR", raising=False)
    write_small(tmp_path)
    copy_of(home / "prepared", tmp_path / "run")
    return tmp_path


@pytest.fixture
def trained(home, outcome, folder):
    """The same with the model that `outcome` is of."""
    shutil.rmtree(folder / "run")
    return copy_of(home / "trained", folder / "run")


def run(*overrides: str, **options) -> TrainOutcome:
    return train(run_dir=Path("run"), overrides=overrides, **options)


# What a training leaves


def test_a_first_training_puts_version_1_into_service(home, outcome):
    run = home / "trained"

    assert outcome.is_new
    assert outcome.version == run / "versions" / "0001"
    assert (run / "model").readlink() == Path("versions/0001")
    assert {path.name for path in outcome.version.iterdir()} == {
        "config.json",
        "model.safetensors",
        "tokenizer.model",
        "README.md",
        "ctranslate2",
    }


def test_the_metrics_have_the_promised_keys(home, outcome):
    records = [json.loads(line) for line in (home / "trained" / "metrics.jsonl").read_text().splitlines()]
    keys: dict[str, set[str]] = {}
    for record in records:
        keys.setdefault(record["kind"], set(record))
        assert set(record) == keys[record["kind"]]

    assert keys.keys() == {"train", "valid", "test"}
    assert {"step", "loss", "target_tokens_per_second", "learning_rate", "elapsed_seconds"} <= keys["train"]
    assert {"step", "loss", "bleu", "chrf"} <= keys["valid"]
    assert {"version", "bleu", "chrf", "signature"} <= keys["test"]


def test_the_metrics_have_a_record_for_each_update_validation_and_version(home, outcome):
    run = home / "trained"

    assert [record["step"] for record in metrics_of(run, kind="train")] == list(range(1, 25))
    assert [record["step"] for record in metrics_of(run, kind="valid")] == [8, 16, 24]
    assert [record["version"] for record in metrics_of(run, kind="test")] == ["0001"]


def test_the_model_learns_and_its_learning_rate_warms_up(home, outcome):
    records = metrics_of(home / "trained", kind="train")

    assert records[-1]["loss"] < 0.8 * records[0]["loss"]
    assert [record["learning_rate"] for record in records[:8]] == pytest.approx([0.01 * n / 8 for n in range(1, 9)])
    assert max(record["learning_rate"] for record in records) == pytest.approx(0.01)


def test_the_scores_are_those_of_the_model_that_is_in_service(home, outcome):
    loaded = open_model(home / "trained" / "model", torch.device("cpu"))
    test = read_split(home / "trained" / "data", "test")
    found = LineTranslator(TorchEngine(loaded.model, loaded.decoding), loaded.tokenizers).translate(test.sources)

    scores = score_corpus([translation.text for translation in found], [test.targets], bootstrap=1000, with_ter=False)

    [record] = metrics_of(home / "trained", kind="test")
    assert (record["bleu"], record["chrf"]) == (scores.bleu.value, scores.chrf.value)
    assert record["signature"] == scores.bleu.signature


def test_the_model_card_tells_what_the_model_is(home, outcome):
    card = (outcome.version / "README.md").read_text("utf-8")
    [record] = metrics_of(home / "trained", kind="test")

    assert card.startswith("# small, version 0001\n\nTranslates fr to en")
    assert f"{record['bleu']:.2f} [" in card
    assert f"{record['chrf']:.2f}" in card
    assert f"`{record['signature']}`" in card
    assert "on 5 test pairs" in card
    assert "181 pairs of toy.{lang}" in card
    assert f"`tfm train {home / 'tfm.toml'}`" in card


def test_the_recipe_in_the_run_directory_spells_out_every_setting(home, outcome):
    written = load_recipe(RecipeFile(home / "trained" / "recipe.toml", Path()))

    assert written == load_recipe(find_recipe(str(home / "tfm.toml")))
    assert "adam_epsilon" in (home / "trained" / "recipe.toml").read_text()


def test_of_average_and_best_checkpoint_the_one_that_validates_better_is_released(home, outcome, said):
    scored = next(text for text in said.texts if text.startswith("on the validation set: "))
    found = re.findall(r"(?:: |; )([^:;]+): (BLEU|chrF) ([\d.]+)", scored)
    scores = {name: (metric == "BLEU", float(value)) for name, metric, value in found}
    best_step = metrics_of(home / "trained", kind="valid")[-1]["step"]

    assert list(scores) == ["average of the last 3 checkpoints", f"best checkpoint, step {best_step}"]
    best = max(scores, key=scores.__getitem__)
    assert f"| weights | {best} |" in (outcome.version / "README.md").read_text("utf-8")


def test_a_best_checkpoint_of_another_step_than_the_best_one_is_not_released(folder, messages):
    class Killed(BaseException):
        pass

    def kill(event: TrainingEvent) -> None:
        if isinstance(event, StepReport) and event.step == 7:
            raise Killed

    # With so small a rate no validation is better than the first.
    overrides = ("training.learning_rate=1e-12", "training.validate_every=2", "training.stop_metric=bleu")
    with pytest.raises(Killed):
        run("training.max_steps=12", *overrides, on_event=kill)
    checkpoints = folder / "run" / "checkpoints"
    shutil.rmtree(checkpoints / "best")
    shutil.copytree(checkpoints / "step-00000005", checkpoints / "best")  # as if a validation that is lost had saved it

    run("training.max_steps=8", *overrides)

    assert "resuming from step 5" in messages.texts
    [scored] = [text for text in messages.texts if text.startswith("on the validation set: ")]
    assert "best checkpoint" not in scored


def test_the_newest_and_the_best_checkpoint_are_kept(home, outcome):
    assert steps_of_checkpoints(home / "trained") == [24]
    assert sorted(path.name for path in (home / "trained" / "checkpoints").iterdir()) == ["best", "step-00000024"]


def test_what_happens_is_reported_in_order(outcome, events, said):
    kinds = [type(event) for event in events]

    assert kinds[:2] == [RunOpened, SessionOpened]
    assert kinds.count(StepReport) == 24
    assert kinds.count(ValidationReport) == 3
    assert events[-1] == TrainingEnded(24, StopReason.MAX_STEPS)
    [opened] = [event for event in events if isinstance(event, SessionOpened)]
    assert (opened.step, opened.max_steps, opened.device, opened.threads) == (0, 24, "cpu", 1)
    assert opened.parameters == sum(
        weight.numel() for weight in read_tensors(outcome.version / "model.safetensors").values()
    )
    [started] = [text for text in said.texts if text.startswith("first update ")]
    assert started.endswith(" s after the start")
    assert "training ended at step 24: training.max_steps reached" in said.texts
    assert f"version 0001 is live after 24 steps and 0.{outcome.summary.split('0.')[1][0]} minutes" in outcome.summary


# Nothing to do


def test_the_second_time_there_is_nothing_to_do_and_nothing_is_touched(trained):
    files = files_of(trained)

    again = run()

    assert (again.version, again.is_new) == (Path("run/versions/0001"), False)
    assert again.summary == "nothing to do: run/versions/0001 is up to date with recipe and data"
    assert not run("training.log_every=7").is_new
    assert files_of(trained) == files


def test_of_the_corpora_only_a_changed_one_is_read_and_that_only_twice(folder):
    overrides = ("data.train=['toy.{lang}', 'more.{lang}']", "training.max_steps=2")
    write_corpus(folder, "more", [(f"encore {n}", f"more {n}") for n in range(40)])
    run(*overrides)
    write_corpus(folder, "more", [(f"encore {n}", f"more {n}") for n in range(50)])

    for is_new, times in ((True, [0, 0, 2, 2]), (False, [0, 0, 0, 0])):
        with opened_files() as opened:
            assert run(*overrides).is_new == is_new
        assert [opened[folder / name] for name in ("toy.fr", "toy.en", "more.fr", "more.en")] == times


def test_a_training_does_not_wait_for_libraries_that_it_does_not_need(folder):
    # Data sets and data frames, and the compiler of PyTorch: each takes longer to import than this training takes.
    shutil.rmtree(folder / "run")  # it prepares the data as well
    code = """
import sys
from pathlib import Path
from transformer_cli import train
print(train(run_dir=Path("run"), overrides=["training.max_steps=1"]).is_new)
print({"datasets", "pandas", "torch._dynamo"} & sys.modules.keys())
"""
    assert output_of(code, folder=folder) == "True\nset()\n"


def test_that_there_is_nothing_to_do_is_found_out_without_torch(trained):
    code = """
import sys
from pathlib import Path
from transformer_cli import train
print(train(run_dir=Path("run")).is_new, {"torch", "datasets", "sentencepiece", "numpy"} & sys.modules.keys())
"""
    assert output_of(code, folder=trained.parent) == "False set()\n"


def test_a_release_that_was_broken_off_before_the_switch_is_finished(trained):
    (trained / "model").unlink()

    assert not run().is_new
    assert (trained / "model").readlink() == Path("versions/0001")


def test_a_release_that_was_broken_off_before_its_export_is_exported_and_reported(trained, messages):
    for path in (trained / "model", trained / "versions.jsonl", trained / "report.html"):
        path.unlink()
    shutil.rmtree(trained / "versions" / "0001" / "ctranslate2")

    outcome = run()

    assert "the release of version 0001 was broken off; it is completed now" in messages.texts
    assert (outcome.is_new, outcome.is_live) == (True, True)
    assert (trained / "versions" / "0001" / "ctranslate2" / "config.json").is_file()
    assert (trained / "report.html").is_file()


@pytest.mark.parametrize(
    ("setting", "reason"),
    [
        ("training.average_checkpoints=2", "training.max_steps reached"),
        ("training.patience=9", "training.max_steps reached"),
        ("training.max_minutes=1000", "training.max_steps reached"),
    ],
)
def test_another_limit_that_allows_no_more_updates_makes_no_version(trained, setting, reason):
    shutil.rmtree(trained / "checkpoints")

    again = run(setting)

    assert (again.version, again.is_new) == (Path("run/versions/0001"), False)
    assert again.summary == f"nothing to do: run/versions/0001 has all updates that the recipe allows ({reason})"
    assert [path.name for path in (trained / "versions").iterdir() if path.is_dir()] == ["0001"]


@pytest.mark.parametrize(
    ("reached", "lowered", "reason"),
    [
        ("training.patience=2", "training.patience=1", "no improvement within training.patience validations"),
        ("training.max_minutes=1e-4", "training.max_minutes=5e-5", "training.max_minutes used"),
    ],
)
def test_a_limit_that_was_reached_makes_no_second_version_of_a_longer_training(folder, reached, lowered, reason):
    # Updates too small for float32: no validation is better than the first.
    settings = ("training.learning_rate=1e-30", "training.validate_every=2", reached)
    run(*settings)
    shutil.rmtree(folder / "run" / "checkpoints")

    for changed in ("training.max_steps=400", lowered):
        again = run(*settings, changed)

        assert not again.is_new
        assert again.summary == f"nothing to do: run/versions/0001 has all updates that the recipe allows ({reason})"


def test_a_limit_that_was_reached_and_is_raised_lets_the_training_go_on(folder):
    settings = ("training.learning_rate=1e-30", "training.validate_every=2", "training.max_steps=8")
    run(*settings, "training.patience=2")

    again = run(*settings, "training.patience=3")

    assert again.is_new
    assert metrics_of(folder / "run", kind="train")[-1]["step"] == 8


@pytest.mark.parametrize(
    ("name", "problem"),
    [("model.safetensors", "is missing or cut short"), ("config.json", "is missing or damaged")],
)
def test_a_damaged_version_is_made_again_from_the_last_checkpoint_and_that_is_said(trained, name, problem, messages):
    (trained / "versions" / "0001" / name).write_bytes(b"")

    assert run().version == Path("run/versions/0002")
    assert f"training a new version: version 0001 is damaged: {name} {problem}" in messages.texts


@pytest.mark.parametrize("name", ["prepare.json", "tokenizer.json", "data/train/dataset_info.json"])
def test_a_damaged_file_of_the_run_is_made_again_and_no_version(name, trained):
    (trained / name).write_bytes(b"")

    outcome = run()

    assert (outcome.is_new, outcome.version) == (False, Path("run/versions/0001"))
    assert (trained / name).read_bytes()
    assert [path.name for path in (trained / "versions").iterdir() if path.is_dir()] == ["0001"]


def test_a_report_that_was_not_written_is_written_though_there_is_nothing_to_do(trained):
    (trained / "report.html").unlink()
    assert not run().is_new
    written = (trained / "report.html").read_text("utf-8")

    (trained / "report.html").write_text(written.replace("version 0001", "version 0000"))  # of an earlier version
    assert not run().is_new
    assert (trained / "report.html").read_text("utf-8") == written


def test_a_clock_that_was_ahead_does_not_have_the_report_written_again_and_again(trained):
    os.utime(trained / "versions" / "0001" / "config.json", (2e9, 2e9))
    files = files_of(trained)

    assert not run().is_new
    assert files_of(trained) == files


# Something to do


def test_more_steps_go_on_from_the_last_checkpoint_and_give_a_new_version(trained, messages):
    first = weights_of_version(trained)

    outcome = run("training.max_steps=30")

    assert "resuming from step 24" in messages.texts
    assert outcome.version == Path("run/versions/0002")
    assert (trained / "model").readlink() == Path("versions/0002")
    assert weights_of_version(trained) == first
    assert [record["step"] for record in metrics_of(trained, kind="train")] == list(range(1, 31))
    assert [record["step"] for record in metrics_of(trained, kind="valid")] == [8, 16, 24, 30]
    assert [record["version"] for record in metrics_of(trained, kind="test")] == ["0001", "0002"]


def test_a_training_that_goes_on_remembers_the_validation_at_its_end_if_that_was_the_best(folder):
    opened: list[TrainingEvent] = []
    run("training.max_steps=12")
    state = json.loads((folder / "run" / "checkpoints" / "best" / "state.json").read_text())["state"]
    assert state["step"] == 12  # where none was due

    run("training.max_steps=13", on_event=opened.append)

    assert [event.best_step for event in opened if isinstance(event, SessionOpened)] == [12]
    assert [record["step"] for record in metrics_of(folder / "run", kind="valid")] == [8, 12, 13]


def test_fewer_steps_than_were_done_train_nothing(trained, messages):
    outcome = run("training.max_steps=23")

    assert not outcome.is_new
    assert outcome.version == Path("run/versions/0001")
    assert len(messages.warnings) == 1
    assert messages.warnings[0].startswith("version 0001 has been trained for more updates than max_steps now allows")


@pytest.mark.parametrize("setting", ["training.learning_rate=0.02", "model.dropout=0.2", "tokenizer.vocab_size=400"])
def test_another_setting_trains_a_new_version_from_the_beginning(trained, setting, messages):
    outcome = run(setting, "training.max_steps=2")

    # Nothing was given up: what the old checkpoints are of came to a version.
    assert not any(text.endswith("training starts anew") for text in messages.texts)
    assert outcome.version == Path("run/versions/0002")
    assert steps_of_checkpoints(trained) == [2]


def test_more_data_is_prepared_and_trained_on(trained):
    write_corpus(trained.parent, "toy", [*pairs(), ("le lapin dort ici.", "the rabbit sleeps here.")])

    outcome = run("training.max_steps=2")

    assert outcome.version == Path("run/versions/0002")
    assert "182 pairs" in (outcome.version / "README.md").read_text("utf-8")
    assert not run("training.max_steps=2").is_new


def test_however_long_preparation_took_half_of_the_minutes_are_for_the_training(folder, messages):
    outcome = run("training.max_minutes=10", "training.max_steps=3", started=time.monotonic() - 3600)

    assert outcome.is_new
    assert [record["step"] for record in metrics_of(folder / "run", kind="train")] == [1, 2, 3]
    assert messages.warnings[0].startswith("what came before the first update took ")


def test_training_ends_when_patience_runs_out(folder, messages):
    # Updates too small for float32: no validation is better than the first.
    run("training.learning_rate=1e-30", "training.patience=2", "training.validate_every=2")

    assert "training ended at step 6: no improvement within training.patience validations" in messages.texts
    assert [record["step"] for record in metrics_of(folder / "run", kind="valid")] == [2, 4, 6]


def test_pairs_that_are_too_long_are_left_out_and_that_is_said(folder, messages):
    # A vocabulary so small that some words are spelled in letters.
    run("training.max_steps=1", "model.max_length=16", "tokenizer.vocab_size=330")

    tokenizer = Tokenizer.load(folder / "run" / "tokenizer.model")
    learned = read_split(folder / "run" / "data", "train")
    encoded = zip(tokenizer.encode_all(learned.sources), tokenizer.encode_all(learned.targets), strict=True)
    too_long = sum(max(len(source), len(target)) > 15 for source, target in encoded)  # the sixteenth is eos
    assert 0 < too_long < len(learned)
    said = f"{too_long} training pairs are longer than model.max_length or a batch and are left out"
    assert said in messages.texts


def test_a_symbol_that_came_after_the_data_was_prepared_is_no_word_for_the_model(folder):
    outcome = run("training.max_steps=1", 'tokenizer.user_symbols=["ABC__X"]')

    profile = open_model(outcome.version, torch.device("cpu")).text
    assert profile is not None
    assert profile.spelling is not None
    assert profile.spelling.symbols == ("ABC__X",)


def test_where_no_pair_fits_the_error_names_the_limits(folder):
    with pytest.raises(DataError, match=r"fits into model\.max_length \(32 tokens\) and training\.batch_tokens \(16\)"):
        run("training.batch_tokens=16", "tokenizer.vocab_size=300")  # so that words are spelled in letters


def test_the_average_is_of_the_last_checkpoints_that_were_due(folder, messages):
    run("training.max_steps=12", "training.average_checkpoints=5")

    assert any("average of the last 3 checkpoints" in text for text in messages.texts)  # 5, 10 and 12


# Stopped, refused, failed


class StopAtStep:
    """Takes the events of a training and asks it to stop after a certain update."""

    def __init__(self, step: int, number: signal.Signals = signal.SIGTERM) -> None:
        self.request = StopRequest()
        self._step = step
        self._number = number

    def __call__(self, event: TrainingEvent) -> None:
        if isinstance(event, SessionOpened):
            assert not self.request.is_deferred  # nothing to save yet: a signal ends the process at once
        if isinstance(event, StepReport) and event.step == self._step:
            assert self.request.is_deferred
            self.request.signal_number = self._number


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_a_signal_saves_and_stops_with_the_signals_exit_code(folder, number, code):
    stop = StopAtStep(7, number)

    with pytest.raises(StoppedBySignalError) as caught:
        run(on_event=stop, stop=stop.request)

    assert caught.value.exit_code == code
    assert str(caught.value) == "stopped at step 7, which is saved; the same command goes on from there"
    assert steps_of_checkpoints(folder / "run") == [5, 7]
    assert not stop.request.is_deferred
    assert not (folder / "run" / "model").exists()


def test_a_training_leaves_the_number_of_threads_as_it_was(folder):
    torch.set_num_threads(2)
    try:
        run("training.max_steps=1")
        threads = torch.get_num_threads()
    finally:
        torch.set_num_threads(1)

    assert threads == 2


def test_a_signal_before_the_first_update_promises_nothing(folder):
    stop = StopRequest()

    def stop_at_once(event: TrainingEvent) -> None:
        if isinstance(event, SessionOpened):
            stop.signal_number = signal.SIGTERM

    with pytest.raises(StoppedBySignalError, match=r"^stopped before the first update; the same command begins again$"):
        run(on_event=stop_at_once, stop=stop)


def test_a_resumed_training_knows_how_long_a_validation_takes(folder):
    stop = StopAtStep(12)
    with pytest.raises(StoppedBySignalError):
        run(on_event=stop, stop=stop.request)

    state = json.loads((folder / "run" / "checkpoints" / "step-00000012" / "state.json").read_text())["state"]

    assert state["validation_seconds"] > 0


def test_a_run_directory_in_use_is_not_trained_in(folder):
    with RunDirectory(Path("run")).lock(), pytest.raises(RunDirectoryBusyError):
        run()


def test_a_device_that_is_not_here_is_an_error(folder):
    with pytest.raises(UsageError, match="--device cuda:99: there is no such device here"):
        run(device="cuda:99")


def test_a_training_that_diverges_says_where_and_what_to_lower_and_keeps_its_checkpoints(folder):
    with pytest.raises(DivergedError, match=r"^training diverged at step \d+: .*lower training\.learning_rate"):
        run("training.learning_rate=1e30", "training.save_every=1", "training.clip_norm=1e30")

    assert steps_of_checkpoints(folder / "run")
    assert not (folder / "run" / "versions").exists()
    files: Any = files_of(folder / "run" / "checkpoints")
    assert not any(".tfm-tmp" in name for name in files)


@pytest.mark.parametrize("times", [1, 2])
def test_the_longest_translation_follows_from_the_training_pairs_and_is_kept_with_the_model(folder, times):
    recipe = folder / "tfm.toml"
    recipe.write_text(recipe.read_text().replace("max_length_ratio = 1.0\n", ""))
    longer = [(source, " ".join([target] * times)) for source, target in pairs()]
    write_corpus(folder, "toy", longer)

    outcome = train(recipe, run_dir=folder / "run", overrides=["training.max_steps=1"])

    run = RunDirectory(folder / "run")
    tokenizer = Tokenizer.load(run.path / "tokenizer.model")
    train_pairs = read_split(run.data, "train")
    ratios = [
        (len(tokenizer.encode(target)) + 1) / (len(tokenizer.encode(source)) + 1)
        for source, target in zip(train_pairs.sources, train_pairs.targets, strict=True)
    ]
    kept = open_model(outcome.version, torch.device("cpu")).decoding.max_length_ratio or 0.0
    assert kept == pytest.approx(max(1.0, *ratios), abs=0.01)
    assert kept >= max(ratios)
