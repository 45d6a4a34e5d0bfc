"""All that a search knows of a model."""

from __future__ import annotations

from typing import Protocol

from torch import Tensor

from transformer_cli.errors import TfmError


class StepDecoder(Protocol):
    """N partial target sentences, each extended by one token a step.

    It keeps what it needs of the sources and of the tokens seen so far. A beam search of width W
    over B sentences starts with N = B * W rows, the W rows of each sentence next to each other.
    """

    def step(self, tokens: Tensor) -> Tensor:
        """Append one token to each row and tell how probable each next one is.

        Args:
            tokens: (N,) int64, the last token of each row; bos in the first call.

        Returns:
            (N, V) float32, natural logarithms of probabilities, so none is above 0. A V of a multiple of 16,
            padded with -inf, is searched faster. The search writes into this tensor.
        """
        ...

    def select(self, rows: Tensor) -> None:
        """Let the state become ``state[rows]``.

        Args:
            rows: (M,) int64, indices into the present N rows, W for each sentence that goes on, next to
                each other. A row may be named several times or not at all; M is not above N. Sentences
                change places only when some of them leave.
        """
        ...


def not_a_number_error(step: int) -> TfmError:
    """Build the error for a decoder that returned a NaN at a step, counted from 1."""
    return TfmError(
        f"the model gave a value that is not a number at step {step} of the search; "
        "its weights are damaged or its training diverged: use an earlier model, or train again"
    )
