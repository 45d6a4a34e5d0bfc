"""What a search returns."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """One complete target sentence that a search found.

    The score is ``log_prob / length ** length_penalty``, where length counts the generated tokens
    with eos. A penalty of 0 ranks by probability alone, 1 by the mean log-probability of a token;
    above 1 favours long sentences.
    """

    tokens: tuple[int, ...]
    """The token ids, without the bos before and the eos after them."""

    score: float
    """What the search ranks by; higher is better."""

    log_prob: float
    """Natural logarithm of the probability of the tokens and their eos, given the source."""

    attention: tuple[tuple[float, ...], ...] | None = None
    """For each of the tokens, how much it attends to each token of the source, eos included, where it is predicted: the
    mean over the layers and heads. None: not asked."""
