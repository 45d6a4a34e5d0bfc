"""The loop with a real trainer and real batches; only the scores of translations and the two questions are made up."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

import pytest
import torch
from torch import Tensor

from tests.support.tiny_training import differing, random_corpus, tiny_stream, tiny_trainer, weights, whole
from transformer_cli.config import TrainingConfig
from transformer_cli.training.ending.early_stopping import ProgressTracker
from transformer_cli.training.events import (
    CheckpointDue,
    Report,
    StepReport,
    StopReason,
    TrainingEnded,
    ValidationReport,
    ValidationScores,
)
from transformer_cli.training.loop import LoopState, Validation, train_until
from transformer_cli.training.schedule import Ending
from transformer_cli.training.trainer import ValidationInterruptedError


@dataclass
class Sitting:
    """One process' part of a training, of a new trainer; BLEU is the number of the step if nothing else is said.

    If BLEU is blind, it is 0, and chrF has its value.
    """

    settings: dict[str, Any]
    bleu_at: Callable[[int], float | None] = float
    is_blind: bool = False
    out_of_time_from: int = 10**9
    asked_to_stop_from: int = 10**9
    reports: list[Report] = field(default_factory=list)
    validations: int = 0

    def __post_init__(self) -> None:
        usual = {"validate_every": 100, "save_every": 100, "stop_metric": "bleu"}
        self.config = TrainingConfig(**{**usual, **self.settings})
        self.trainer = tiny_trainer(dropout=0.2, **self.settings)
        self.stream = tiny_stream(random_corpus())
        self.state = LoopState(ProgressTracker())

    def run(self) -> Iterator[Report]:
        validation = Validation([whole(random_corpus(seed=5))], self._evaluate)
        for report in train_until(
            self.trainer,
            self.stream,
            self.state,
            config=self.config,
            validation=validation,
            is_out_of_time=lambda: self.trainer.step >= self.out_of_time_from,
            is_asked_to_stop=lambda: self.trainer.step >= self.asked_to_stop_from,
        ):
            self.reports.append(report)
            yield report

    def finish(self) -> list[str]:
        """Train to the end; returns the reports in short."""
        return [short(report) for report in self.run()]

    def _evaluate(self) -> ValidationScores:
        self.validations += 1
        assert self.validations <= 20, "the loop validates for ever"
        bleu = self.bleu_at(self.trainer.step)
        if bleu is None:
            raise ValidationInterruptedError
        sample = ("a", "b", "c")
        return (
            ValidationScores(0.0, bleu, sample, is_blind=True) if self.is_blind else ValidationScores(bleu, 0, sample)
        )


def short(report: Report) -> str:
    match report:
        case StepReport(step=step):
            return f"step {step}"
        case CheckpointDue(step=step):
            return f"save {step}"
        case ValidationReport(step=step, is_best=is_best):
            return f"validate {step}{' best' if is_best else ''}"
        case TrainingEnded(step=step, reason=reason):
            return f"end {step} {reason.name}"


@dataclass
class Snapshot:
    """All that a checkpoint holds."""

    weights: dict[str, Tensor]
    trainer: dict[str, Any]
    stream: dict[str, int]
    state: LoopState
    random_state: Tensor


def save(sitting: Sitting) -> Snapshot:
    return Snapshot(
        weights(sitting.trainer),
        copy.deepcopy(sitting.trainer.state_dict()),
        sitting.stream.state_dict(),
        copy.copy(sitting.state),
        torch.get_rng_state(),
    )


def load(sitting: Sitting, snapshot: Snapshot) -> None:
    sitting.trainer.model.load_state_dict(snapshot.weights, strict=False)
    sitting.trainer.load_state_dict(snapshot.trainer)
    sitting.stream.load_state_dict(snapshot.stream)
    sitting.state = snapshot.state
    torch.set_rng_state(snapshot.random_state)


def run_until_saved(sitting: Sitting, step: int) -> Snapshot:
    """Train up to the save at ``step`` and no further, as if the process were killed right after it."""
    for report in sitting.run():
        if report == CheckpointDue(step):
            return save(sitting)
    raise LookupError(f"nothing was saved at step {step}")


def test_reports_come_in_order_and_the_save_before_the_validation():
    sitting = Sitting({"max_steps": 7, "validate_every": 4, "save_every": 2})

    assert sitting.finish() == [
        *("step 1", "step 2", "save 2"),
        *("step 3", "step 4", "save 4", "validate 4 best"),
        *("step 5", "step 6", "save 6"),
        *("step 7", "save 7", "validate 7 best", "end 7 MAX_STEPS"),
    ]


def test_no_step_is_saved_or_validated_twice_where_the_end_falls_on_a_regular_one():
    sitting = Sitting({"max_steps": 4, "validate_every": 2, "save_every": 2})

    assert sitting.finish() == [
        *("step 1", "step 2", "save 2", "validate 2 best"),
        *("step 3", "step 4", "save 4", "validate 4 best", "end 4 MAX_STEPS"),
    ]


@pytest.mark.parametrize("accumulation", [1, 2, 3])
def test_an_update_takes_as_many_batches_as_accumulation_says_and_no_more(accumulation: int):
    sitting = Sitting({"max_steps": 2, "accumulation": accumulation})
    batches = list(islice(tiny_stream(random_corpus()), 2 * accumulation))

    sitting.finish()

    tokens = [report.target_tokens for report in sitting.reports if isinstance(report, StepReport)]
    assert tokens == [
        sum(batch.target_tokens for batch in batches[:accumulation]),
        sum(batch.target_tokens for batch in batches[accumulation:]),
    ]
    untouched = tiny_stream(random_corpus())
    list(islice(untouched, 2 * accumulation))
    assert sitting.stream.state_dict() == untouched.state_dict()


def test_patience_ends_the_training_and_the_last_state_is_saved():
    sitting = Sitting(
        {"max_steps": 50, "validate_every": 2, "save_every": 100, "patience": 2},
        bleu_at={2: 10.0, 4: 12.0, 6: 11.0, 8: 12.0}.__getitem__,
    )

    assert sitting.finish() == [
        *("step 1", "step 2", "validate 2 best", "step 3", "step 4", "validate 4 best"),
        *("step 5", "step 6", "validate 6", "step 7", "step 8", "validate 8", "save 8", "end 8 PATIENCE"),
    ]
    assert sitting.state.tracker == ProgressTracker(4, -12.0, 2)


def test_the_loss_is_what_is_watched_if_so_set():
    sitting = Sitting({"max_steps": 12, "validate_every": 4, "stop_metric": "loss"}, bleu_at=lambda step: -step)

    sitting.finish()

    losses = {r.step: r.loss for r in sitting.reports if isinstance(r, ValidationReport)}
    best = min(losses, key=losses.__getitem__)
    assert best > 4  # where BLEU is best
    assert sitting.state.tracker.best_step == best
    assert sitting.state.tracker.best_value == losses[best]


def test_while_bleu_is_blind_the_best_validation_is_that_of_the_best_chrf():
    sitting = Sitting(
        {"max_steps": 8, "validate_every": 2, "patience": 3},
        bleu_at={2: 18.0, 4: 60.0, 6: 99.0, 8: 97.0}.__getitem__,
        is_blind=True,
    )

    assert sitting.finish()[-1] == "end 8 MAX_STEPS"
    assert sitting.state.tracker.best_step == 6
    assert sitting.state.tracker.best_value is not None
    assert sitting.state.tracker.best_value > 0  # worse than any BLEU


def test_no_patience_means_no_end_before_the_last_step():
    sitting = Sitting({"max_steps": 12, "validate_every": 1, "patience": None}, bleu_at=lambda step: -step)

    assert sitting.finish()[-1] == "end 12 MAX_STEPS"


def test_out_of_time_saves_validates_and_ends():
    sitting = Sitting({"max_steps": 50, "validate_every": 4, "save_every": 2}, out_of_time_from=3)

    assert sitting.finish() == [
        *("step 1", "step 2", "save 2", "step 3", "save 3", "validate 3 best", "end 3 MAX_MINUTES"),
    ]


def test_time_that_runs_out_during_a_validation_ends_the_training_after_it():
    sitting = Sitting({"max_steps": 50, "validate_every": 2})

    def evaluate(step: int) -> float:
        sitting.out_of_time_from = step
        return 1.0

    sitting.bleu_at = evaluate

    assert sitting.finish() == ["step 1", "step 2", "validate 2 best", "save 2", "end 2 MAX_MINUTES"]


@pytest.mark.parametrize(
    ("stop_at", "expected"),
    [
        pytest.param(1, ["step 1", "save 1", "end 1 SIGNAL"], id="between saves"),
        pytest.param(2, ["step 1", "step 2", "save 2", "end 2 SIGNAL"], id="where a save is due anyway"),
        pytest.param(
            4, ["step 1", "step 2", "save 2", "step 3", "step 4", "save 4", "end 4 SIGNAL"], id="before a validation"
        ),
    ],
)
def test_asked_to_stop_it_saves_once_and_does_nothing_more(stop_at: int, expected: list[str]):
    sitting = Sitting({"max_steps": 50, "validate_every": 4, "save_every": 2}, asked_to_stop_from=stop_at)

    assert sitting.finish() == expected


@pytest.mark.parametrize("save_every", [2, 100])
@pytest.mark.parametrize("is_broken_off", [True, False])
def test_asked_to_stop_during_a_validation_it_saves_once_and_ends(save_every: int, is_broken_off: bool):
    sitting = Sitting({"max_steps": 50, "validate_every": 2, "save_every": save_every})

    def evaluate(step: int) -> float | None:
        sitting.asked_to_stop_from = step
        return None if is_broken_off else 1.0

    sitting.bleu_at = evaluate
    found = sitting.finish()

    validation = [] if is_broken_off else ["validate 2 best"]
    save_first, save_last = (["save 2"], []) if save_every == 2 else ([], ["save 2"])
    assert found == ["step 1", "step 2", *save_first, *validation, *save_last, "end 2 SIGNAL"]
    assert sitting.state.validated_step == (None if is_broken_off else 2)


def test_a_validation_without_a_result_is_taken_for_a_request_to_stop():
    sitting = Sitting({"max_steps": 50, "validate_every": 2, "save_every": 100}, bleu_at=lambda _: None)

    assert sitting.finish() == ["step 1", "step 2", "save 2", "end 2 SIGNAL"]


def test_asked_to_stop_before_the_first_update_nothing_is_saved():
    assert Sitting({"max_steps": 5}, asked_to_stop_from=0).finish() == ["end 0 SIGNAL"]


def test_a_training_killed_in_its_validation_validates_first_when_it_is_resumed():
    settings = {"max_steps": 6, "validate_every": 4, "save_every": 2}
    snapshot = run_until_saved(Sitting(settings), 4)
    resumed = Sitting(settings)

    load(resumed, snapshot)

    assert resumed.finish() == [
        *("validate 4 best", "step 5", "step 6", "save 6", "validate 6 best", "end 6 MAX_STEPS"),
    ]


def test_a_training_resumed_where_no_validation_was_due_goes_on_at_once():
    settings = {"max_steps": 3, "validate_every": 4, "save_every": 2}
    snapshot = run_until_saved(Sitting(settings), 2)
    resumed = Sitting(settings)

    load(resumed, snapshot)

    assert resumed.finish() == ["step 3", "save 3", "validate 3 best", "end 3 MAX_STEPS"]


def test_a_finished_training_is_neither_trained_nor_saved_nor_validated_again():
    settings = {"max_steps": 3}
    finished = Sitting(settings)
    finished.finish()
    again, before = Sitting(settings), weights(finished.trainer)

    load(again, save(finished))

    assert again.finish() == ["end 3 MAX_STEPS"]
    assert differing(weights(again.trainer), before) == []


RESUMED = {"max_steps": 11, "validate_every": 4, "save_every": 2, "accumulation": 2}


@pytest.fixture(scope="module")
def uninterrupted() -> Sitting:
    sitting = Sitting(RESUMED)
    torch.manual_seed(0)
    sitting.finish()
    return sitting


@pytest.mark.parametrize("killed_at", [2, 4, 6, 8, 10])
def test_a_resumed_training_ends_in_the_same_bits_and_says_the_same(uninterrupted: Sitting, killed_at: int):
    killed, resumed = Sitting(RESUMED), Sitting(RESUMED)

    torch.manual_seed(0)
    snapshot = run_until_saved(killed, killed_at)
    torch.manual_seed(99)
    load(resumed, snapshot)
    resumed.finish()

    assert killed.reports + resumed.reports == uninterrupted.reports
    assert differing(weights(resumed.trainer), weights(uninterrupted.trainer)) == []
    assert resumed.state == uninterrupted.state


def test_validations_and_saves_do_not_change_what_is_learned():
    often = Sitting({"max_steps": 6, "validate_every": 1, "save_every": 1, "patience": None})
    seldom = Sitting({"max_steps": 6, "validate_every": 100, "save_every": 100})

    for sitting in (often, seldom):
        torch.manual_seed(0)
        sitting.finish()

    assert differing(weights(often.trainer), weights(seldom.trainer)) == []


def test_the_reasons_are_told_apart():
    both = Sitting({"max_steps": 2}, out_of_time_from=2, asked_to_stop_from=2)

    both.finish()

    assert both.reports[-1] == TrainingEnded(2, StopReason.SIGNAL)


def test_the_last_update_before_the_rate_is_zero_ends_the_training():
    sitting = Sitting({"max_steps": 50, "decay": "linear"})
    sitting.trainer.ending = Ending(4, 6)

    assert sitting.finish()[-4:] == ["step 6", "save 6", "validate 6 best", "end 6 MAX_MINUTES"]
