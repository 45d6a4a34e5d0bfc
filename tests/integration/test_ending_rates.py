"""Learning rates that come to zero at the end of a training, which is a number of updates or of minutes."""

from __future__ import annotations

import signal
import time

import pytest

from tests.support.messages import logged
from tests.support.small_runs import copy_of, metrics_of, one_thread, weights_of_version, write_small
from transformer_cli import train, train_tokenizer
from transformer_cli.errors import StoppedBySignalError
from transformer_cli.stopping import StopRequest
from transformer_cli.training.events import StepReport, TrainingEvent

PEAK, WARMUP, LAST_STEP = 0.01, 8, 24
MINUTES = 10_000.0
END_IS_FIXED = ("training.warmup_steps=1", "model.dropout=0.2")


@pytest.fixture(scope="module", autouse=True)
def _one_thread():
    with one_thread():
        yield


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """A folder with recipe and corpus, and a prepared run directory."""
    folder = tmp_path_factory.mktemp("ending")
    write_small(folder)
    train_tokenizer(folder / "tfm.toml", run_dir=folder / "prepared")
    return folder


@pytest.fixture
def run(home, tmp_path):
    return copy_of(home / "prepared", tmp_path / "run")


@pytest.fixture(scope="module")
def falling(home):
    """A run whose training has ended with the rate at zero; not to be changed."""
    folder = copy_of(home / "prepared", home / "falling")
    train(home / "tfm.toml", run_dir=folder, overrides=["training.decay=linear"])
    return folder


@pytest.fixture(scope="module")
def uninterrupted(home):
    """A run whose training has fixed its end and reached it in one sitting; not to be changed."""
    folder = copy_of(home / "prepared", home / "uninterrupted")
    sitting(home, folder, *END_IS_FIXED)
    return folder


def rates_of(run) -> list[float]:
    return [record["learning_rate"] for record in metrics_of(run, kind="train")]


def line(first_step: int, last_step: int) -> list[float]:
    """Return the rates of a warm-up, a time at the peak, and a straight fall after ``first_step``."""
    rising = [PEAK * step / WARMUP for step in range(1, WARMUP)]
    updates = last_step + 1 - first_step
    falling = [PEAK * (updates - done) / updates for done in range(updates)]
    return [*rising, *[PEAK] * (first_step - WARMUP), *falling]


def sitting(home, run, *overrides: str, stop_at: int | None = None, share_used: float = 0.5, minutes: float = MINUTES):
    """Train as if ``share_used`` of the minutes were over when it starts; returns the messages."""
    stop = StopRequest()

    def interrupt(event: TrainingEvent) -> None:
        if isinstance(event, StepReport) and event.step == stop_at:
            stop.signal_number = signal.SIGTERM

    options = ["training.decay=linear", f"training.max_minutes={minutes}", *overrides]
    started = time.monotonic() - 60 * minutes * share_used
    with logged() as messages:
        train(home / "tfm.toml", run_dir=run, overrides=options, on_event=interrupt, stop=stop, started=started)
    return messages.texts


def test_with_max_steps_the_rate_falls_to_zero_from_the_end_of_the_warm_up(falling):
    assert rates_of(falling) == pytest.approx(line(WARMUP, LAST_STEP), rel=1e-9)


def test_more_steps_let_the_rate_go_on_as_that_of_a_longer_training(home, falling, tmp_path):
    run = copy_of(falling, tmp_path / "run")

    train(home / "tfm.toml", run_dir=run, overrides=["training.decay=linear", "training.max_steps=30"])

    assert rates_of(run)[LAST_STEP:] == pytest.approx(line(WARMUP, 30)[LAST_STEP:], rel=1e-9)


def test_with_max_minutes_the_end_is_fixed_when_the_speed_is_known_and_the_rate_falls_from_there(home, run):
    # A fifth of the time is over, so that the second update, the first with a known duration, fixes the end.
    texts = sitting(home, run, "training.warmup_steps=1")

    assert texts.count(f"the time suffices for {LAST_STEP} updates: until then the learning rate falls to zero") == 1
    falling = [PEAK * (LAST_STEP + 1 - step) / (LAST_STEP + 1 - 2) for step in range(2, LAST_STEP + 1)]
    assert rates_of(run) == pytest.approx([PEAK, *falling], rel=1e-9)


@pytest.mark.parametrize("stops", [[12], [3, 9, 21]], ids=str)
def test_an_interrupted_training_keeps_the_end_that_it_has_fixed(home, run, uninterrupted, stops):
    for number, stop_at in enumerate(stops):
        with pytest.raises(StoppedBySignalError):
            sitting(home, run, *END_IS_FIXED, stop_at=stop_at, share_used=0.0 if number else 0.5)
    texts = sitting(home, run, *END_IS_FIXED, share_used=0.0)

    assert not any(text.startswith("the time suffices") for text in texts)
    assert metrics_of(run) == metrics_of(uninterrupted)
    assert weights_of_version(run) == weights_of_version(uninterrupted)


def test_other_limits_fix_the_end_anew_without_raising_the_rate_to_its_peak(home, run):
    with pytest.raises(StoppedBySignalError):
        sitting(home, run, "training.warmup_steps=1", stop_at=12, share_used=0.3)

    sitting(home, run, "training.warmup_steps=1", "training.max_steps=40", "training.patience=100", share_used=0.3)

    assert len(rates_of(run)) == 40
    assert rates_of(run)[12:] == pytest.approx([PEAK * (41 - step) / (41 - 2) for step in range(13, 41)], rel=1e-9)


def test_a_new_version_of_trained_weights_has_a_short_schedule_that_ends(home, falling, tmp_path):
    run = copy_of(falling, tmp_path / "run")
    another = ["training.decay=linear", "training.batch_tokens=300"]  # not the training that has just been finished
    limits = ["retraining.warmup_steps=4", "retraining.max_steps=12"]

    train(home / "tfm.toml", run_dir=run, overrides=[*another, *limits])

    height = PEAK * (WARMUP / LAST_STEP) ** 0.5
    rates = rates_of(run)[LAST_STEP:]
    assert rates[:4] == pytest.approx([height * step / 4 for step in range(1, 5)], rel=1e-9)
    assert rates[4:] == pytest.approx([height * (13 - step) / 9 for step in range(5, 13)], rel=1e-9)
