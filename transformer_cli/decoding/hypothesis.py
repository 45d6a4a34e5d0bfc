"""The result of a search."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """One complete target sentence that a search found.

    The score is ``log_prob / length ** length_penalty``, where length is the number of generated tokens, eos included
    if there is one: a beam that narrows ends without it at the maximum length. A penalty of 0 ranks by probability
    alone, 1 by the mean log-probability of a token; a penalty above 1 favours long sentences.
    """

    tokens: tuple[int, ...]
    """Token ids, without bos and eos."""

    score: float
    """Value that the search ranks by; higher is better."""

    log_prob: float
    """Natural logarithm of the probability of the tokens and their eos, if there is one, given the source."""

    attention: tuple[tuple[float, ...], ...] | None = None
    """Attention of each token, at the step that predicts it, to each token of the source, eos included; None if not
    requested. The weights are the mean over the layers and heads."""

    def without_beginning(self, count: int) -> Hypothesis:
        """Return the hypothesis with its attention to all but the first ``count`` tokens of the source."""
        if not count or self.attention is None:
            return self
        return replace(self, attention=tuple(row[count:] for row in self.attention))


def different_texts(
    hypotheses: Sequence[Hypothesis], text_of: Callable[[Hypothesis], str], *, at_most: int
) -> list[Hypothesis]:
    """Return the best hypothesis of each text; a text can be split into tokens in several ways.

    Args:
        hypotheses: Hypotheses of one source, best first.
        text_of: Returns the text of a hypothesis.
        at_most: Number of hypotheses to return.
    """
    texts: dict[str, Hypothesis] = {}
    for hypothesis in hypotheses:
        texts.setdefault(text_of(hypothesis), hypothesis)
        if len(texts) == at_most:
            break
    return list(texts.values())
