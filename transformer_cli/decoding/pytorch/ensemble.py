"""Ensemble of several models, which averages their probabilities."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from transformer_cli.decoding.search.step_decoder import StepDecoder


class EnsembleStepDecoder:
    """Runs several decoders on the same rows and the same vocabulary; see `StepDecoder`."""

    def __init__(self, decoders: Sequence[StepDecoder]) -> None:
        self._decoders = decoders

    def step(self, tokens: Tensor) -> Tensor:
        """Return the logarithm of the mean of the decoders' probabilities, (N, V)."""
        log_probs = torch.stack([decoder.step(tokens) for decoder in self._decoders])
        return log_probs.logsumexp(dim=0) - math.log(len(self._decoders))

    def select(self, rows: Tensor) -> None:
        """See `StepDecoder.select`."""
        for decoder in self._decoders:
            decoder.select(rows)
