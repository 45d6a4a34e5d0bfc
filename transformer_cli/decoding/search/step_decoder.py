"""The interface between a search and a model."""

from __future__ import annotations

from typing import Protocol

from torch import Tensor

from transformer_cli.errors import TfmError


class StepDecoder(Protocol):
    """Decoder of N partial target sentences, each extended by one token per step.

    It keeps its own state of the sources and of the tokens so far. A beam search of width W
    over B sentences starts with N = B * W rows, the W rows of each sentence next to each other.
    """

    def step(self, tokens: Tensor) -> Tensor:
        """Append one token to each row and return the log-probabilities of the next token.

        Args:
            tokens: (N,) int64, the last token of each row; bos in the first call.

        Returns:
            (N, V) float32, natural logarithms of probabilities, so none is above 0. The search is faster if
            V is padded with -inf to a multiple of 16. The search writes into this tensor.
        """
        ...

    def select(self, rows: Tensor) -> None:
        """Replace the state by ``state[rows]``.

        Args:
            rows: (M,) int64, indices into the current N rows: W adjacent rows for each remaining sentence. A
                row may occur several times or not at all; M is at most N. Sentences change places only
                when some of them leave.
        """
        ...


def not_a_number_error(step: int) -> TfmError:
    """Build the error for a decoder that returned a NaN at a step, counted from 1."""
    return TfmError(
        f"the model gave a value that is not a number at step {step} of the search; "
        "its weights are damaged or its training diverged: use an earlier model, or train again"
    )
