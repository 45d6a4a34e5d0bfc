"""The training objective: computes the loss of a batch."""

from __future__ import annotations

import torch
from torch import Tensor

from transformer_cli.config import TrainingConfig
from transformer_cli.data.tokens.batching import Batch
from transformer_cli.device import autocast
from transformer_cli.kernels.linear_cross_entropy import linear_cross_entropy
from transformer_cli.kernels.linear_r_drop import linear_r_drop
from transformer_cli.model.transformer import Transformer
from transformer_cli.special_tokens import PAD_ID
from transformer_cli.training.loss import TokenLoss, label_smoothed_cross_entropy
from transformer_cli.training.r_drop import r_drop_loss


class Objective:
    """The smoothed cross-entropy of a batch, plus the R-Drop loss in training mode.

    Args:
        model: The model; its mode, training or evaluation, decides whether dropout and R-Drop apply.
        config: ``[training]``.
        precision: Number type of the matrix products; may be changed later.
    """

    def __init__(self, model: Transformer, config: TrainingConfig, precision: torch.dtype) -> None:
        self.precision = precision
        self._model = model
        self._config = config
        self._device = next(model.parameters()).device
        self.compile_failure = _compile_failure(self._device) if config.compile else None
        """The reason why nothing is compiled although the settings ask for it, or None."""
        self.is_compiled = config.compile and self.compile_failure is None
        self._trained_hidden = torch.compile(self._hidden, dynamic=True) if self.is_compiled else self._hidden

    def __call__(self, batch: Batch) -> TokenLoss:
        """Return the loss of one batch in the model's present mode."""
        batch = batch.to(self._device)
        smoothing, weight = self._config.label_smoothing, self._config.r_drop if self._model.training else None
        labels = batch.labels[batch.labels != PAD_ID]
        read = batch if weight is None else batch.repeated(2)
        with autocast(self._device, self.precision):
            hidden_states = self._trained_hidden if self._model.training else self._hidden
            # Padding is removed before the output layer, which does most of a small model's arithmetic.
            hidden = hidden_states(read.source, read.source_mask, read.decoder_input)[
                read.labels != PAD_ID
            ]  # (B, T, D) -> (n, D), or (2B, T, D) -> (2n, D)
            if self.precision == torch.float16:
                # Gradients with so small a range must be scaled from the first operation on.
                logits = self._model.logits(hidden)
                if weight is None:
                    return label_smoothed_cross_entropy(logits, labels, smoothing=smoothing)
                first, second = logits.chunk(2)
                return r_drop_loss(first, second, labels, smoothing=smoothing, weight=weight)
        hidden = hidden if self.precision == torch.float32 else hidden.to(self.precision)
        output = self._model.output
        bias = output.bias if self._model.config.output_bias else None
        if weight is None:
            total = linear_cross_entropy(hidden, output.weight, labels, smoothing=smoothing, bias=bias)
        else:
            first, second = hidden.chunk(2)
            total = linear_r_drop(
                first, second, output.weight, labels, smoothing=smoothing, divergence=weight, bias=bias
            )
        return TokenLoss(total, labels.numel())

    def _hidden(self, source: Tensor, source_mask: Tensor, decoder_input: Tensor) -> Tensor:
        return self._model.decode(decoder_input, self._model.encode(source, source_mask), source_mask)


def _compile_failure(device: torch.device) -> str | None:
    """Try to compile a small function for ``device``; return the error in one line, or None if it works.

    `torch.compile` needs a compiler, which not every machine has.
    """

    def small(x: Tensor) -> Tensor:
        return (x + 1.0).relu()

    try:
        torch.compile(small, dynamic=True)(torch.ones(2, device=device))
    except (RuntimeError, OSError) as error:
        lines = [line.strip() for line in str(error).splitlines() if line.strip()]
        return lines[0] if lines else type(error).__name__
    return None
