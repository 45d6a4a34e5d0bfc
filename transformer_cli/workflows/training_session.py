"""One training between its first and its last update: where it starts or resumes, what it logs and what it saves."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field

import torch

from transformer_cli import device as devices
from transformer_cli.checkpoint import (
    Checkpoint,
    load_checkpoint,
    load_weights,
    save_checkpoint,
    weights_of,
)
from transformer_cli.config import Recipe
from transformer_cli.data.batching import Batch, BatchStream, make_batch, token_batches
from transformer_cli.data.prepared import Corpus, encode_corpus, read_split
from transformer_cli.data.tokenizer import Tokenizer
from transformer_cli.decoding.translator import Translator
from transformer_cli.errors import DamagedFileError
from transformer_cli.metrics import corpus_bleu, corpus_chrf
from transformer_cli.model.transformer import Transformer
from transformer_cli.run_directory import MetricsLog, RunDirectory
from transformer_cli.stopping import StopRequest
from transformer_cli.textio import explain_os_errors
from transformer_cli.training.loop import LoopState, Validation, train_until
from transformer_cli.training.progress_tracking import ProgressTracker
from transformer_cli.training.reports import (
    CheckpointDue,
    IntervalReport,
    SessionOpened,
    StepReport,
    StopReason,
    TrainingEnded,
    ValidationReport,
    ValidationScores,
)
from transformer_cli.training.trainer import Trainer
from transformer_cli.workflows import fingerprints
from transformer_cli.workflows.located_recipe import LocatedRecipe

_TRANSLATED_AT_ONCE = 200


@dataclass(slots=True)
class _Interval:
    """Sums over the updates since the last line of metrics."""

    began: float = field(default_factory=time.monotonic)
    loss: float = 0.0
    target_tokens: int = 0
    source_tokens: int = 0
    positions: int = 0

    def add(self, step: StepReport) -> None:
        self.loss += step.loss * step.target_tokens
        self.target_tokens += step.target_tokens
        self.source_tokens += step.source_tokens
        self.positions += step.positions


@dataclass(slots=True)
class TrainingSession:
    """A model in training with everything around it; made by `open`."""

    recipe: Recipe
    run: RunDirectory
    command: str
    data_fingerprint: str
    tokenizer: Tokenizer
    model: Transformer
    trainer: Trainer
    stream: BatchStream
    state: LoopState
    metrics: MetricsLog
    report: Callable[[object], None]
    stop: StopRequest
    valid: Corpus
    started: float
    elapsed_before: float = 0.0
    validation_seconds: float | None = None

    @classmethod
    def open(
        cls,
        located: LocatedRecipe,
        *,
        data_fingerprint: str,
        device: str,
        report: Callable[[object], None],
        stop: StopRequest,
        started: float,
    ) -> TrainingSession:
        """Build model and data, and take up the newest checkpoint of the same training if there is one."""
        recipe, run = located.recipe, located.run
        devices.keep_freed_memory()
        torch.manual_seed(recipe.training.seed)
        tokenizer = Tokenizer.load(run.tokenizer)
        model = Transformer(recipe.model, tokenizer.vocab_size).to(devices.choose_device(device))
        stream = BatchStream(
            encode_corpus(read_split(run.data, "train"), tokenizer),
            max_tokens=recipe.training.batch_tokens // recipe.training.accumulation,
            max_length=recipe.model.max_length,
            seed=recipe.training.seed,
        )
        if stream.left_out:
            report(f"{stream.left_out} training pairs are longer than model.max_length or a batch and are left out")
        session = cls(
            recipe=recipe,
            run=run,
            command=located.command,
            data_fingerprint=data_fingerprint,
            tokenizer=tokenizer,
            model=model,
            trainer=Trainer(model, recipe.training, peak_learning_rate=recipe.peak_learning_rate()),
            stream=stream,
            state=LoopState(ProgressTracker()),
            metrics=MetricsLog(run.metrics),
            report=report,
            stop=stop,
            valid=read_split(run.data, "valid"),
            started=started,
        )
        session._resume()
        limit = recipe.training
        report(
            SessionOpened(
                parameters=sum(parameter.numel() for parameter in model.parameters()),
                updates_per_epoch=max(1, stream.batches_per_epoch // limit.accumulation),
                device=session.device.type,
                threads=torch.get_num_threads(),
                step=session.trainer.step,
                max_steps=limit.max_steps,
                max_seconds=None if limit.max_minutes is None else 60 * limit.max_minutes,
            )
        )
        return session

    @property
    def device(self) -> torch.device:
        """Where the model lies."""
        return next(self.model.parameters()).device

    def elapsed_seconds(self) -> float:
        """Seconds this training has taken, earlier sittings included."""
        return self.elapsed_before + time.monotonic() - self.started

    def train(self) -> TrainingEnded:
        """Train to the end of steps, time or patience, or until a signal; save, log and report on the way."""
        validation = Validation(self._validation_batches(), self._evaluate_timed)
        interval = _Interval()
        ended = TrainingEnded(self.trainer.step, StopReason.SIGNAL)
        for event in train_until(
            self.trainer,
            self.stream,
            self.state,
            config=self.recipe.training,
            validation=validation,
            is_out_of_time=self._is_out_of_time,
            is_asked_to_stop=lambda: self.stop.is_asked,
        ):
            match event:
                case StepReport():
                    interval.add(event)
                    if event.step % self.recipe.training.log_every == 0:
                        self._log(event, interval)
                        interval = _Interval()
                    self.report(event)
                case CheckpointDue():
                    self._save(event.step)
                case ValidationReport():
                    self._keep_validation(event)
                case TrainingEnded():
                    ended = event
            if not isinstance(event, StepReport):
                interval = _Interval()  # saving and validating are not training time
        return ended

    def evaluate(self, corpus: Corpus) -> tuple[list[str], float] | None:
        """Translate ``corpus`` by beam search; return the translations and the seconds, or None if asked to stop."""
        began = time.monotonic()
        translator = Translator(self.model, self.tokenizer, self.recipe.decoding)
        order = sorted(range(len(corpus)), key=lambda i: len(corpus.sources[i]))
        hypotheses = [""] * len(corpus)
        for first in range(0, len(order), _TRANSLATED_AT_ONCE):
            if self.stop.is_deferred and self.stop.is_asked:
                return None
            indices = order[first : first + _TRANSLATED_AT_ONCE]
            translations = translator.translate([corpus.sources[i] for i in indices])
            for i, translation in zip(indices, translations, strict=True):
                hypotheses[i] = translation.text
        return hypotheses, time.monotonic() - began

    def _evaluate_timed(self) -> ValidationScores | None:
        began = time.monotonic()
        translated = self.evaluate(self.valid)
        if translated is None:
            return None
        hypotheses, _ = translated
        references = [self.valid.targets]
        shown = self.state.validated_step or 0
        shown = (shown // self.recipe.training.validate_every) % len(self.valid)
        scores = ValidationScores(
            corpus_bleu(hypotheses, references).value,
            corpus_chrf(hypotheses, references).value,
            (self.valid.sources[shown], hypotheses[shown], self.valid.targets[shown]),
        )
        self.validation_seconds = time.monotonic() - began
        return scores

    def _is_out_of_time(self) -> bool:
        minutes = self.recipe.training.max_minutes
        if minutes is None:
            return False
        budget = 60 * minutes
        # What remains to be done: the last validation, that of the average, and the test set; unknown before the first.
        finish = 0.15 * budget if self.validation_seconds is None else 4 * self.validation_seconds + 5
        return self.elapsed_seconds() + min(finish, 0.5 * budget) >= budget

    def _validation_batches(self) -> list[Batch]:
        corpus = encode_corpus(self.valid, self.tokenizer)
        indices = token_batches(
            corpus.source.lengths, corpus.target.lengths, self.recipe.training.batch_tokens, seed=0, epoch=0
        )
        return [make_batch(corpus, batch) for batch in indices]

    def _log(self, step: StepReport, interval: _Interval) -> None:
        seconds = time.monotonic() - interval.began
        means = IntervalReport(
            step=step.step,
            loss=interval.loss / interval.target_tokens,
            target_tokens_per_second=interval.target_tokens / seconds,
            learning_rate=step.learning_rate,
            gradient_norm=step.gradient_norm,
            padding_share=1 - (interval.source_tokens + interval.target_tokens) / interval.positions,
            epoch=self.stream.epoch,
            elapsed_seconds=self.elapsed_seconds(),
        )
        self.metrics.write(kind="train", **asdict(means))
        self.report(means)

    def _keep_validation(self, event: ValidationReport) -> None:
        self.metrics.write(
            kind="valid",
            step=event.step,
            loss=event.loss,
            bleu=event.scores.bleu,
            chrf=event.scores.chrf,
            elapsed_seconds=self.elapsed_seconds(),
        )
        if event.is_best:
            save_checkpoint(self.run.best_checkpoint, self._checkpoint())
        self.report(event)

    def _checkpoint(self) -> Checkpoint:
        state = self.trainer.state_dict()
        random = devices.random_state(self.device)
        tensors = {f"moments.{name}": tensor.cpu() for name, tensor in state["moments"].items()}
        tensors |= {f"random.{kind}": tensor for kind, tensor in random.items()}
        return Checkpoint(
            weights=weights_of(self.model),
            tensors=tensors,
            state={
                "training": fingerprints.of_training(self.recipe, self.data_fingerprint),
                "tokenizer": self.tokenizer.fingerprint,
                "step": state["step"],
                "scaler": state["scaler"],
                "stream": self.stream.state_dict(),
                "tracker": self.state.tracker.to_json(),
                "validated_step": self.state.validated_step,
                "elapsed_seconds": self.elapsed_seconds(),
                "metrics_bytes": self.metrics.size(),
            },
        )

    def _save(self, step: int) -> None:
        save_checkpoint(self.run.checkpoint(step), self._checkpoint())
        keep = self.recipe.training.average_checkpoints
        with explain_os_errors(self.run.checkpoints):
            for folder in self.run.checkpoints_by_step()[:-keep]:
                shutil.rmtree(folder)

    def _resume(self) -> None:
        """Go on from the newest whole checkpoint of this very training; remove those of any other."""
        for folder in reversed(self.run.checkpoints_by_step()):
            try:
                checkpoint = load_checkpoint(folder)
            except DamagedFileError as error:
                self.report(f"warning: {error}; going back to the checkpoint before")
                continue
            if self._is_of_this_training(checkpoint):
                self._restore(checkpoint)
                self.report(f"resuming from step {self.trainer.step}")
                return
            break
        if self.run.checkpoints.exists():
            self.report("recipe or data have changed: training starts anew")
            with explain_os_errors(self.run.checkpoints):
                shutil.rmtree(self.run.checkpoints)

    def _is_of_this_training(self, checkpoint: Checkpoint) -> bool:
        state = checkpoint.state
        own = fingerprints.of_training(self.recipe, self.data_fingerprint), self.tokenizer.fingerprint
        return (state["training"], state["tokenizer"]) == own

    def _restore(self, checkpoint: Checkpoint) -> None:
        state, tensors = checkpoint.state, checkpoint.tensors
        load_weights(self.model, checkpoint.weights, where=self.run.checkpoints)
        moments = {n.removeprefix("moments."): t for n, t in tensors.items() if n.startswith("moments.")}
        self.trainer.load_state_dict({"step": state["step"], "scaler": state["scaler"], "moments": moments})
        random = {n.removeprefix("random."): t for n, t in tensors.items() if n.startswith("random.")}
        devices.set_random_state(random, self.device)
        self.stream.load_state_dict(state["stream"])
        self.state.tracker = ProgressTracker(**state["tracker"])
        self.state.validated_step = state["validated_step"]
        self.elapsed_before = state["elapsed_seconds"]
        self.metrics.rewind(state["metrics_bytes"])
