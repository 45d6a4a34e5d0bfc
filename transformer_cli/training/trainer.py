"""One update: the learning rate, the gradients, their norm clipped and checked, Adam's step."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any, cast

import torch
from torch import nn

from transformer_cli.config import TrainingConfig
from transformer_cli.data.tokens.batching import Batch
from transformer_cli.device import choose_precision, has_fast_bfloat16
from transformer_cli.errors import DivergedError
from transformer_cli.model.transformer import Transformer
from transformer_cli.training.adam import Adam
from transformer_cli.training.events import StepReport
from transformer_cli.training.gradients.alone import Alone
from transformer_cli.training.gradients.method import GradientMethod
from transformer_cli.training.gradients.out_of_memory import InPieces
from transformer_cli.training.gradients.processes import InProcesses
from transformer_cli.training.gradients.threads import InThreads
from transformer_cli.training.moving_average import MovingAverage
from transformer_cli.training.objective import Objective
from transformer_cli.training.processes.ranks import Ranks
from transformer_cli.training.schedule import Ending, learning_rate


class ValidationInterruptedError(Exception):
    """A validation was interrupted because the training was asked to stop."""


class Trainer:
    """The model, its optimiser and the number of updates done.

    Args:
        model: Trained in place, on its own device.
        config: ``[training]``.
        peak_learning_rate: The rate at the end of the warm-up.
        earlier_steps: Number of updates of the model in earlier trainings.
        rewarmup_steps: Number of updates in which the rate rises from 0 to its value after ``earlier_steps``.
        ranks: The processes that train together; each calls the same methods, with its own share of each batch.
    """

    def __init__(
        self,
        model: Transformer,
        config: TrainingConfig,
        *,
        peak_learning_rate: float,
        earlier_steps: int = 0,
        rewarmup_steps: int = 1,
        ranks: Ranks | None = None,
    ) -> None:
        self.model = model
        self.step = 0
        self.ending: Ending | None = None
        """The updates over which the learning rate falls to zero, or None while they are not known."""
        self.ranks = ranks or Ranks()
        self._config = config
        self._learning_rate = partial(
            learning_rate,
            peak=peak_learning_rate,
            warmup_steps=config.warmup_steps,
            earlier_steps=earlier_steps,
            rewarmup_steps=rewarmup_steps,
            decay=config.decay,
        )
        self._device = next(model.parameters()).device
        can_be_bfloat16 = config.precision in ("auto", "bfloat16")
        self.is_slow_in_bfloat16 = can_be_bfloat16 and self.ranks.any(not has_fast_bfloat16(self._device))
        """Whether bfloat16 is slow in any of the processes, as one slow process holds up the others."""
        self.given_up_precision: str | None = None
        """The earlier precision of a resumed training, or None if the precision has not changed."""
        precision = self._choose_precision("bfloat16" if config.precision == "auto" else config.precision)
        self.loss = Objective(model, config, precision)
        self._optimizer = Adam(
            model.named_parameters(), beta1=config.adam_beta1, beta2=config.adam_beta2, epsilon=config.adam_epsilon
        )
        # The scaler needs no more of an optimiser than `param_groups` and `step`.
        self._scaled_optimizer = cast(torch.optim.Optimizer, self._optimizer)
        # Only the range of float16 is so small that gradients must be scaled into it.
        self._scaler = torch.amp.GradScaler(self._device.type, enabled=self.precision == torch.float16)
        self._gradients = InPieces(
            self._gradient_method(),
            list(model.parameters()),
            self._device,
            may_retry=self.ranks.world_size == 1,
        )
        self.average = None if config.ema_decay is None else MovingAverage(model, decay=config.ema_decay)

    def _gradient_method(self) -> GradientMethod:
        if self.ranks.world_size > 1:
            return InProcesses(self.model, self.loss, self._scaler, self.ranks)
        threads = torch.get_num_threads()
        # Compiled code uses all threads by itself, and a gradient scaler needs the one undivided gradient.
        is_whole = self._device.type != "cpu" or self.loss.is_compiled or self.precision == torch.float16
        if threads == 1 or is_whole:
            return Alone(self.loss, self._scaler)
        return InThreads(self.loss, list(self.model.parameters()), threads=threads)

    def train_step(self, batches: Sequence[Batch]) -> StepReport:
        """Do one update with all ``batches`` together; the result does not depend on the division into batches.

        Raises:
            DivergedError: The loss or the gradient is not finite; nothing was updated.
        """
        self.model.train()
        step = self.step + 1
        rate = self._learning_rate(step, ending=self.ending)
        target_tokens, source_tokens, positions = self._sizes(batches)
        [loss] = self.ranks.sum(self._backward(batches, target_tokens))
        gradient_norm = self._clip_gradients()
        self._check_finite(step, loss, gradient_norm, rate)
        self._optimizer.learning_rate = rate
        self._scaler.step(self._scaled_optimizer)
        self._scaler.update()
        self.step = step
        if self.average is not None:
            self.average.update(step)
        return StepReport(step, loss, rate, gradient_norm, target_tokens, source_tokens, positions, self.pieces)

    def _backward(self, batches: Sequence[Batch], target_tokens: int) -> float:
        """Compute the gradients of the next update; return this process's part of the mean loss."""
        if self._config.r_drop is not None:  # two passes of half the rows need no more memory than one of all
            batches = [half for batch in batches for half in batch.in_pieces(2)]
        return self._gradients.backward(batches, target_tokens, seed=(self._config.seed, self.step + 1))

    @property
    def precision(self) -> torch.dtype:
        """The number type of the matrix products."""
        return self.loss.precision

    @property
    def compile_failure(self) -> str | None:
        """The reason why nothing is compiled although the settings ask for it, or None."""
        return self.loss.compile_failure

    @property
    def pieces(self) -> int:
        """The number of micro-batches each batch is split into so that it fits into memory (1 = not split)."""
        return self._gradients.pieces

    @property
    def is_on_gpu(self) -> bool:
        """Whether the model is on a GPU, whose memory cannot be overcommitted."""
        return self._device.type == "cuda"

    def _choose_precision(self, name: str) -> torch.dtype:
        """Return the type called ``name``, or float32 if that type is slow here and the settings leave the choice."""
        is_slow = name == "bfloat16" and self.is_slow_in_bfloat16
        return choose_precision("float32" if is_slow and self._config.precision == "auto" else name, self._device)

    @property
    def precision_name(self) -> str:
        """The number type of the matrix products, by its name in the settings."""
        return str(self.precision).removeprefix("torch.")

    def try_out(self, batches: Sequence[Batch]) -> None:
        """Compute with each batch but update nothing, so that a lack of memory shows early."""
        self.model.train()
        for batch in batches:
            self._backward([batch], batch.target_tokens)
        self._gradients.forget()

    def _sizes(self, batches: Sequence[Batch]) -> list[int]:
        """Return the numbers of target tokens, source tokens and positions of ``batches`` in all processes."""
        sizes = [(batch.target_tokens, batch.source_tokens, batch.positions) for batch in batches]
        return [int(size) for size in self.ranks.sum(*(sum(size) for size in zip(*sizes, strict=True)))]

    @contextmanager
    def evaluated_weights(self) -> Iterator[None]:
        """Give the model the weights to evaluate inside the block: the moving average if one is kept."""
        if self.average is None:
            yield
        else:
            with self.average.in_place():
                yield

    @torch.no_grad()
    def validation_loss(self, batches: Sequence[Batch], is_asked_to_stop: Callable[[], bool] = lambda: False) -> float:
        """Return the smoothed cross-entropy per target token over ``batches``, in nats, without dropout.

        Raises:
            ValidationInterruptedError: ``is_asked_to_stop``, polled before each batch, returned True in any process.
        """
        self.model.eval()
        total, tokens, is_interrupted = 0.0, 0, False
        for batch in batches[self.ranks.rank :: self.ranks.world_size]:
            if is_interrupted := is_asked_to_stop():
                break
            loss = self.loss(batch)
            total, tokens = total + loss.total.item(), tokens + loss.tokens
        total, all_tokens, interrupted = self.ranks.sum(total, tokens, is_interrupted)
        if interrupted:
            raise ValidationInterruptedError
        return total / all_tokens

    def _clip_gradients(self) -> float:
        self._scaler.unscale_(self._scaled_optimizer)
        limit = self._config.clip_norm
        norm = nn.utils.clip_grad_norm_(self.model.parameters(), math.inf if limit is None else limit)
        return norm.item()

    def _check_finite(self, step: int, loss: float, gradient_norm: float, rate: float) -> None:
        # With float16 the gradients often overflow: the scaler then skips the update and lowers its scale.
        is_finite = math.isfinite(loss) and (math.isfinite(gradient_norm) or self._scaler.is_enabled())
        if not is_finite:
            raise DivergedError(
                f"training diverged at step {step}: loss {loss:.4g}, gradient norm {gradient_norm:.4g}; lower "
                f"training.learning_rate (now {rate:.2g}), raise training.warmup_steps, or lower training.clip_norm"
            )

    def state_dict(self) -> dict[str, Any]:
        """Return the step and the states of optimiser and scaler, without the model's weights."""
        return {
            "step": self.step,
            "precision": self.precision_name,
            "scaler": self._scaler.state_dict(),
            "pieces": self.pieces,
            "moments": self._optimizer.state_dict(),
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Restore a state from `state_dict`; the model's weights are loaded separately."""
        self.step = state["step"]
        self._gradients.pieces = state.get("pieces", 1)
        # The training keeps its first precision so that results stay the same to the bit, unless that is slow here.
        self.loss.precision = self._choose_precision(state["precision"])
        self.given_up_precision = None if state["precision"] == self.precision_name else state["precision"]
        self._scaler.load_state_dict(state["scaler"])
        self._optimizer.load_state_dict(state["moments"])
