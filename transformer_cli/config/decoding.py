"""``[decoding]``: the search."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Annotated

from pydantic import Field, ValidationError

from transformer_cli.config.section import Positive, Section
from transformer_cli.errors import UsageError

WIDEST_BEAM = 1000
"""Largest beam size; a wider beam finds nothing better long before, and this one still fits into memory."""

STEEPEST_PENALTY = 10
"""Largest length penalty, with either sign; float32 holds n ** 10 for every length n."""

_RATIO_UNKNOWN = 2.0
"""Ratio for a model that stores none."""


BeamSize = Annotated[int, Field(ge=1, le=WIDEST_BEAM)]


class DecodingConfig(Section):
    """``[decoding]``: the search for the best translation."""

    beam_size: BeamSize = 5
    """Number of hypotheses that the search keeps alive; 1 is greedy search."""

    beam_narrows: bool = False
    """Whether a hypothesis that ends takes its place in the beam with it, as in Marian. Models imported
    from Marian's own files have it. CTranslate2 fills the place."""

    length_penalty: Annotated[float, Field(ge=-STEEPEST_PENALTY, le=STEEPEST_PENALTY)] = 1.0
    """Hypotheses are ranked by ``log_prob / length ** length_penalty``; length counts the end of sentence."""

    max_length_ratio: Annotated[float, Field(gt=0)] | None = None
    """A translation has at most this number of tokens for each source token, plus ``max_length_extra``. Left out: the
    ratio that covers 99.9 % of the training pairs, which is stored in the model."""

    max_length_extra: Positive = 10
    """See ``max_length_ratio``."""

    batch_tokens: Annotated[int, Field(ge=16)] = 2000
    """Number of source tokens, padding included, that are searched at once. Memory grows with it times
    ``beam_size``."""

    def longest_translation(self, source_tokens: int) -> int:
        """Return the length limit of a translation in tokens, eos included on both sides."""
        return round((self.max_length_ratio or _RATIO_UNKNOWN) * source_tokens) + self.max_length_extra


@dataclass(frozen=True, slots=True)
class SearchOverrides:
    """Search settings that replace a model's own; None keeps the model's."""

    beam_size: int | None = None
    length_penalty: float | None = None
    batch_tokens: int | None = None


def with_search(own: DecodingConfig, overrides: SearchOverrides | None) -> DecodingConfig:
    """Return the model's search settings with others in their place.

    Raises:
        UsageError: An override is out of its range.
    """
    if overrides is None:
        return own
    changes = {key: value for key, value in asdict(overrides).items() if value is not None}
    try:
        return DecodingConfig(**{**own.model_dump(), **changes})
    except ValidationError as error:
        finding = error.errors(include_url=False)[0]
        raise UsageError(f"{finding['loc'][0]} is {finding['input']}: {finding['msg'].lower()}") from None
