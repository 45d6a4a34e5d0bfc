"""``[decoding]``: the search."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from transformer_cli.config.section import Positive, Section


class DecodingConfig(Section):
    """``[decoding]``: the search for the best translation."""

    beam_size: Positive = 5
    length_penalty: float = 1.0
    """Hypotheses are compared by ``log_prob / length ** length_penalty``, end of sentence counted."""

    max_length_ratio: Annotated[float, Field(gt=0)] = 2.0
    """A translation has at most this many tokens for each token of the source, and ``max_length_extra`` more."""

    max_length_extra: Positive = 10
    batch_tokens: Annotated[int, Field(ge=16)] = 2000
    """Source tokens, padding included, that are searched at once; each counts ``beam_size`` times in memory."""
