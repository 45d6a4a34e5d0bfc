"""One update: some batches forward and backward, the gradients clipped, Adam's step."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

from transformer_cli.config import TrainingConfig
from transformer_cli.data.tokens.batching import Batch
from transformer_cli.device import autocast, choose_precision, return_freed_memory, seed_from
from transformer_cli.errors import DivergedError, is_out_of_memory
from transformer_cli.model.transformer import Transformer
from transformer_cli.special_tokens import PAD_ID
from transformer_cli.training.chunked_loss import chunked_cross_entropy
from transformer_cli.training.compilation import compile_failure
from transformer_cli.training.distributed import in_parallel
from transformer_cli.training.events import StepReport
from transformer_cli.training.loss import TokenLoss, label_smoothed_cross_entropy
from transformer_cli.training.moving_average import MovingAverage
from transformer_cli.training.r_drop import r_drop_loss
from transformer_cli.training.ranks import Ranks
from transformer_cli.training.row_shards import RowShards
from transformer_cli.training.schedule import learning_rate

_PRECISIONS = (torch.float32, torch.bfloat16, torch.float16)


class Trainer:
    """The model, its optimiser and the number of updates done.

    Args:
        model: Trained in place; on the device where it lies.
        config: ``[training]``.
        peak_learning_rate: The rate at the end of the warm-up.
        earlier_steps: Updates that the model has had before, in another training.
        rewarmup_steps: Updates until the rate is where the schedule goes on after those.
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
        self.ranks = ranks or Ranks()
        self.pieces = 1
        """Into how many each batch is cut, so that memory suffices."""
        self._config = config
        self._learning_rate = partial(
            learning_rate,
            peak=peak_learning_rate,
            warmup_steps=config.warmup_steps,
            earlier_steps=earlier_steps,
            rewarmup_steps=rewarmup_steps,
        )
        self._device = next(model.parameters()).device
        # A measurement may differ from process to process; the first one's counts.
        [first] = self.ranks.from_first(_PRECISIONS.index(choose_precision(config.precision, self._device)))
        self.precision = _PRECISIONS[int(first)]
        self._optimizer = torch.optim.Adam(
            model.parameters(),
            betas=(config.adam_beta1, config.adam_beta2),
            eps=config.adam_epsilon,
            fused=True,
        )
        # Only float16 has so small a range that gradients must be scaled into it.
        self._scaler = torch.amp.GradScaler(self._device.type, enabled=self.precision == torch.float16)
        self._parameters = list(model.parameters())
        self._hidden = self._plain_hidden
        self.compile_failure = compile_failure(self._device) if config.compile else None
        """Why nothing is compiled although the settings ask for it."""
        is_compiled = config.compile and self.compile_failure is None
        if is_compiled:
            self._hidden = torch.compile(self._plain_hidden, dynamic=True)
        # Compiled code uses all threads by itself; a gradient scaler and a group of processes want to see the one
        # gradient themselves.
        is_whole = is_compiled or self.precision == torch.float16 or self.ranks.world_size > 1
        in_threads = self._device.type == "cpu" and not is_whole
        self._shards = RowShards(torch.get_num_threads() if in_threads else 1)
        self._parallel: DistributedDataParallel | None = None
        self.average = None if config.ema_decay is None else MovingAverage(model, decay=config.ema_decay)

    def train_step(self, batches: Sequence[Batch]) -> StepReport:
        """Do one update with all ``batches`` together; their division into batches does not change it.

        Raises:
            DivergedError: Loss or gradient is not finite; nothing was updated.
        """
        self.model.train()
        step = self.step + 1
        rate = self._learning_rate(step)
        target_tokens, source_tokens, positions = self._sizes(batches)
        [loss] = self.ranks.sum(self._compute_gradients(batches, target_tokens))
        gradient_norm = self._clip_gradients()
        self._check_finite(step, loss, gradient_norm, rate)
        for group in self._optimizer.param_groups:
            group["lr"] = rate
        self._scaler.step(self._optimizer)
        self._scaler.update()
        self.step = step
        if self.average is not None:
            self.average.update(step)
        return StepReport(step, loss, rate, gradient_norm, target_tokens, source_tokens, positions, self.pieces)

    @property
    def is_on_gpu(self) -> bool:
        """Whether the model lies on a GPU, whose memory cannot be had on credit."""
        return self._device.type == "cuda"

    def try_out(self, batches: Sequence[Batch]) -> None:
        """Compute with each batch in turn and learn nothing from it: what does not fit into memory shows now."""
        self.model.train()
        for batch in batches:
            self._compute_gradients([batch], batch.target_tokens)
        self._optimizer.zero_grad()

    def _compute_gradients(self, batches: Sequence[Batch], target_tokens: int) -> float:
        """Give the weights the gradients of this process's part of the mean loss, and return that part.

        Where memory does not suffice each batch is cut into twice as many pieces, from now on; but not where several
        processes train, for the others wait.
        """
        while True:
            # So seeded, an update draws the same dropout whatever came before it, in this process or an earlier one.
            seed_from(self._config.seed, self.step + 1, self.ranks.rank)
            self._optimizer.zero_grad()
            pieces = [piece for batch in batches for piece in batch.in_pieces(self.pieces)]
            try:
                return sum(
                    self._backward(piece, target_tokens, number=number, is_last=number == len(pieces))
                    for number, piece in enumerate(pieces, start=1)
                )
            except (MemoryError, RuntimeError) as error:
                can_divide = self.ranks.world_size == 1 and any(len(piece.source) > 1 for piece in pieces)
                if not can_divide or not is_out_of_memory(error):
                    raise
            # Only here, where the error does not hold on to what was computed any more, is there memory to give back.
            self.pieces *= 2
            self._optimizer.zero_grad()
            return_freed_memory(self._device)

    def _sizes(self, batches: Sequence[Batch]) -> list[int]:
        """Return target tokens, source tokens and positions of ``batches`` in all processes."""
        sizes = [(batch.target_tokens, batch.source_tokens, batch.positions) for batch in batches]
        return [int(size) for size in self.ranks.sum(*(sum(size) for size in zip(*sizes, strict=True)))]

    def _backward(self, batch: Batch, target_tokens: int, *, number: int, is_last: bool) -> float:
        """Add the gradient of this batch's part of the mean loss, and return that part."""
        if self._shards.count > 1:
            seed = (self._config.seed, self.step + 1, number)
            return self._shards.backward(
                batch, lambda rows: self.loss(rows).total / target_tokens, self._parameters, seed=seed
            )
        if self.ranks.world_size == 1:
            alone = self.loss(batch).total / target_tokens
            self._scaler.scale(alone).backward()
            return alone.item()
        if self._parallel is None:  # made here, where the weights are those of the checkpoint
            self._parallel = in_parallel(_TotalLoss(self.model, self.loss))
        with nullcontext() if is_last else self._parallel.no_sync():
            part: Tensor = self._parallel(batch) / target_tokens
            # `DistributedDataParallel` takes the mean of the gradients over the processes; wanted is their sum.
            self._scaler.scale(part * self.ranks.world_size).backward()
        return part.item()

    def loss(self, batch: Batch) -> TokenLoss:
        """Return the smoothed loss of one batch in the model's present mode."""
        if self.model.training and self._config.r_drop is not None:
            return self._r_drop_loss(batch.to(self._device), self._config.r_drop)
        batch = batch.to(self._device)
        smoothing = self._config.label_smoothing
        with autocast(self._device, self.precision):
            hidden_states = self._hidden if self.model.training else self._plain_hidden
            hidden = hidden_states(batch.source, batch.source_mask, batch.decoder_input)
            # Padding is left out before the output layer, where most of a small model's arithmetic is.
            is_token = batch.labels != PAD_ID
            hidden, labels = hidden[is_token], batch.labels[is_token]  # (B, T, D) -> (n, D)
            if self.precision == torch.float16:
                # Gradients of so small a range must be scaled from their very beginning.
                return label_smoothed_cross_entropy(self.model.logits(hidden), labels, smoothing=smoothing)
        return chunked_cross_entropy(self._cast(hidden), self.model.output.weight, labels, smoothing=smoothing)

    def _plain_hidden(self, source: Tensor, source_mask: Tensor, decoder_input: Tensor) -> Tensor:
        return self.model.decode(decoder_input, self.model.encode(source, source_mask), source_mask)

    def _cast(self, x: Tensor) -> Tensor:
        return x if self.precision == torch.float32 else x.to(self.precision)

    def _r_drop_loss(self, batch: Batch, weight: float) -> TokenLoss:
        twice = batch.repeated(2)
        with autocast(self._device, self.precision):
            hidden = self._hidden(twice.source, twice.source_mask, twice.decoder_input)
            logits = self.model.logits(hidden[twice.labels != PAD_ID])  # (2B, T, D) -> (2n, V)
        labels = batch.labels[batch.labels != PAD_ID]
        first, second = logits.chunk(2)
        return r_drop_loss(first, second, labels, smoothing=self._config.label_smoothing, weight=weight)

    @contextmanager
    def evaluated_weights(self) -> Iterator[None]:
        """Inside the block the model has the weights that are to be judged: the moving average where one is kept."""
        if self.average is None:
            yield
        else:
            with self.average.in_place():
                yield

    @torch.no_grad()
    def validation_loss(self, batches: Sequence[Batch]) -> float:
        """Return the smoothed cross-entropy a target token over ``batches``, in nats, without dropout."""
        self.model.eval()
        losses = [self.loss(batch) for batch in batches[self.ranks.rank :: self.ranks.world_size]]
        total, tokens = self.ranks.sum(sum(loss.total.item() for loss in losses), sum(loss.tokens for loss in losses))
        return total / tokens

    def _clip_gradients(self) -> float:
        self._scaler.unscale_(self._optimizer)
        limit = self._config.clip_norm
        norm = nn.utils.clip_grad_norm_(self.model.parameters(), math.inf if limit is None else limit)
        return norm.item()

    def _check_finite(self, step: int, loss: float, gradient_norm: float, rate: float) -> None:
        # With float16 an overflow of the gradients is ordinary: the scaler skips the update and lowers its scale.
        is_finite = math.isfinite(loss) and (math.isfinite(gradient_norm) or self._scaler.is_enabled())
        if not is_finite:
            raise DivergedError(
                f"training diverged at step {step}: loss {loss:.4g}, gradient norm {gradient_norm:.4g}; lower "
                f"training.learning_rate (now {rate:.2g}), raise training.warmup_steps, or lower training.clip_norm"
            )

    def state_dict(self) -> dict[str, Any]:
        """Return step, optimiser and scaler state; the model's weights are not part of it."""
        names = [name for name, _ in self.model.named_parameters()]
        moments: dict[str, Tensor] = {}
        for index, state in self._optimizer.state_dict()["state"].items():
            for key, value in state.items():
                moments[f"{names[index]}.{key}"] = value
        precision = str(self.precision).removeprefix("torch.")
        scaler = self._scaler.state_dict()
        return {"step": self.step, "precision": precision, "scaler": scaler, "pieces": self.pieces, "moments": moments}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take up where the trainer stood that `state_dict` came from; the model's weights are loaded apart."""
        self.step = state["step"]
        self.pieces = state.get("pieces", 1)
        # Where the recipe leaves it to a measurement, a training goes on in the precision in which it began.
        self.precision = choose_precision(state["precision"], self._device)
        self._scaler.load_state_dict(state["scaler"])
        own = self._optimizer.state_dict()
        own["state"] = {
            index: {key: state["moments"][f"{name}.{key}"] for key in ("step", "exp_avg", "exp_avg_sq")}
            for index, (name, _) in enumerate(self.model.named_parameters())
            if f"{name}.step" in state["moments"]
        }
        self._optimizer.load_state_dict(own)


class _TotalLoss(nn.Module):
    """The model and its loss as one module with one forward pass, as `DistributedDataParallel` wants it."""

    def __init__(self, model: Transformer, loss: Callable[[Batch], TokenLoss]) -> None:
        super().__init__()
        self.model = model
        self._loss = loss

    def forward(self, batch: Batch) -> Tensor:
        return self._loss(batch).total
