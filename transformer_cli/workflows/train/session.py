"""One training from its first to its last update: start or resumption, logs and checkpoints."""

from __future__ import annotations

import logging
import math
import shutil
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass, field

from transformer_cli.artifacts import fingerprints
from transformer_cli.artifacts.checkpoint.checkpoint import Checkpoint, save_checkpoint
from transformer_cli.artifacts.checkpoint.state import CheckpointState
from transformer_cli.artifacts.metrics_log import MetricsLog, TrainingLine, ValidationLine
from transformer_cli.data.splits.read import Corpus
from transformer_cli.data.tokens.batching import Batch, make_batch, token_batches
from transformer_cli.data.tokens.encoded import EncodedCorpus
from transformer_cli.data.tokens.tokenizer import TokenizerPair
from transformer_cli.errors import DamagedFileError
from transformer_cli.files.os_errors import explain_os_errors
from transformer_cli.stopping import StopRequest
from transformer_cli.training.ending.ending_plan import EndingPlan
from transformer_cli.training.ending.time_budget import TimeBudget
from transformer_cli.training.events import (
    CheckpointDue,
    StepReport,
    StopReason,
    TrainingEnded,
    TrainingEvent,
    ValidationReport,
    ValidationScores,
)
from transformer_cli.training.loop import Validation, train_until
from transformer_cli.training.processes.ranks import Ranks
from transformer_cli.training.trainer import ValidationInterruptedError
from transformer_cli.workflows.locate.recipe import LocatedRecipe
from transformer_cli.workflows.train.checkpointing import TrainingState, load_with_validation, remove_superseded
from transformer_cli.workflows.train.evaluate import Evaluator
from transformer_cli.workflows.train.interval import Interval
from transformer_cli.workflows.train.starting_point import Start, is_released

logger = logging.getLogger(__name__)


@dataclass(slots=True)
class TrainingSession:
    """A model in training, with its data, evaluation, limits and checkpoints.

    Args:
        located: The recipe and the run directory.
        data_fingerprint: The fingerprint of the prepared data.
        tokenizers: The run's tokenizers.
        start: The starting point: random weights or those of a version.
        state: The parts that change from step to step.
        train_pairs: The training pairs.
        new_pairs: Number of training pairs that the starting version has not seen, or None if there is no such version.
        alignment: How well the sides of the new pairs fit by that version's judgement, or None if it is not known.
        valid: The validation set.
        valid_tokens: Its token ids.
        evaluator: Translates with the present model.
        on_event: Called with each event of the training.
        stop: Makes `train` save and return.
        budget: The time budget of the training.
        ending: Plans the fall of the learning rate to zero.
        ranks: The processes that train together. All of them train; the first also logs, saves and evaluates.

    Attributes:
        bleu_before: BLEU on the validation set before the first update, or None if no validation was run then.
    """

    located: LocatedRecipe
    data_fingerprint: str
    tokenizers: TokenizerPair
    start: Start
    state: TrainingState
    train_pairs: Corpus
    new_pairs: int | None
    alignment: float | None
    valid: Corpus
    valid_tokens: EncodedCorpus
    evaluator: Evaluator
    on_event: Callable[[TrainingEvent], None]
    stop: StopRequest
    budget: TimeBudget
    ending: EndingPlan
    ranks: Ranks = field(default_factory=Ranks)
    bleu_before: float | None = field(init=False, default=None)
    _target_tokens: int = field(init=False, default=0)
    _update_seconds: float = field(init=False, default=0.0)
    _is_under_way: bool = field(init=False, default=False)
    _pieces: int = field(init=False, default=1)

    @property
    def step(self) -> int:
        """The number of updates done."""
        return self.state.trainer.step

    @property
    def metrics(self) -> MetricsLog:
        """The run's log of metrics."""
        return MetricsLog(self.located.run.metrics)

    @property
    def has_updated(self) -> bool:
        """Whether there was an update in this sitting."""
        return self._is_under_way

    def elapsed_seconds(self) -> float:
        """The seconds this training has taken, earlier sittings included."""
        return self.budget.elapsed()

    def course(self) -> str:
        """Return one line about the training: data, size, steps, and the speed in this sitting."""
        recipe = self.located.recipe
        parameters = sum(parameter.numel() for parameter in self.state.trainer.model.parameters())
        speed = f", {self._target_tokens / self._update_seconds:,.0f} target tokens/s" if self._update_seconds else ""
        return (
            f"learned {recipe.languages.source} to {recipe.languages.target} from {len(self.train_pairs)} pairs: "
            f"{parameters:,} parameters, {self.step} steps, {self.state.stream.epoch} whole epochs{speed}"
        )

    def train(self) -> TrainingEnded:
        """Train until steps, time or patience run out or a signal comes; save, log and report meanwhile."""
        config = self.ending.config
        self._pieces = self.state.trainer.pieces
        interval = Interval()
        ended = TrainingEnded(self.step, StopReason.SIGNAL)
        for event in train_until(
            self.state.trainer,
            self.state.stream,
            self.state.loop,
            config=config,
            validation=Validation(
                self._validation_batches(), self._evaluate, self.start.version is not None, lambda: self.stop.is_asked
            ),
            is_out_of_time=lambda: self.ranks.any(self.ranks.is_first and self._is_out_of_time()),
            is_asked_to_stop=lambda: self.ranks.any(self.stop.is_asked),
        ):
            match event:
                case TrainingEnded():
                    ended = event
                case StepReport():
                    self.budget.take_update()
                    self.ending.look_ahead()
                case _:
                    self.budget.pause()
            if not self.ranks.is_first:
                continue
            match event:
                case StepReport():
                    interval.add(event)
                    if event.step % config.log_every == 0:
                        self._log(event, interval)
                        interval = Interval()
                    self._notice(event)
                    self.on_event(event)
                    continue
                case CheckpointDue():
                    self._save(event.step)
                case ValidationReport():
                    self._keep_validation(event)
                case TrainingEnded():
                    self.on_event(event)
            interval = Interval()  # the time for saving and validating is not training time
        self.ranks.part()  # only after the first process has saved
        return ended

    def _notice(self, step: StepReport) -> None:
        """Log the cost of the first update of a sitting, and each split of the batches for lack of memory."""
        if not self._is_under_way:
            self._is_under_way = True
            logger.info(f"first update {self.budget.clock() - self.budget.started:.1f} s after the start")
        if step.pieces > self._pieces:
            logger.warning(
                f"out of memory at step {step.step}: each batch is now computed in {step.pieces} pieces, more "
                "slowly; a higher training.accumulation or a lower training.batch_tokens makes that needless"
            )
        self._pieces = step.pieces

    def _evaluate(self) -> ValidationScores:
        began = time.monotonic()
        scores = None
        if self.ranks.is_first:
            with suppress(ValidationInterruptedError):  # raised below, in all processes
                scores = self.evaluator.scores(self.valid, shown=self.step, is_asked_to_stop=lambda: self.stop.is_asked)
        self.budget.validation_seconds = time.monotonic() - began
        numbers = (scores.bleu, scores.chrf, float(scores.is_blind)) if scores else (math.nan,) * 3
        bleu, chrf, is_blind = self.ranks.from_first(*numbers)
        if math.isnan(bleu):
            raise ValidationInterruptedError
        return scores or ValidationScores(bleu, chrf, ("", "", ""), bool(is_blind))

    def _is_out_of_time(self) -> bool:
        return self.step > 0 and self.budget.remaining() <= 0

    def _validation_batches(self) -> list[Batch]:
        corpus = self.valid_tokens
        budget = self.located.recipe.training.batch_tokens
        batches = token_batches(corpus.source.lengths, corpus.target.lengths, budget, seed=0, epoch=0)
        return [make_batch(corpus, indices) for indices in batches]

    def _log(self, step: StepReport, interval: Interval) -> None:
        seconds = interval.seconds()
        self._target_tokens += interval.target_tokens
        self._update_seconds += seconds
        means = interval.means(
            step, seconds=seconds, epoch=self.state.stream.epoch, elapsed_seconds=self.elapsed_seconds()
        )
        self.metrics.write(TrainingLine(**asdict(means)))
        self.on_event(means)

    def _keep_validation(self, event: ValidationReport) -> None:
        self.metrics.write(
            ValidationLine(
                step=event.step,
                loss=event.loss,
                bleu=event.scores.bleu,
                chrf=event.scores.chrf,
                elapsed_seconds=self.elapsed_seconds(),
                tokenizer=self.evaluator.bleu_tokenizer,
                language=self.located.recipe.languages.target,
            )
        )
        if not event.step:
            self.bleu_before = event.scores.bleu
        elif event.is_best:
            save_checkpoint(self.located.run.best_checkpoint, self._captured())
        self.on_event(event)

    def _save(self, step: int) -> None:
        run, began = self.located.run, self.budget.clock()
        save_checkpoint(run.checkpoint(step), self._captured())
        remove_superseded(run, step, self.located.recipe.training)
        self.budget.saving_seconds = self.budget.clock() - began

    def _captured(self) -> Checkpoint:
        """Return a checkpoint of this moment."""
        return self.state.capture(
            training=self.training,
            tokenizer=self.tokenizers.fingerprint,
            pairs=self.train_pairs.content,
            start=self.start.state(),
            metrics_bytes=self.metrics.size(),
            bleu_before=self.bleu_before,
            ending=self.ending.to_json(),
            **self.budget.to_json(),
        )

    @property
    def training(self) -> str:
        """The fingerprint of the course of the training."""
        return fingerprints.of_training(self.located.recipe, self.data_fingerprint)

    def resume(self) -> None:
        """Resume from the newest whole checkpoint of this training; remove those of any other training."""
        if self.ranks.is_first:
            self._resume()
        step = int(self.ranks.from_first(self.step)[0])
        if step and not self.ranks.is_first:
            folder = self.located.run.checkpoint(step)
            checkpoint = load_with_validation(self.located.run, folder)
            self.state.restore(checkpoint, where=folder)
            self._restore_ending(checkpoint.state)
        self.ending.look_ahead()

    def _restore_ending(self, state: CheckpointState) -> None:
        self.ending.restore(state.ending.model_dump() if state.ending else None)

    def _resume(self) -> None:
        run = self.located.run
        for folder in reversed(run.checkpoints_by_step()):
            try:
                checkpoint = load_with_validation(run, folder)
            except DamagedFileError as error:
                logger.warning(f"{error}; going back to the checkpoint before")
                continue
            state, mine = checkpoint.state, (self.training, self.tokenizers.fingerprint, self.train_pairs.content)
            if state.is_of(*mine) and state.start == self.start.state():
                self.state.restore(checkpoint, where=folder)
                self.budget.restore(state.model_dump())
                self.bleu_before = state.bleu_before
                self._restore_ending(state)
                self.metrics.rewind(state.metrics_bytes)
                remove_superseded(run, self.step, self.located.recipe.training)
                logger.info(f"resuming from step {self.step}")
                return
            if not is_released(run, state):
                logger.warning(
                    f"{state.step} updates of an interrupted training are discarded, because recipe, data or start "
                    "have changed since: training starts anew"
                )
            break
        else:
            if run.checkpoints_by_step():
                logger.warning("no checkpoint is whole: training starts anew")
        if run.checkpoints.exists():
            with explain_os_errors(run.checkpoints):
                shutil.rmtree(run.checkpoints)
